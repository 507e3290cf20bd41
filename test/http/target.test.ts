import { describe, expect, it } from 'vitest'
import { isPlainMethod, isPlainTarget } from '../../src/http/target.js'

describe('isPlainTarget', () => {
  it.each([
    '/',
    '/v1/orders',
    '/v1/orders/',
    '/v1/orders?x=1&y=%2F..',
    '/a.b/c..d/...',
    '/v1/a%20b',
    '/x?//../%2e',
    '/;p=1',
    '/?',
  ])('accepts %s', target => expect(isPlainTarget(target)).toBe(true))

  it.each([
    ['an empty target', ''],
    ['a relative one', 'v1/orders'],
    ['absolute form', 'http://evil/x'],
    ['asterisk form', '*'],
    ['authority in the path', '//evil/x'],
    ['an empty segment', '/a//b'],
    ['a dot segment', '/a/./b'],
    ['a dot segment at the end', '/a/.'],
    ['two dots', '/a/../b'],
    ['two dots at the end', '/a/..'],
    ['two dots before the query', '/a/..?x'],
    ['encoded dots', '/a/%2e%2e/b'],
    ['encoded dots in upper case', '/a/%2E/b'],
    ['an encoded slash', '/a%2fb'],
    ['an encoded backslash', '/a%5Cb'],
    ['a backslash', '/a\\b'],
    ['a fragment', '/a#b'],
    ['a fragment in the query', '/a?b#c'],
    ['a blank', '/a b'],
    ['a line feed', '/a\n'],
    ['a carriage return in the query', '/a?b\r'],
    ['NUL', '/a\0'],
    ['DEL', '/a\x7f'],
    ['a byte above ASCII', '/caf\u00e9'],
    ['a letter above Latin-1', '/?q=\u0142'],
    ['broken percent-encoding', '/a%2'],
    ['percent-encoding of no hex', '/a%zz'],
    ['percent-encoding with a sign', '/a%-1'],
  ])('refuses %s', (_, target) => expect(isPlainTarget(target)).toBe(false))

  it('judges the path as a WHATWG URL parser would leave it alone', () => {
    for (const target of ['/v1/orders', '/a.b/c..d/...', '/v1/a%20b', '/;p=1']) {
      expect(new URL(target, 'http://h').pathname).toBe(target)
    }
    for (const target of ['/a/./b', '/a/../b', '/a/%2e%2e/b', '/a\\b']) {
      expect(new URL(target, 'http://h').pathname).not.toBe(target)
    }
  })
})

describe('isPlainMethod', () => {
  it.each(['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'])('accepts %s', method =>
    expect(isPlainMethod(method)).toBe(true),
  )
  it.each(['', 'get', 'Get', 'GET ', 'GET\n', 'G=T', 'A'.repeat(21), 'G\u00c9T'])('refuses %j', method =>
    expect(isPlainMethod(method)).toBe(false),
  )
})

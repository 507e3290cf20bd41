import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { misplacedPart } from '../../src/dialect/query-or-body.js'

const partOf = (method: string, target: string, body = '') =>
  misplacedPart({ method, target, headers: {}, body: encodeUtf8(body) })

describe('A request of which the query or the body is signed', () => {
  it('has a query where it has no body, and a body where it has no query', () => {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      expect([partOf(method, '/x'), partOf(method, '/x?a=1')]).toEqual([undefined, undefined])
      expect([partOf(method, '/x', '{}'), partOf(method, '/x?a=1', '{}')]).toEqual(['body', 'body'])
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'get']) {
      expect([partOf(method, '/x'), partOf(method, '/x', '[1]')]).toEqual([undefined, undefined])
      expect([partOf(method, '/x?a=1'), partOf(method, '/x?', '{}')]).toEqual(['target', 'target'])
    }
  })

  it('has a target that can be signed and a body that begins as JSON does', () => {
    expect(partOf('GET', '/\u00fc')).toBe('target')
    expect(partOf('GET', 'x')).toBe('target')
    expect(partOf('POST', '/x', 'a=1')).toBe('body')
    expect(misplacedPart({ method: 'POST', target: '/x', headers: {}, body: {} as unknown as Uint8Array })).toBe('body')
  })
})

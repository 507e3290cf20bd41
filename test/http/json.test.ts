import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isObject, memberOf, parseObject, prependMembers } from '../../src/http/json.js'

const plainObject = fc.dictionary(fc.string(), fc.jsonValue()).filter(object => !Object.hasOwn(object, '__proto__'))

describe('A JSON object', () => {
  it('is read as JSON.parse reads it, whatever it holds and however it is spaced', () => {
    fc.assert(
      fc.property(plainObject, fc.constantFrom(undefined, 1, '\t'), (object, space) => {
        const text = JSON.stringify(object, null, space)
        expect(parseObject(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    ['twice at the top', '{"a":1,"a":1}'],
    ['twice further down', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ['once escaped', '{"abc":1,"a\\u0062c":2}'],
    ['with blanks before the colon', '{"a" : 1, "a"\n: 2}'],
    ['that is empty', '{"":1,"":2}'],
    ['that every object inherits', '{"__proto__":1,"__proto__":2}'],
    ['with quotes in it', '{"\\"":1,"\\"":2}'],
  ])('is refused with a name twice: %s', (_, text) => {
    expect(JSON.parse(text)).toBeDefined()
    expect(parseObject(text)).toBeUndefined()
  })

  it.each([
    ['in objects beside each other', '{"a":{"b":1},"c":{"b":2},"d":[{"b":3},{"b":4}]}'],
    ['in an object and one within', '{"a":{"a":{"a":1}}}'],
    ['as a text that looks like one', '{"a":"a","b":["a","a"],"c":"\\"a\\":1,\\"a\\":2"}'],
    ['in another case', '{"a":1,"A":2}'],
  ])('may have a name again %s', (_, text) => {
    expect(parseObject(text)).toEqual(JSON.parse(text))
  })

  it('is no list, text, number or null, and no other text', () => {
    for (const text of ['[]', '"a"', '1', 'null', '', '{', '{"a":}', '{a:1}', "{'a':1}", '{"a":1}x', '\ufeff{}']) {
      expect(parseObject(text), text).toBeUndefined()
    }
  })

  it('is 64 deep at most', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
    expect(parseObject(nested(64))).toBeDefined()
    expect(parseObject(nested(65))).toBeUndefined()
    expect(parseObject(nested(30_000))).toBeUndefined()
  })

  it('has the members that it has itself', () => {
    const object = parseObject('{"a":1,"__proto__":2}')!
    expect([memberOf(object, 'a'), memberOf(object, '__proto__')]).toEqual([1, 2])
    expect([memberOf(object, 'constructor'), memberOf(object, 'b')]).toEqual([undefined, undefined])
    expect([{}, [], null, 'a', undefined].map(isObject)).toEqual([true, false, false, false, false])
  })
})

describe('Members put in front', () => {
  it('of an object leave its text as it is', () => {
    expect(prependMembers('"a":1', '')).toBe('{"a":1}')
    expect(prependMembers('"a":1', '{}')).toBe('{"a":1}')
    expect(prependMembers('"a":1', ' { \n } ')).toBe('{"a":1}')
    expect(prependMembers('"a":1', '{ "b" : 1.0 }')).toBe('{"a":1,"b" : 1.0 }')
  })

  it('of anything else are left out', () => {
    for (const text of ['[1]', 'x', 'x}', '"{}"']) expect(prependMembers('"a":1', text)).toBe(text)
  })
})

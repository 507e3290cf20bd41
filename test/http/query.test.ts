import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodedTarget, type QueryForm } from '../../src/http/query.js'

const accepted: readonly (readonly [form: QueryForm, target: string, text: string])[] = [
  ['encoded', '/x', '/x'],
  ['encoded', '/x%20y?a=b', '/x%20y?a=b'],
  ['encoded', '/x?a=b%20c&d=%2B%23%3f%25', '/x?a=b c&d=+#?%'],
  ['encoded', '/x?a=Z%C3%BCrich%E2%82%AC%F0%9F%98%80', '/x?a=Zürich€😀'],
  ['encoded', '/x?a=b%3Dc=d', '/x?a=b=c=d'],
  ['encoded', '/x?a=b%26c', '/x?a=b&c'],
  ['encoded', '/x?a==b%26c%26', '/x?a==b&c&'],
  ['encoded', '/x?=a', '/x?=a'],
  ['encoded', '/x?a=b?c=d', '/x?a=b?c=d'],
  ['raw', '/x?a=b+c&d&e=%20[f]{g}', '/x?a=b+c&d&e= [f]{g}'],
  ['raw', '/x?a=b%3Dc', '/x?a=b=c'],
  ['raw', '/x?&&a', '/x?&&a'],
]

const refused: readonly (readonly [form: QueryForm, query: string, why: string])[] = [
  ['encoded', '', 'nothing after the question mark'],
  ['raw', '', 'nothing after the question mark'],
  ['encoded', 'a=b+c', 'a blank or a plus'],
  ['encoded', 'a+b=c', 'a blank or a plus in a name'],
  ['encoded', 'a', 'no equals sign'],
  ['encoded', 'a=b&', 'a parameter without an equals sign'],
  ['encoded', 'a%3Db', 'no equals sign but an encoded one'],
  ['encoded', 'a=b%26c%3Dd', 'what reads as two parameters'],
  ['encoded', 'a=b%26c=d', 'what reads as two parameters, half encoded'],
  ['encoded', 'a=b%26c%26d%3D', 'what reads as three parameters'],
  ['encoded', 'a%26b=c', 'an ampersand in a name'],
  ['encoded', 'a%3Db=c', 'an equals sign in a name'],
  ['raw', 'a=b%26c', 'an ampersand that would have been sent as it is'],
  ['raw', 'a=b%2Bc', 'a plus that would have been sent as it is'],
  ['raw', 'a=b%2bc', 'the same in lower case'],
  ['raw', 'a%26b', 'an encoded ampersand in a name'],
  ['raw', 'a%3Db', 'an encoded equals sign in a name'],
  ['encoded', 'a=%', 'a percent sign alone'],
  ['encoded', 'a=%4', 'half an escape'],
  ['encoded', 'a=%zz', 'no hex'],
  ['encoded', 'a=%FF', 'no UTF-8'],
  ['encoded', 'a=%C0%AF', 'an overlong form'],
  ['encoded', 'a=%ED%A0%80', 'half of a surrogate pair'],
  ['encoded', 'a=%C3&b=%BC', 'a character over two parameters'],
  ['encoded', 'a=%00', 'a NUL'],
  ['raw', 'a=%0A', 'a line feed'],
  ['encoded', 'a=%C2%85', 'a control character beyond ASCII'],
]

describe('decodedTarget', () => {
  it.each(accepted)('decodes a query once, %s: %s', (form, target, text) => {
    expect(decodedTarget(target, form)).toBe(text)
  })

  it.each(refused)('refuses, %s: %s (%s)', (form, query) => {
    expect(decodedTarget(`/x?${query}`, form)).toBeUndefined()
  })

  it.each<QueryForm>(['encoded', 'raw'])('gives queries that are read as other parameters other texts: %s', form => {
    const pieces = fc.constantFrom('a', 'b', '=', '&', '%3D', '%26', '%3d', '%20', '+', '%2B', '%61', '%25', '?', '%')
    const query = fc.array(pieces, { minLength: 1, maxLength: 6 }).map(parts => parts.join(''))
    const seen = new Map<string, string>()
    let read = 0
    fc.assert(
      fc.property(query, text => {
        const decoded = decodedTarget(`/x?${text}`, form)
        if (decoded === undefined) return
        read++
        const parameters = parametersOf(text)
        const other = seen.get(decoded) ?? parameters
        seen.set(decoded, other)
        expect(parameters).toBe(other)
      }),
      { numRuns: 20_000 },
    )
    expect(read).toBeGreaterThan(700)
  })

  it('never throws', () => {
    const target = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^\/x\?[%&=+0-9A-F]{0,20}$/))
    fc.assert(
      fc.property(target, fc.constantFrom<QueryForm>('encoded', 'raw'), (text, form) => {
        expect(['string', 'undefined']).toContain(typeof decodedTarget(text, form))
      }),
    )
  })

  it('takes no time for a long query', () => {
    const long = `/x?a=${'%26'.repeat(5000)}`
    expect(decodedTarget(long, 'encoded')).toBe(`/x?a=${'&'.repeat(5000)}`)
    expect(decodedTarget(`${long}%3D`, 'encoded')).toBeUndefined()
  })
})

/** As a server reads them to which `+` is a plus, and to one to which it is a blank. */
function parametersOf(query: string): string {
  return JSON.stringify(
    ['%2B', '%20'].map(plus =>
      query.split('&').map(piece => {
        const [, name = piece, value] = /^([^=]*)=(.*)$/s.exec(piece) ?? []
        return [name, value].map(text => text && decodeURIComponent(text.replaceAll('+', plus)))
      }),
    ),
  )
}

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { textOf, verdictOf } from './vectors.js'

const page = readFileSync(new URL('../../docs/reference/hmac-v1.md', import.meta.url), 'utf8')

const blockOf = (language: string) => new RegExp(`\`\`\`${language}\\n([^\`]*)\\n\`\`\``).exec(page)![1]!
const given = (name: string) => new RegExp(`\\| ${name} \\| \`(.*)\` \\|`).exec(page)![1]!

/** The request that the page prints. */
function printedRequest(): WireRequest {
  const [head = '', body = ''] = blockOf('http').split('\n\n')
  const [first = '', ...fields] = head.split('\n')
  const [method = '', target = ''] = first.split(' ')
  const headers = fields.map(field => field.split(': ')).map(([name = '', value = '']) => [name.toLowerCase(), value])
  return { method, target, headers: Object.fromEntries(headers), body: encodeUtf8(body) }
}

describe('The worked example of the specification of hmac-v1', () => {
  const scheme = hmacV1({ audience: given('audience') })
  const request = printedRequest()

  it('is a request that passes under the printed secret, and under no other', () => {
    expect(verdictOf(scheme, request, given('secret'))).toBe('accepted')
    expect(verdictOf(scheme, request, `${given('secret')}x`)).toBe('wrong signature')
    expect(scheme.read(request)).toMatchObject({ keyId: given('key id') })
  })

  it('prints the string that is signed', () => {
    expect(textOf(scheme.stringToSign(request, scheme.read(request) as Claim))).toBe(blockOf('text'))
  })

  it('is in the vectors', () => {
    const vectors = readFileSync(new URL('../vectors/schemes/hmac-v1.json', import.meta.url), 'utf8')
    expect(vectors).toContain(JSON.stringify(blockOf('text')))
  })
})

describe('The specification of hmac-v1', () => {
  const { freshness } = hmacV1({ audience: 'a' })

  it('states the defaults of the code', () => {
    expect(freshness.kind).toBe('timestamp')
    if (freshness.kind !== 'timestamp') return
    expect(page).toContain(`(${freshness.maxRecvWindowMs.toLocaleString('en')} ms unless it says otherwise)`)
    expect(page).toContain(`(${freshness.recvWindowMs.toLocaleString('en')} ms unless it says otherwise)`)
    expect(page).toContain(`timestamp ≤ now + ${freshness.futureMs.toLocaleString('en')} ms`)
  })

  it.each([
    ['1 to 128 of', { 'x-api-key': 'k'.repeat(128) }, { 'x-api-key': 'k'.repeat(129) }],
    ['16 to 64 of', { 'x-api-nonce': 'n'.repeat(64) }, { 'x-api-nonce': 'n'.repeat(65) }],
    ['1 to 15 decimal digits', { 'x-api-timestamp': '9'.repeat(15) }, { 'x-api-timestamp': '9'.repeat(16) }],
    ['1 to 10 decimal digits', { 'x-api-recv-window': '9'.repeat(10) }, { 'x-api-recv-window': '9'.repeat(11) }],
    ['longer than 1,024 characters', { 'content-type': 'a'.repeat(1024) }, { 'content-type': 'a'.repeat(1025) }],
  ])('states the limits of the code: %s', (words, longest, tooLong) => {
    const scheme = hmacV1({ audience: 'a' })
    const request = printedRequest()
    expect(page).toContain(words)
    expect(scheme.read({ ...request, headers: { ...request.headers, ...longest } })).toHaveProperty('keyId')
    expect(scheme.read({ ...request, headers: { ...request.headers, ...tooLong } })).toHaveProperty('malformed')
  })

  it('states the limits of the code: the request line', () => {
    const scheme = hmacV1({ audience: 'a' })
    const request = printedRequest()
    expect(page).toContain('longer than 16,384 characters')
    expect(scheme.read({ ...request, target: '/'.repeat(16_384) })).toHaveProperty('keyId')
    expect(scheme.read({ ...request, target: '/'.repeat(16_385) })).toEqual({ malformed: 'target' })
    expect(page).toContain('1 to 20 letters `A-Z`')
    expect(scheme.read({ ...request, method: 'M'.repeat(20) })).toHaveProperty('keyId')
    expect(scheme.read({ ...request, method: 'M'.repeat(21) })).toEqual({ malformed: 'method' })
  })
})

import ccxt from 'ccxt'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { createSigner } from '../../src/client/index.js'
import { pathOf, type WireRequest } from '../../src/http/request.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { fromCcxt } from './ccxt-request.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'
import { verdictOf } from './vectors.js'

const scheme = bitfinex()
const credentials = { keyId: 'abcDEF123', secret: 'topsecret' }
const NOW = 1_732_176_000_123

function requestOf(target: string, nonce: string, body: string): WireRequest {
  const headers = { 'bfx-apikey': 'k', 'bfx-nonce': nonce, 'bfx-signature': '0'.repeat(96) }
  return { method: 'POST', target, headers, body: encodeUtf8(body) }
}

describe('bitfinex gives distinct requests distinct strings', () => {
  it('over 100,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const digits = ['1', '0', '12', '120', '1200', '1000000000000000', '1200000000000000', '1000000000000001', '11']
    const bodies = ['', '{}', '[]', '{1', '0{', '1', '{1000000000000000']
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 100_000; i++) {
        const path = `/${textFrom(dice, 'x10/', 3)}${dice(2) === 0 ? '' : digits[dice(digits.length)]}`
        yield requestOf(path, digits[dice(digits.length)]!, bodies[dice(bodies.length)]!)
      }
    }
    const identityOf = ({ target, headers, body }: WireRequest) =>
      JSON.stringify([pathOf(target), headers['bfx-nonce'], [...body]])
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(20_000)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it.each([
    ['a digit moved from the path to the nonce', '/v2/x1', '732176000123', '/v2/x', '1732176000123'],
    ['three digits moved', '/v2/x173', '2176000123456', '/v2/x', '1732176000123456'],
  ])('by refusing one of the two when they would share a string: %s', (_, path, nonce, otherPath, otherNonce) => {
    expect(path + nonce).toBe(otherPath + otherNonce)
    expect(scheme.read(requestOf(path, nonce, '{}'))).toEqual({ malformed: 'bfx-nonce' })
    expect(scheme.read(requestOf(otherPath, otherNonce, '{}'))).toMatchObject({ nonce: otherNonce })
  })

  it('by refusing a body that could have been the end of the nonce', () => {
    expect(scheme.read(requestOf('/v2/x', '12', '3{}'))).toEqual({ malformed: 'body' })
    expect(scheme.read(requestOf('/v2/x', '123', '{}'))).toMatchObject({ nonce: '123' })
  })

  it('and takes no parsed body', () => {
    const request = { ...requestOf('/v2/x', '1', ''), body: {} as unknown as Uint8Array }
    expect(scheme.read(request)).toEqual({ malformed: 'body' })
  })
})

describe('bitfinex and ccxt', () => {
  const exchange = new ccxt.bitfinex({ apiKey: credentials.keyId, secret: credentials.secret })
  exchange.milliseconds = () => NOW

  const calls: readonly (readonly [string, Record<string, unknown>])[] = [
    ['auth/r/wallets', {}],
    ['auth/r/orders/{symbol}', { symbol: 'tBTCF0:USTF0' }],
    ['auth/r/info/margin/{key}', { key: 'sym_all' }],
    ['auth/r/funding/offers/{symbol}', { symbol: 'fUSD', limit: 5 }],
    ['auth/w/order/submit', { type: 'LIMIT', symbol: 'tBTCUSD', amount: '0.1', price: '50000' }],
    ['auth/w/order/multi', { ops: [['oc', { id: 1 }]] }],
    ['auth/w/withdraw', { wallet: 'exchange', method: 'bitcoin', address: 'bc1q', note: 'Z\u00fcrich \u{1f4b6}' }],
  ]

  it.each(calls)('write the same bytes: %s', (path, parameters) => {
    const { text, ...theirs } = fromCcxt(exchange.sign(path, 'private', 'POST', { ...parameters }))
    const unsigned = { ...theirs, headers: { 'content-type': theirs.headers['content-type'] } }
    // Ours counts microseconds: the nonce is given, everything else is ours.
    const claim = scheme.stamp({
      keyId: credentials.keyId,
      nowMs: 0,
      recvWindowMs: -1,
      randomNonce: () => '',
      lastNonce: String(NOW - 1),
    })
    const bare = scheme.write(unsigned, claim, new Uint8Array(0))
    const { proof } = scheme
    const tag =
      proof.kind === 'mac'
        ? proof.hash.mac(encodeUtf8(credentials.secret)).tag(scheme.stringToSign(bare, claim))
        : new Uint8Array(0)
    expect(scheme.write(unsigned, claim, tag)).toEqual(theirs)
    expect(verdictOf(scheme, theirs, credentials.secret)).toBe('accepted')
    const tampered = { ...theirs, body: encodeUtf8(text.replace('{', '{ ')) }
    expect(verdictOf(scheme, tampered, credentials.secret)).toBe('wrong signature')
  })
})

describe('a bitfinex signer', () => {
  it('gives nonces of 16 digits that rise within a millisecond, and when the clock steps back', () => {
    let now = NOW
    const signer = createSigner({ scheme, ...credentials, clock: () => now })
    const nonces = [0, 0, 5, -10_000].map(step => {
      now += step
      return BigInt(signer.sign({ method: 'POST', target: '/v2/auth/r/wallets', body: '{}' }).headers['bfx-nonce']!)
    })
    expect(nonces[0]).toBe(BigInt(NOW) * 1000n)
    expect(nonces).toEqual([...nonces].sort((a, b) => (a < b ? -1 : 1)))
    expect(new Set(nonces).size).toBe(nonces.length)
  })
})

import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { createSigner } from '../../src/client/index.js'
import { pathOf, type WireRequest } from '../../src/http/request.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'

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

describe('a bitfinex signer', () => {
  it('gives nonces of 16 digits that rise within a millisecond, and when the clock steps back', async () => {
    let now = NOW
    const signer = createSigner({ scheme, ...credentials, clock: () => now })
    const nonces: bigint[] = []
    for (const step of [0, 0, 5, -10_000]) {
      now += step
      const { headers } = await signer.sign({ method: 'POST', target: '/v2/auth/r/wallets', body: '{}' })
      nonces.push(BigInt(headers['bfx-nonce']!))
    }
    expect(nonces[0]).toBe(BigInt(NOW) * 1000n)
    expect(nonces).toEqual([...nonces].sort((a, b) => (a < b ? -1 : 1)))
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  it('logs in with nonces that rise apart from those of requests', async () => {
    const signer = createSigner({ scheme, ...credentials, clock: () => NOW })
    await signer.sign({ method: 'POST', target: '/v2/auth/r/wallets', body: '{}' })
    const first = await signer.login()
    const second = await signer.login({ filter: ['trading'] })
    expect([first['authNonce'], second['authNonce']]).toEqual([NOW * 1000, NOW * 1000 + 1])
    expect(second['filter']).toEqual(['trading'])
  })
})

describe('a bitfinex login', () => {
  it('claims one nonce, however often its payload repeats it', () => {
    const message = { event: 'auth', apiKey: 'k', authSig: '0'.repeat(96) }
    const nonces = ['1111111111111', '1'.repeat(16), '1'.repeat(26), '1'.repeat(32)]
    const claimed = nonces.flatMap(nonce =>
      [nonce, nonce + nonce].map(digits =>
        scheme.login!.read({ ...message, authNonce: nonce, authPayload: `AUTH${digits}` }),
      ),
    )
    const payloads = nonces.flatMap(nonce => [`AUTH${nonce}`, `AUTH${nonce}${nonce}`])
    const read = payloads.filter((_, at) => claimed[at] !== undefined && !('malformed' in claimed[at]!))
    // What can be read is read in one way only: a nonce of 26 digits or more is none.
    expect(read).toEqual(payloads.slice(0, 4))
    expect(new Set(read).size).toBe(4)
  })
})

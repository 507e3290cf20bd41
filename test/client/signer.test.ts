import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { createSigner, type SignerOptions } from '../../src/client/index.js'
import { base64Secret } from '../../src/crypto/secret-encoding.js'
import { ConfigError, KeyError } from '../../src/errors.js'
import { createSecret } from '../../src/keys/secret.js'
import type { Claim, Scheme } from '../../src/scheme.js'
import { bearer } from '../../src/schemes/bearer.js'
import { binance } from '../../src/schemes/binance.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { loadVectors, toWire, verdictOf } from '../schemes/vectors.js'

const scheme = hmacV1({ audience: 'api.example.com' })
const keyId = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
const NOW = 1_767_225_600_000
const clock = () => NOW
const signer = createSigner({ scheme, keyId, secret, clock })

describe('A signer', () => {
  it('signs what the scheme accepts, and nothing that is changed afterwards', async () => {
    const signed = await signer.sign({
      method: 'POST',
      target: '/v1/orders?a=1',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(verdictOf(scheme, signed, secret)).toBe('accepted')
    expect(verdictOf(scheme, { ...signed, body: encodeUtf8('{ }') }, secret)).toBe('wrong signature')
  })

  it('reproduces the vectors, given their nonce and their time', async () => {
    const vector = loadVectors('hmac-v1').valid[1]!
    const again = createSigner({
      ...vector.credentials,
      scheme: { ...scheme, stamp: given => scheme.stamp({ ...given, randomNonce: () => String(vector.claim.nonce) }) },
      clock: () => Number(vector.claim.timestampMs),
      recvWindowMs: Number(vector.claim.recvWindowMs),
    })
    expect(await again.sign(toWire(vector.request!))).toEqual(toWire(vector.signed))
  })

  it('signs the path and query of a URL as the URL standard writes them', async () => {
    const url = 'https://api.example.com:8443/v1/a b/\u00fc/../c?q=\u00fc&x=%2f#fragment'
    expect((await signer.sign({ method: 'GET', url })).target).toBe('/v1/a%20b/c?q=%C3%BC&x=%2f')
    expect((await signer.sign({ method: 'GET', url: new URL(url) })).target).toBe('/v1/a%20b/c?q=%C3%BC&x=%2f')
    expect((await signer.sign({ method: 'GET', target: '/as/../given' })).target).toBe('/as/../given')
  })

  it('takes header names in any case, and gives them in lower case without absent ones', async () => {
    const { headers } = await signer.sign({
      method: 'GET',
      target: '/',
      headers: { 'Content-Type': 'text/plain', Accept: ['a/b', 'c/d'], 'X-Absent': undefined },
    })
    expect(headers).toMatchObject({ 'content-type': 'text/plain', accept: 'a/b,c/d', 'x-api-key': keyId })
    expect(Object.keys(headers)).not.toContain('x-absent')
    expect(Object.keys(headers)).not.toContain('x-api-recv-window')
  })

  it('signs text as its UTF-8 bytes', async () => {
    const { body, headers } = await signer.sign({ method: 'POST', target: '/', body: 'Z\u00fcrich' })
    expect(body).toEqual(encodeUtf8('Z\u00fcrich'))
    expect(verdictOf(scheme, { method: 'POST', target: '/', headers, body }, secret)).toBe('accepted')
  })

  it('asks for the window it was told to', async () => {
    const { headers } = await createSigner({ scheme, keyId, secret, clock, recvWindowMs: 2500 }).sign({
      method: 'GET',
      target: '/',
    })
    expect(headers['x-api-recv-window']).toBe('2500')
  })

  it('draws another nonce of 128 random bits each time', async () => {
    const signed = await Promise.all(Array.from({ length: 2000 }, () => signer.sign({ method: 'GET', target: '/' })))
    const nonces = signed.map(({ headers }) => headers['x-api-nonce']!)
    expect(new Set(nonces).size).toBe(nonces.length)
    expect(nonces.filter(nonce => !/^[0-9a-f]{32}$/.test(nonce))).toEqual([])
    for (let at = 0; at < 32; at++) expect(new Set(nonces.map(nonce => nonce[at])).size).toBe(16)
  })

  it('does not sign under a nonce that its source of randomness failed to give', async () => {
    for (const broken of [0, 15, 17, 64].map(length => new Uint8Array(length))) {
      const bad = createSigner({ scheme, keyId, secret, clock, random: () => broken })
      await expect(bad.sign({ method: 'GET', target: '/' })).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'x-api-nonce' }),
      )
    }
  })

  it('sends a bearer token, and needs no key id for it', async () => {
    const token = createSigner({ scheme: bearer(), secret })
    expect((await token.sign({ method: 'GET', target: '/' })).headers).toEqual({ authorization: `Bearer ${secret}` })
    await expect(
      createSigner({ scheme: bearer(), secret: 'too short' }).sign({ method: 'GET', target: '/' }),
    ).rejects.toThrow(KeyError)
  })

  it('signs parameters where the dialect puts them, and refuses to where it cannot', async () => {
    const dialect = createSigner({ scheme: binance(), keyId, secret, clock })
    expect((await dialect.sign({ method: 'GET', target: '/x?a=1' })).target).toMatch(
      /^\/x\?timestamp=1767225600000&a=1&signature=[0-9a-f]{64}$/,
    )
    await expect(dialect.sign({ method: 'POST', target: '/x?a=1', body: 'b=1' })).rejects.toThrow(
      expect.objectContaining({ field: 'body' }),
    )
    await expect(dialect.sign({ method: 'GET', target: '/x?timestamp=1' })).rejects.toThrow(
      expect.objectContaining({ field: 'timestamp' }),
    )
  })

  it.each([
    ['method', { method: 'get', target: '/' }],
    ['method', { method: 'GET\n', target: '/' }],
    ['target', { method: 'GET', target: 'v1' }],
    ['target', { method: 'GET', target: '/a b' }],
    ['target', { method: 'GET', target: '/#a' }],
    ['content-type', { method: 'GET', target: '/', headers: { 'content-type': '' } }],
    ['content-type', { method: 'GET', target: '/', headers: { 'content-type': ['a', 'b'] } }],
    ['body', { method: 'GET', target: '/', body: {} as unknown as Uint8Array }],
  ])('names the %s that cannot be signed', async (field, request) => {
    await expect(signer.sign({ method: 'GET', target: '/' })).resolves.toBeDefined()
    await expect(signer.sign(request)).rejects.toThrow(KeyError)
    await expect(signer.sign(request)).rejects.toThrow(expect.objectContaining({ code: 'ERR_INPUT_INVALID', field }))
  })
})

describe('The secret of a signer', () => {
  it('is taken out of the wrapper it was handed out in', async () => {
    const wrapped = createSecret(encodeUtf8(secret))
    const signed = await createSigner({ scheme, keyId, secret: wrapped, clock }).sign({ method: 'GET', target: '/' })
    expect(verdictOf(scheme, signed, secret)).toBe('accepted')
    expect(() => wrapped.reveal()).toThrow(KeyError)
  })

  it('shows in nothing that prints or copies the signer, nor in what it signs or throws', async () => {
    const texts = [
      inspect(signer, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(signer),
      String(signer),
      inspect(await signer.sign({ method: 'GET', target: '/' }), { depth: 20 }),
      inspect({ ...signer }, { depth: 20, showHidden: true }),
    ]
    try {
      await signer.sign({ method: 'GET', target: '' })
    } catch (error) {
      texts.push(inspect(error, { depth: 20, showHidden: true }))
    }
    expect(texts).toHaveLength(6)
    for (const text of texts) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(secret.slice(9, 30))
    }
    expect(() => structuredClone(signer)).toThrow()
  })

  it('may be given as base64, where the scheme says so', async () => {
    const encoded = { ...scheme, proof: { ...scheme.proof, secretEncoding: base64Secret } } as Scheme
    const fromBase64 = await createSigner({ scheme: encoded, keyId, secret: 'AAECAw==', clock }).sign({
      method: 'GET',
      target: '/',
    })
    expect(verdictOf(scheme, fromBase64, '\0\u0001\u0002\u0003')).toBe('accepted')
    expect(verdictOf(scheme, fromBase64, 'AAECAw==')).toBe('wrong signature')
  })

  it.each([
    ['an empty one', { secret: '' }],
    [
      'one that is base64 behind a byte order mark',
      { scheme: { ...scheme, proof: { ...scheme.proof, secretEncoding: base64Secret } }, secret: '\ufeffAAECAw==' },
    ],
    ['an empty wrapped one', { secret: { reveal: () => '' } }],
    ['none', { secret: undefined }],
    [
      'one that is not base64 where it must be',
      { scheme: { ...scheme, proof: { ...scheme.proof, secretEncoding: base64Secret } }, secret: 'AAECAx==' },
    ],
  ])('is never %s', (_, options) => {
    expect(() => createSigner({ scheme, keyId, ...options } as unknown as SignerOptions)).toThrow(ConfigError)
  })
})

describe('A signer is set up', () => {
  it.each([
    ['without a key id', { keyId: undefined }, 'ERR_OPTION_INVALID'],
    ['with an empty key id', { keyId: '' }, 'ERR_OPTION_INVALID'],
    ['without a scheme', { scheme: undefined }, 'ERR_OPTION_MISSING'],
    ['with a misspelt option', { recvWindow: 1 }, 'ERR_OPTION_UNKNOWN'],
  ])('never %s', (_, options, code) => {
    const make = () => createSigner({ scheme, keyId, secret, ...options } as unknown as SignerOptions)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(expect.objectContaining({ code }))
  })

  it('with the server’s time once that is known', async () => {
    const late = createSigner({ scheme, keyId, secret, clock })
    late.clockOffset.measure()(NOW + 7000)
    const claim = scheme.read(await late.sign({ method: 'GET', target: '/' })) as Claim
    expect(claim.timestampMs).toBe(NOW + 7000)
  })
})

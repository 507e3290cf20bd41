import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createSignedFetch, createSigner, createStreams, type StreamedBody } from '../../src/client/index.js'
import { ConfigError, KeyError } from '../../src/errors.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors, schemeIds } from '../schemes/vectors.js'
import { startHouse } from './house-server.js'

/** Those that sign the digest of a body, and those that leave it open. */
const STREAMABLE = [
  'bearer',
  'bitcoin-suisse',
  'coinbase-cdp',
  'ed25519-v1',
  'gate',
  'hmac-v1',
  'http-message-signatures',
  'htx',
]

const bytes = randomBytes(300_000)
const digestOf = (hash: string, of: Uint8Array) => new Uint8Array(createHash(hash).update(of).digest())

function bodyOf(content: Uint8Array, hashed = content) {
  const calls: string[] = []
  const body: StreamedBody = {
    open() {
      calls.push('open')
      return Readable.from([content.subarray(0, 100_000), content.subarray(100_000)])
    },
    async digest(hash) {
      calls.push(hash)
      return digestOf(hash, hashed)
    },
  }
  return { body, calls }
}

async function caseOf(id: string) {
  const [fixture] = loadVectors(id).fixtures
  const { make } = await loadDialect(id)
  return { scheme: make(fixture!.options), credentials: fixture!.credentials, now: fixture!.now }
}

describe('Streamed bodies', () => {
  it.each(STREAMABLE)('are signed by their digest, or not at all: %s', async id => {
    const { scheme, credentials, now } = await caseOf(id)
    const streams = createStreams(scheme)
    const house = await startHouse({ scheme, credentials, now: () => now })
    try {
      const { keyId, secret } = credentials
      const signer = createSigner({ scheme: streams.scheme, keyId, secret, clock: () => now })
      const send = createSignedFetch({ signer, baseUrl: house.origin, streams })
      const { body, calls } = bodyOf(bytes)
      const response = await send('/api/v4/files', { method: 'POST', body })
      expect(house.log.map(({ verdict }) => verdict)).toEqual(['accepted'])
      expect(response.status).toBe(200)
      expect(Buffer.from(house.log[0]!.request.body).equals(bytes)).toBe(true)
      expect(calls.at(-1)).toBe('open')
      // Everything else is signed as before.
      await send('/api/v4/others', { method: 'POST', body: bytes })
      await send('/api/v4/files')
      expect(house.log.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted', 'accepted'])
    } finally {
      await house.close()
    }
  })

  it.each(schemeIds.filter(id => !STREAMABLE.includes(id)))(
    'are none for a scheme that signs bodies themselves: %s',
    async id => {
      const { scheme } = await caseOf(id)
      expect(() => createStreams(scheme)).toThrow(ConfigError)
      expect(() => createStreams(scheme)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'scheme' }),
      )
    },
  )
})

describe('A streamed body', () => {
  const scheme = hmacV1({ audience: 'api.example.com' })
  const credentials = {
    keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s',
    secret: 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1',
  }
  const streams = createStreams(scheme)
  const signer = createSigner({ scheme: streams.scheme, ...credentials })

  it('that is not what its digest says is refused by the server', async () => {
    const house = await startHouse({ scheme, credentials })
    const { body } = bodyOf(bytes, randomBytes(10))
    const response = await createSignedFetch({ signer, baseUrl: house.origin, streams })('/', { method: 'PUT', body })
    expect(response.status).toBe(401)
    expect(house.log.map(({ verdict }) => verdict)).toEqual(['wrong_signature'])
    await house.close()
  })

  it('is opened anew for each time it is sent, and read for its digest once', async () => {
    const house = await startHouse({ scheme, credentials })
    const late = createSigner({ scheme: streams.scheme, ...credentials, clock: () => Date.now() - 3_600_000 })
    const { body, calls } = bodyOf(bytes)
    const response = await createSignedFetch({ signer: late, baseUrl: house.origin, streams })('/', {
      method: 'PUT',
      body,
    })
    expect(response.status).toBe(200)
    expect(calls).toEqual(['sha256', 'open', 'open'])
    expect(house.log.map(({ request }) => request.body.length)).toEqual([300_000, 300_000])
    await house.close()
  })

  it('never lies in memory as a whole', async () => {
    const chunk = new Uint8Array(2 ** 20).fill(7)
    const count = 200
    async function* open() {
      for (let at = 0; at < count; at++) yield chunk
    }
    const hash = createHash('sha256')
    for (let at = 0; at < count; at++) hash.update(chunk)
    const digest = new Uint8Array(hash.digest())
    let most = 0
    let received = 0
    // Reads what is sent, as a socket would.
    const fetch = async (_: string, init: RequestInit) => {
      for await (const part of init.body as unknown as AsyncIterable<Uint8Array>) {
        received += part.length
        most = Math.max(most, process.memoryUsage().arrayBuffers)
      }
      return new Response()
    }
    const before = process.memoryUsage().arrayBuffers
    const send = createSignedFetch({ signer, baseUrl: 'https://api.example.com', streams, fetch })
    await send('/', { method: 'PUT', body: { open, digest: () => digest } })
    expect(received).toBe(count * 2 ** 20)
    expect(most - before).toBeLessThan(16 * 2 ** 20)
  })

  it('needs streams, of the scheme that the signer has, and a digest of the right length', async () => {
    const { body } = bodyOf(bytes)
    const put = { method: 'PUT', body }
    const fetch = async () => expect.unreachable()
    const baseUrl = 'https://api.example.com'
    await expect(createSignedFetch({ signer, baseUrl, fetch })('/', put)).rejects.toThrow(KeyError)
    await expect(createSignedFetch({ signer, baseUrl, fetch })('/', put)).rejects.toMatchObject({ field: 'body' })
    const other = createSigner({ scheme, ...credentials })
    const mixed = createSignedFetch({ signer: other, baseUrl, fetch, streams })
    await expect(mixed('/', put)).rejects.toThrow(ConfigError)
    const send = createSignedFetch({ signer, baseUrl, fetch, streams })
    for (const digest of [digestOf('sha512', bytes), new Uint8Array(0), undefined as unknown as Uint8Array]) {
      const wrong = { method: 'PUT', body: { ...body, digest: () => digest } }
      await expect(send('/', wrong)).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'body' })
    }
  })

  it('fails as its digest does', async () => {
    const send = createSignedFetch({ signer, baseUrl: 'https://api.example.com', streams })
    const body: StreamedBody = {
      open: () => Readable.from([]),
      digest: () => Promise.reject(new Error('no such file')),
    }
    await expect(send('/', { method: 'PUT', body })).rejects.toThrow('no such file')
  })
})

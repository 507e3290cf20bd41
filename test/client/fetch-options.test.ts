import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSignedFetch, createSigner, RequestError, type SignedFetchOptions } from '../../src/client/index.js'
import { ConfigError, KeyError } from '../../src/errors.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { kraken } from '../../src/schemes/kraken.js'
import { type House, startHouse } from './house-server.js'

const scheme = hmacV1({ audience: 'api.example.com' })
const credentials = {
  keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s',
  secret: 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1',
}

let house: House
beforeAll(async () => {
  house = await startHouse({ scheme, credentials })
})
afterAll(() => house.close())

const signer = createSigner({ scheme, ...credentials })
const signedFetch = (options: Partial<SignedFetchOptions> = {}) =>
  createSignedFetch({ signer, baseUrl: house.origin, ...options })
const last = () => house.log.at(-1)!

describe('A signed fetch below a prefix', () => {
  it.each([
    ['/orders', '/api/v2/orders'],
    ['orders?a=1', '/api/v2/orders?a=1'],
    ['/', '/api/v2/'],
    ['', '/api/v2/'],
    ['/a/../b', '/api/v2/b'],
    ['\\orders', '/api/v2/orders'],
    ['/:80', '/api/v2/:80'],
    ['/a:b/c', '/api/v2/a:b/c'],
  ])('puts %j there', async (input, target) => {
    for (const end of ['', '/']) {
      await signedFetch({ baseUrl: `${house.origin}/api/v2${end}` })(input)
      expect(last()).toMatchObject({ verdict: 'accepted', request: { target } })
    }
  })

  it('takes whole URLs that lie there', async () => {
    const send = signedFetch({ baseUrl: `${house.origin}/api/v2` })
    await send(`${house.origin}/api/v2/orders?page=2`)
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/api/v2/orders?page=2' } })
    await send(new URL('/api/v2/orders', house.origin))
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/api/v2/orders' } })
  })

  it.each([
    '../v1/orders',
    '/../orders',
    '/%2e%2e/orders',
    'http://127.0.0.1:1/api/v2/x',
    '//evil.example.com/api/v2/',
    '/\\evil.example.com/api/v2/',
    '\\\\evil.example.com/api/v2/',
  ])('sends nothing to %s', async input => {
    const before = house.log.length
    const sending = signedFetch({ baseUrl: `${house.origin}/api/v2` })(input)
    await expect(sending).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'url' })
    expect(house.log.length).toBe(before)
  })

  it('does not take a neighbour whose name begins alike', async () => {
    const send = signedFetch({ baseUrl: `${house.origin}/api/v2` })
    await expect(send(`${house.origin}/api/v20/orders`)).rejects.toThrow(KeyError)
    await expect(send(`${house.origin}/orders`)).rejects.toThrow(KeyError)
  })
})

describe('A signed fetch of a Request', () => {
  it('sends its method, headers and body', async () => {
    const headers = { 'content-type': 'application/json', 'x-other': '1' }
    const request = new Request(`${house.origin}/v1/orders?a=1`, { method: 'POST', headers, body: '{}' })
    expect((await signedFetch()(request)).status).toBe(200)
    expect(last()).toMatchObject({ verdict: 'accepted', request: { method: 'POST', target: '/v1/orders?a=1' } })
    expect(last().request.headers).toMatchObject({ 'content-type': ['application/json'], 'x-other': ['1'] })
    expect(new TextDecoder().decode(last().request.body)).toBe('{}')
  })

  it('ends with its signal', async () => {
    const request = new Request(house.origin, { signal: AbortSignal.abort(new Error('mine')) })
    await expect(signedFetch()(request)).rejects.toThrow('mine')
  })

  it('goes nowhere else either', async () => {
    await expect(signedFetch()(new Request('http://127.0.0.1:1/'))).rejects.toMatchObject({ field: 'url' })
  })
})

describe('A signed fetch that may take a while only', () => {
  /** Begins to answer after `?wait=` ms, and ends after as long again. */
  const slow = createServer((incoming, outgoing) => {
    const wait = Number(new URL(incoming.url!, 'http://x').searchParams.get('wait'))
    setTimeout(() => outgoing.write('begun '), wait)
    setTimeout(() => outgoing.end('and done'), 2 * wait)
  })
  let baseUrl = ''
  beforeAll(async () => {
    await new Promise<void>(resolve => slow.listen(0, '127.0.0.1', resolve))
    baseUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  })
  afterAll(() => {
    slow.close()
    slow.closeAllConnections()
  })

  const failureOf = async (sending: Promise<Response>): Promise<RequestError> => {
    const error = await sending.then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(RequestError)
    return error as RequestError
  }

  it('ends in time, and says that the request may have been executed', async () => {
    const error = await failureOf(signedFetch({ baseUrl, timeoutMs: 50 })('/?wait=5000', { method: 'POST' }))
    expect(error).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', mayHaveExecuted: true })
    expect(error.message).toBe('no answer within 50 ms; the request may have been executed')
  })

  it('says that it was not sent, where the signature took too long, and does not send it later', async () => {
    let calls = 0
    const nonces = { next: () => new Promise<bigint>(resolve => setTimeout(() => resolve(2n ** 60n), 150)) }
    const late = createSigner({ scheme: kraken(), keyId: 'key', secret: 'AAAA', nonces })
    const fetch: SignedFetchOptions['fetch'] = async () => {
      calls++
      return new Response()
    }
    const error = await failureOf(signedFetch({ signer: late, timeoutMs: 30, fetch })('/', { method: 'POST' }))
    expect(error).toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', mayHaveExecuted: false })
    await new Promise(resolve => setTimeout(resolve, 250))
    expect(calls).toBe(0)
    await signedFetch({ signer: late, timeoutMs: 3000, fetch })('/', { method: 'POST' })
    expect(calls).toBe(1)
  })

  it('does not wait for a fetch that ignores the signal', async () => {
    const deaf = () => new Promise<Response>(() => undefined)
    await failureOf(signedFetch({ baseUrl, timeoutMs: 20, fetch: deaf })('/'))
  })

  it('leaves an answer that has begun alone', async () => {
    const response = await signedFetch({ baseUrl, timeoutMs: 400 })('/?wait=300')
    expect(await response.text()).toBe('begun and done')
  })

  it('ends when its caller says so, with the reason of the caller, also after the answer began', async () => {
    const mine = new AbortController()
    const sending = signedFetch({ baseUrl, timeoutMs: 5000 })('/?wait=4000', { signal: mine.signal })
    setTimeout(() => mine.abort(new Error('mine')), 20)
    await expect(sending).rejects.toThrow('mine')
    const other = new AbortController()
    const response = await signedFetch({ baseUrl, timeoutMs: 5000 })('/?wait=100', { signal: other.signal })
    other.abort(new Error('mine too'))
    await expect(response.text()).rejects.toThrow(/mine too|abort/)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31, '50' as unknown as number])('cannot be set to %s', timeoutMs => {
    expect(() => signedFetch({ timeoutMs })).toThrow(ConfigError)
  })
})

describe('A stream given to a signed fetch', () => {
  const send = (body: unknown) => signedFetch()('/v1/files', { method: 'POST', body } as RequestInit)

  it.each<[string, () => unknown]>([
    ['of the platform', () => new Blob(['str', 'eamed']).stream()],
    ['of Node', () => Readable.from([Buffer.from('str'), Buffer.from('eamed')])],
    ['of Node that yields text', () => Readable.from(['str', 'eamed'])],
    [
      'that is a generator',
      async function* () {
        yield 'str'
        yield new TextEncoder().encode('eamed')
      },
    ],
  ])('is read, signed and sent: %s', async (_, open) => {
    const body = open()
    expect((await send(typeof body === 'function' ? body() : body)).status).toBe(200)
    expect(last().verdict).toBe('accepted')
    expect(new TextDecoder().decode(last().request.body)).toBe('streamed')
  })

  it('is sent a second time too, when the clock was wrong', async () => {
    const late = createSigner({ scheme, ...credentials, clock: () => Date.now() - 3_600_000 })
    const response = await signedFetch({ signer: late })('/', { method: 'POST', body: Readable.from(['x']) })
    expect(response.status).toBe(200)
    expect(house.log.slice(-2).map(({ verdict }) => verdict)).toEqual(['timestamp_outside_window', 'accepted'])
    expect(house.log.slice(-2).map(({ request }) => new TextDecoder().decode(request.body))).toEqual(['x', 'x'])
  })

  it('is read up to 16 MiB, and let go of above', async () => {
    const chunk = new Uint8Array(2 ** 20)
    let given = 0
    let isLetGo = false
    async function* stream(chunks: number) {
      try {
        for (given = 0; given < chunks; given++) yield chunk
      } finally {
        isLetGo = true
      }
    }
    expect((await send(stream(16))).status).toBe(200)
    expect(last().request.body.length).toBe(2 ** 24)
    isLetGo = false
    await expect(send(stream(1000))).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'body' })
    expect(given).toBeLessThan(20)
    expect(isLetGo).toBe(true)
    let isCancelled = false
    const endless = new ReadableStream({
      pull: controller => controller.enqueue(chunk),
      cancel: () => {
        isCancelled = true
      },
    })
    await expect(send(endless)).rejects.toThrow(/16 MiB/)
    expect(isCancelled).toBe(true)
  })

  it('that breaks off is not sent', async () => {
    const before = house.log.length
    await expect(
      send(
        (async function* () {
          yield 'half'
          throw new Error('broken')
        })(),
      ),
    ).rejects.toThrow('broken')
    expect(house.log.length).toBe(before)
  })
})

describe('An answer', () => {
  it('is streamed as it comes', async () => {
    const chunks: string[] = []
    const fetch: SignedFetchOptions['fetch'] = async () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode('{"one":1}'))
            await new Promise(resolve => setTimeout(resolve, 30))
            chunks.push('meanwhile')
            controller.close()
          },
        }),
        { headers: { 'content-type': 'application/json' } },
      )
    const response = await signedFetch({ fetch })('/')
    chunks.unshift('answered')
    await response.text()
    expect(chunks).toEqual(['answered', 'meanwhile'])
  })

  it('is shown to the check, with what was sent, and is what the check makes of it', async () => {
    const seen: unknown[] = []
    const send = signedFetch({
      check(response, answered) {
        seen.push(response.status, answered.sent.request.method, answered.signer === signer)
        return Response.json('checked')
      },
    })
    expect(await (await send('/', { method: 'DELETE' })).json()).toBe('checked')
    expect(seen).toEqual([200, 'DELETE', true])
  })
})

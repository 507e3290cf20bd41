import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxiosInstance } from 'axios'
import type { KyInstance } from 'ky'
import type { $Fetch } from 'ofetch'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  createSignedFetch,
  createSigner,
  expectOk,
  type LoadedCredentials,
  RequestError,
  type SignedFetch,
  type Signer,
} from '../../src/client/index.js'
import { isMalformed } from '../../src/scheme.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { proverOf } from '../laws/scheme-case.js'
import { functionsFromGuide } from './guide-code.js'
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

const last = () => house.log.at(-1)!
const bodyOfLast = () => new TextDecoder().decode(last().request.body)
const send = (options: { check?: typeof expectOk; fetch?: typeof fetch } = {}) =>
  createSignedFetch({ signer: createSigner({ scheme, ...credentials }), baseUrl: house.origin, ...options })
/** Adds to the body on its way. */
const meddling = ((url, init) => fetch(url, { ...init, body: `${init?.body}x` })) as typeof fetch

describe('axios, as the guide shows it', () => {
  const open = async (fetch: SignedFetch) => {
    const { createAxios } = await functionsFromGuide<{
      createAxios(fetch: SignedFetch, baseURL: string): AxiosInstance
    }>('createAxios')
    return createAxios(fetch, `${house.origin}/v1`)
  }

  it('sends what it signed: parameters, JSON, forms, bytes and nothing', async () => {
    const client = await open(send())
    await client.get('/orders', { params: { symbol: 'BTC/EUR', note: 'a b+c', list: [1, 2] } })
    expect(last()).toMatchObject({ verdict: 'accepted', request: { method: 'GET' } })
    expect(last().request.target).toContain('/v1/orders?symbol=BTC')
    await client.post('/orders', { market: 'BTC-EUR', note: 'Z\u00fcrich' })
    expect(last().verdict).toBe('accepted')
    expect(bodyOfLast()).toBe('{"market":"BTC-EUR","note":"Z\u00fcrich"}')
    await client.post('/orders', new URLSearchParams({ a: '1 2' }))
    expect(last().verdict).toBe('accepted')
    const form = new FormData()
    form.set('file', new Blob(['x']), 'x.txt')
    await client.post('/files', form)
    expect(last().verdict).toBe('accepted')
    await client.put('/files', new Uint8Array([0, 255]))
    expect(last()).toMatchObject({ verdict: 'accepted', request: { body: new Uint8Array([0, 255]) } })
    await client.delete('/orders/1')
    expect(last().verdict).toBe('accepted')
  })

  it('signs what interceptors and transforms made of it', async () => {
    const client = await open(send())
    client.interceptors.request.use(config => ({ ...config, data: { ...config.data, one: true } }))
    client.defaults.transformRequest = [data => JSON.stringify({ ...data, two: true })]
    await client.post('/orders', { a: 1 }, { headers: { 'content-type': 'application/json' } })
    expect(last().verdict).toBe('accepted')
    expect(bodyOfLast()).toBe('{"a":1,"one":true,"two":true}')
  })

  it('is refused where something changes it afterwards', async () => {
    const client = await open(send({ fetch: meddling }))
    await expect(client.post('/orders', { a: 1 })).rejects.toMatchObject({ response: { status: 401 } })
    expect(last().verdict).toBe('wrong_signature')
  })

  it('throws what the signed fetch throws, as cause', async () => {
    const client = await open(send({ fetch: meddling, check: expectOk }))
    const error = await client.post('/orders', { a: 1 }).catch(thrown => thrown)
    expect(error.cause ?? error).toBeInstanceOf(RequestError)
    expect((error.cause ?? error).denials).toEqual(['invalid_credentials'])
  })
})

describe('ky and ofetch, as the guide shows them', () => {
  const open = async (fetch: SignedFetch) => {
    const { createKy, createOfetch } = await functionsFromGuide<{
      createKy(fetch: SignedFetch, prefixUrl: string): KyInstance
      createOfetch(fetch: SignedFetch, baseURL: string): $Fetch
    }>('createKy')
    return { ky: createKy(fetch, `${house.origin}/v1`), ofetch: createOfetch(fetch, `${house.origin}/v1`) }
  }

  it('send what they signed', async () => {
    const { ky, ofetch } = await open(send())
    await ky.post('orders', { json: { a: 'Z\u00fcrich' }, searchParams: { q: 'a b+c' } }).json()
    expect(last()).toMatchObject({ verdict: 'accepted', request: { method: 'POST' } })
    expect(bodyOfLast()).toBe('{"a":"Z\u00fcrich"}')
    await ky.get('orders')
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/v1/orders' } })
    await ofetch('/orders', { method: 'POST', body: { a: 'Z\u00fcrich' }, query: { q: 'a b+c' } })
    expect(last()).toMatchObject({ verdict: 'accepted', request: { method: 'POST' } })
    expect(bodyOfLast()).toBe('{"a":"Z\u00fcrich"}')
    await ofetch('/orders')
    expect(last()).toMatchObject({ verdict: 'accepted', request: { target: '/v1/orders' } })
  })

  it('sign what their hooks made of it', async () => {
    const { ky, ofetch } = await open(send())
    const hooked = ky.extend({ hooks: { beforeRequest: [request => new Request(request, { body: 'hooked' })] } })
    await hooked.post('orders', { body: 'mine' })
    expect(last().verdict).toBe('accepted')
    expect(bodyOfLast()).toBe('hooked')
    await ofetch('/orders', {
      method: 'POST',
      body: 'mine',
      onRequest({ options }) {
        options.body = 'hooked'
      },
    })
    expect(last().verdict).toBe('accepted')
    expect(bodyOfLast()).toBe('hooked')
  })

  it('sign each attempt anew, where they are told to repeat', async () => {
    let calls = 0
    const failing = (async (url: string, init: RequestInit) => {
      const response = await fetch(url, init)
      return ++calls === 1 ? new Response(null, { status: 503 }) : response
    }) as typeof fetch
    const { ky } = await open(send({ fetch: failing }))
    const before = house.log.length
    await ky.get('orders', { retry: { limit: 1, delay: () => 1 } })
    expect(house.log.slice(before).map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted'])
  })

  it('are refused where something changes it afterwards, and say why', async () => {
    const { ky, ofetch } = await open(send({ fetch: meddling, check: expectOk }))
    await expect(ky.post('orders', { body: 'a' })).rejects.toBeInstanceOf(RequestError)
    const error = await ofetch('/orders', { method: 'POST', body: 'a' }).catch(thrown => thrown)
    expect(error.cause).toBeInstanceOf(RequestError)
    expect(error.cause.denials).toEqual(['invalid_credentials'])
  })
})

describe('ws, as the guide shows it', () => {
  interface Sockets {
    openSession(signer: Signer, url: string): WebSocket
    openSigned(signer: Signer, url: string): Promise<WebSocket>
  }

  /** Says of each session's handshake and first message whether they prove the key. */
  async function startSockets() {
    const prover = await proverOf(scheme, credentials)
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket, { method = '', url = '', headersDistinct: headers }) => {
      const request = { method, target: url, headers, body: new Uint8Array(0) }
      const claim = scheme.read(request)
      const isSigned = claim && !isMalformed(claim) && prover.proves(scheme.stringToSign(request, claim), claim)
      socket.send(isSigned ? 'signed' : 'unsigned')
      socket.on('message', async data => {
        const message = JSON.parse(String(data))
        const login = scheme.login!.read(message)
        const parts = login && !isMalformed(login) ? scheme.login!.stringToSign(message, login) : undefined
        const isProven = parts !== undefined && !isMalformed(login!) && (await prover.proves(parts, login!))
        socket.send(isProven ? 'logged in' : 'refused')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream?channel=orders`
    function close(): void {
      sockets.close()
      server.close()
      server.closeAllConnections()
    }
    return { url, close }
  }

  const messages = (socket: WebSocket, count: number) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const got: string[] = []
      socket.on('error', reject)
      socket.on('message', data => {
        if (got.push(String(data)) < count) return
        resolve(got)
        socket.terminate()
      })
    })

  it('is logged in by its first message, or by its handshake', async () => {
    const { openSession, openSigned } = await functionsFromGuide<Sockets>('openSession')
    const server = await startSockets()
    const signer = createSigner({ scheme, ...credentials })
    expect(await messages(openSession(signer, server.url), 2)).toEqual(['unsigned', 'logged in'])
    expect(await messages(await openSigned(signer, server.url), 1)).toEqual(['signed'])
    const stranger = createSigner({ scheme, ...credentials, secret: 'another secret' })
    expect(await messages(openSession(stranger, server.url), 2)).toEqual(['unsigned', 'refused'])
    expect(await messages(await openSigned(stranger, server.url), 1)).toEqual(['unsigned'])
    server.close()
  })
})

describe('Files, as the guide shows them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keylattice-sdk-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are uploaded without ever being in memory', async () => {
    const { createUploads } = await functionsFromGuide<{
      createUploads(baseUrl: string, given: typeof credentials): (target: string, path: string) => Promise<Response>
    }>('createUploads')
    const file = join(folder, 'upload')
    const bytes = randomBytes(3_000_000)
    writeFileSync(file, bytes)
    const upload = createUploads(house.origin, credentials)
    expect((await upload('/v1/files', file)).status).toBe(200)
    expect(last().verdict).toBe('accepted')
    expect(createHash('sha256').update(last().request.body).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    )
  })

  it('with credentials are read, and their openness to others is told', async () => {
    const { loadCredentials } = await functionsFromGuide<{ loadCredentials(path: string): Promise<LoadedCredentials> }>(
      'loadCredentials',
    )
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const file = join(folder, 'credentials')
    writeFileSync(file, `# mine\nKEYLATTICE_KEY_ID=${credentials.keyId}\nKEYLATTICE_SECRET="${credentials.secret}"\n`)
    chmodSync(file, 0o644)
    expect((await loadCredentials(file)).credentials.secret.reveal()).toBe(credentials.secret)
    expect(warn.mock.calls.flat().join()).toContain('chmod 600')
    expect(warn.mock.calls.flat().join()).not.toContain(credentials.secret)
    warn.mockClear()
    chmodSync(file, 0o600)
    await loadCredentials(file)
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it('leave the rest to an environment, and to a retry that is safe', async () => {
    const { retried } = await functionsFromGuide<{ retried<T>(call: () => Promise<T>): Promise<T> }>('retried')
    const failure = (mayHaveExecuted: boolean) =>
      new RequestError('ERR_REQUEST_FAILED', 'failed', { mayHaveExecuted, retryAfterMs: 1 })
    const failsOnce = (error: Error) =>
      vi.fn<() => Promise<string>>().mockRejectedValueOnce(error).mockResolvedValue('done')
    await expect(retried(failsOnce(failure(false)))).resolves.toBe('done')
    await expect(retried(failsOnce(failure(true)))).rejects.toThrow('failed')
    await expect(retried(failsOnce(new TypeError('other')))).rejects.toThrow('other')
  })
})

import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { protect as protectFetch } from '../../src/middleware/fetch.js'
import { createWorld } from '../world.js'
import { JSON_TYPE, routes, startService } from './service.js'

const MIB = 1024 * 1024

interface Upload {
  readonly path: string
  readonly size: number
}

/** Sends everything before it reads anything, over a connection of its own that is to be closed after the answer. */
function upload(port: number, { path, size }: Upload): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...JSON_TYPE, 'content-length': size }
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers })
    outgoing.once('error', reject)
    outgoing.once('response', answer => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    outgoing.end(Buffer.alloc(size))
  })
}

describe('An upload that is refused, over a connection that closes', () => {
  it('is answered, also to a client that sends everything before it reads', async () => {
    const service = await startService({ protect: { maxBodyBytes: 8 * MIB } })
    const taken: number[] = []
    service.server.on('connection', socket => socket.once('close', () => taken.push(socket.bytesRead)))
    const uploads = [
      { path: '/v1/echo', size: 15 * MIB, status: 413 },
      { path: '/v1/nowhere', size: 15 * MIB, status: 403 },
      { path: '/v1/echo', size: 7 * MIB, status: 200 },
    ]
    for (const [at, { size, status, ...sent }] of uploads.entries()) {
      expect(await upload(service.port, { ...sent, size })).toBe(status)
      await expect.poll(() => taken.length).toBe(at + 1)
      // Closed with bytes unread, the connection would have been reset.
      expect(taken[at]).toBeGreaterThan(size)
    }
    expect(service.errors).toEqual([])
  })

  it('is answered at once where its sender waits to be asked for it', async () => {
    const service = await startService({ protect: { maxBodyBytes: MIB } })
    const listener = service.server.listeners('request')[0] as () => void
    service.server.on('checkContinue', listener)
    const status = await new Promise((resolve, reject) => {
      const headers = { expect: '100-continue', 'content-length': 2 * MIB }
      const outgoing = httpRequest({ port: service.port, path: '/v1/echo', method: 'POST', agent: false, headers })
      outgoing.once('error', reject)
      outgoing.once('response', answer => resolve(answer.resume().statusCode))
      outgoing.flushHeaders()
    })
    expect(status).toBe(413)
  })
})

describe('A Request', () => {
  const makeApp = (maxBodyBytes: number) => {
    const { verifier, issue } = createWorld()
    const answer = () => new Response('done')
    return {
      issue,
      app: protectFetch({ verifier, routes, maxBodyBytes, onError: error => expect.fail(`${error}`) }, answer),
    }
  }

  /** A body that counts what is taken of it. */
  function counted(path: string, { size, announced }: { size: number; announced: number }) {
    const seen = { bytes: 0, cancelled: false }
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (seen.bytes >= size) return controller.close()
        seen.bytes += 100
        controller.enqueue(new Uint8Array(100))
      },
      cancel: () => {
        seen.cancelled = true
      },
    })
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-length': String(announced) } }
    return { seen, request: new Request(`http://api.example.com${path}`, init as RequestInit) }
  }

  it.each([
    ['/v1/echo', 413],
    ['/v1/nowhere', 403],
  ])(
    'is read to its end where it is a little too long, and dropped unread where it is much: %s',
    async (path, status) => {
      const { app } = makeApp(1000)
      const little = counted(path, { size: 1800, announced: 1800 })
      expect((await app(little.request)).status).toBe(status)
      expect(little.seen).toEqual({ bytes: 1800, cancelled: false })
      const much = counted(path, { size: 9000, announced: 9000 })
      expect((await app(much.request)).status).toBe(status)
      expect(much.seen.cancelled).toBe(true)
      expect(much.seen.bytes).toBeLessThan(1000)
    },
  )

  it('is not asked for a body that it cannot have: some platforms make most of it only then', async () => {
    const { app, issue } = makeApp(1000)
    const { signer } = await issue()
    const list = async (method: string, more = {}) => {
      const { target, headers } = await signer.sign({ method, target: '/v1/orders' })
      const request = new Request(`http://api.example.com${target}`, { method, headers: { ...headers, ...more } })
      let asked = 0
      const count = () => {
        asked++
        return null
      }
      Object.defineProperty(request, 'body', { get: count })
      return [(await app(request)).status, asked] as const
    }
    expect(await list('GET')).toEqual([200, 0])
    expect(await list('HEAD')).toEqual([200, 0])
    expect(await list('GET', { 'content-length': '5' })).toEqual([200, 1])
    expect(await list('GET', { 'transfer-encoding': 'chunked' })).toEqual([200, 1])
  })
})

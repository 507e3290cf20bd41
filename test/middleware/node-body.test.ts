import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ConfigError, type Verifier } from '../../src/index.js'
import { JSON_TYPE, ORDER, type ServiceOptions, startService } from './service.js'
import { bytesOf, chunked, linesOf, open, say } from './wire.js'

const KIB = 1024
const order = (body: Uint8Array, headers: Record<string, string> = JSON_TYPE) => ({
  ...{ method: 'POST', target: '/v1/orders', headers, body },
})

/** A service whose handler answers with the hash of the body it was given. */
function startHashing(options: ServiceOptions = {}) {
  return startService({ handler: (_req, res, { body }) => void res.end(hashOf(body)), ...options })
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function bodyOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff)
}

describe('The body that is judged', () => {
  it('is the bytes received, whatever packets they came in', async () => {
    const service = await startHashing()
    const { signer } = await service.issue()
    const body = bodyOf(100 * KIB)
    const bytes = bytesOf(await signer.sign(order(body)))
    const connection = open(service.port)
    for (let at = 0; at < bytes.length; at += 7 * KIB) {
      connection.send(bytes.subarray(at, at + 7 * KIB))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(await connection.answers(1)).toEqual([expect.objectContaining({ status: 200, body: hashOf(body) })])
  })

  it.each([1, 1000, 64 * KIB])('is what chunks of %i bytes carry, without their framing', async size => {
    const service = await startHashing()
    const { signer } = await service.issue()
    const body = bodyOf(4 * KIB)
    const sendChunked = async (sent: Uint8Array) => {
      const request = await signer.sign(order(body))
      const lines = linesOf(request).filter(([name]) => name !== 'content-length')
      const head = bytesOf({ ...request, body: new Uint8Array(0) }, [...lines, ['Transfer-Encoding', 'chunked']])
      return say(service.port, Buffer.concat([head, chunked(sent, size)]))
    }
    expect(await sendChunked(body)).toMatchObject({ status: 200, body: hashOf(body) })
    expect(await sendChunked(body.with(2_345, 1))).toMatchObject({ status: 401 })
    expect(await sendChunked(body.slice(1))).toMatchObject({ status: 401 })
  })

  it('is what was sent, not what a content coding makes of it', async () => {
    const service = await startHashing()
    const { signer } = await service.issue()
    const packed = new Uint8Array(gzipSync(ORDER))
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    const good = await say(service.port, bytesOf(await signer.sign(order(packed, headers))))
    expect(good).toMatchObject({ status: 200, body: hashOf(packed) })
    const unpacked = { ...(await signer.sign(order(packed, headers))), body: ORDER }
    expect(await say(service.port, bytesOf(unpacked))).toMatchObject({ status: 401 })
  })

  it('counts with every method, also where nobody expects one', async () => {
    const service = await startHashing()
    const { signer } = await service.issue()
    for (const [method, target] of [
      ['GET', '/v1/orders'],
      ['DELETE', '/v1/orders/1'],
    ] as const) {
      const request = await signer.sign({ method, target, body: ORDER })
      expect(await say(service.port, bytesOf(request))).toMatchObject({ status: 200, body: hashOf(ORDER) })
      const smuggled = { ...(await signer.sign({ method, target })), body: ORDER }
      expect(await say(service.port, bytesOf(smuggled))).toMatchObject({ status: 401 })
    }
  })

  it('reaches public routes as well, within the same limit', async () => {
    const service = await startHashing({ protect: { maxBodyBytes: 100 } })
    const post = (size: number) =>
      fetch(`${service.origin}/v1/echo`, { method: 'POST', body: bodyOf(size) as BodyInit })
    expect(await (await post(100)).text()).toBe(hashOf(bodyOf(100)))
    expect((await post(101)).status).toBe(413)
  })

  it('is hashed when it is whole where nobody can say its digest before, and on a public route not at all', async () => {
    let asked = 0
    let real: Verifier | undefined
    const bodyDigest = () => {
      asked++
      throw new Error('no digest')
    }
    const verify: Verifier['verify'] = (request, required) => (real as Verifier).verify(request, required)
    const service = await startHashing({ protect: { verifier: { verify, bodyDigest } as unknown as Verifier } })
    real = service.verifier
    const { signer } = await service.issue()
    const body = bodyOf(200 * KIB)
    const good = await signer.sign(order(body))
    expect(await say(service.port, bytesOf(good))).toMatchObject({ status: 200, body: hashOf(body) })
    const changed = { ...(await signer.sign(order(body))), body: body.with(150 * KIB, 1) }
    expect(await say(service.port, bytesOf(changed))).toMatchObject({ status: 401 })
    expect([asked, service.errors]).toEqual([2, []])
    const open = await fetch(`${service.origin}/v1/echo`, { method: 'POST', body: body as BodyInit })
    expect([await open.text(), asked]).toEqual([hashOf(body), 2])
  })
})

describe('A body above the limit', () => {
  const limited: ServiceOptions = { protect: { maxBodyBytes: 10 * KIB } }

  it('is refused from its announced length alone; one of exactly the limit passes', async () => {
    const service = await startHashing(limited)
    const { signer } = await service.issue()
    const fits = bodyOf(10 * KIB)
    expect(await say(service.port, bytesOf(await signer.sign(order(fits))))).toMatchObject({
      status: 200,
      body: hashOf(fits),
    })
    const announce = (length: number) =>
      `POST /v1/orders HTTP/1.1\r\nhost: api.example.com\r\ncontent-length: ${length}\r\n\r\n`
    const connection = open(service.port)
    connection.send(announce(20 * KIB + 1))
    const [answer] = await connection.answers(1)
    expect(answer).toMatchObject({ status: 413, headers: expect.objectContaining({ connection: 'close' }) })
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'request_too_large' })
    await connection.closed
    expect(service.decisions).toEqual([
      expect.objectContaining({ verdict: expect.objectContaining({ denial: 'request_too_large' }) }),
    ])
    // A little too long is read to its end and dropped, so that the sender’s next request gets through.
    const slightly = open(service.port)
    slightly.send(announce(20 * KIB))
    expect((await slightly.answers(1))[0]).toMatchObject({ status: 413 })
    slightly.send(Buffer.concat([bodyOf(20 * KIB), bytesOf(await signer.sign(order(fits)))]))
    expect((await slightly.answers(2))[1]).toMatchObject({ status: 200, body: hashOf(fits) })
  })

  it('is refused when chunks add up to it, and no more is read than the connection held already', async () => {
    const service = await startHashing(limited)
    const { signer } = await service.issue()
    const small = await signer.sign(order(bodyOf(10 * KIB)))
    const lines = linesOf(small).filter(([name]) => name !== 'content-length')
    const head = bytesOf({ ...small, body: new Uint8Array(0) }, [...lines, ['Transfer-Encoding', 'chunked']])
    let received = 0
    service.server.on('connection', socket => socket.on('close', () => (received = socket.bytesRead)))
    const connection = open(service.port)
    connection.send(head)
    const chunk = Buffer.concat([Buffer.from(`${(64 * KIB).toString(16)}\r\n`), bodyOf(64 * KIB), Buffer.from('\r\n')])
    let sent = 0
    // Never ends by itself: stops when the server takes no more and closes.
    const pump = setInterval(() => {
      if (connection.socket.writableLength > 1024 * KIB) return
      sent += chunk.length
      connection.send(chunk)
    }, 0)
    const [answer] = await connection.answers(1)
    await connection.closed
    clearInterval(pump)
    expect(answer).toMatchObject({ status: 413 })
    expect(service.reached).toEqual([])
    expect(sent).toBeGreaterThan(10 * KIB)
    await expect.poll(() => received).toBeGreaterThan(10 * KIB)
    expect(received).toBeLessThan(512 * KIB)
  })

  it('is told so before its sender has finished, whatever client it uses', async () => {
    const service = await startHashing(limited)
    const body = bodyOf(4 * 1024 * KIB)
    const stream = () =>
      new ReadableStream({
        start(controller) {
          for (let at = 0; at < body.length; at += 64 * KIB) controller.enqueue(body.subarray(at, at + 64 * KIB))
          controller.close()
        },
      })
    const init = { method: 'POST', body: stream(), duplex: 'half' } as RequestInit
    expect((await fetch(`${service.origin}/v1/echo`, init)).status).toBe(413)
    expect((await fetch(`${service.origin}/v1/echo`, { method: 'POST', body: body as BodyInit })).status).toBe(413)
    expect(
      (await fetch(`${service.origin}/v1/echo`, { method: 'POST', body: body.slice(0, 99) as BodyInit })).status,
    ).toBe(200)
  })
})

describe('An upload that breaks off', () => {
  it('does nothing, is nobody’s error, and leaves the server as it was', async () => {
    const service = await startHashing()
    const { signer } = await service.issue()
    const request = await signer.sign(order(bodyOf(50 * KIB)))
    const whole = bytesOf(request)
    const connection = open(service.port)
    const aborted = new Promise(resolve => service.server.once('request', req => req.once('close', resolve)))
    connection.send(whole.subarray(0, whole.length - 1))
    await new Promise(resolve => service.server.once('request', resolve))
    connection.socket.destroy()
    await aborted
    await new Promise(resolve => setImmediate(resolve))
    expect([service.reached, service.errors, service.decisions]).toEqual([[], [], []])
    // Its nonce was not used up: the very same bytes pass when they arrive whole.
    expect(await say(service.port, whole)).toMatchObject({ status: 200, body: hashOf(request.body) })
  })

  it('is noticed also where it broke off before protect ran', async () => {
    let settled = 0
    const service = await startHashing({
      around: inner => (req, res) => {
        req.once('error', () => undefined)
        req.once('close', async () => {
          await inner(req, res)
          settled++
        })
      },
    })
    const { signer } = await service.issue()
    const whole = bytesOf(await signer.sign(order(bodyOf(50 * KIB))))
    const connection = open(service.port)
    connection.send(whole.subarray(0, 1000))
    await new Promise(resolve => service.server.once('request', resolve))
    connection.socket.destroy()
    await expect.poll(() => settled).toBe(1)
    expect([service.reached, service.errors]).toEqual([[], []])
  })
})

describe('A body that somebody else took', () => {
  const readers: Record<string, (inner: RequestListener) => RequestListener> = {
    'a parser that read it to the end': inner => (req, res) => {
      req.resume().once('end', () => inner(req, res))
    },
    'a parser that has begun to read it': inner => (req, res) => {
      req.once('data', () => inner(req, res))
    },
    'a parser that gave up half way': inner => (req, res) => {
      req.once('data', () => {
        req.pause()
        inner(req, res)
      })
    },
    'a listener that is about to': inner => (req, res) => {
      req.on('data', () => undefined)
      inner(req, res)
    },
    'a decoder that turns it into text': inner => (req, res) => {
      req.setEncoding('utf8')
      inner(req, res)
    },
  }
  it.each(Object.entries(readers))(
    'is not guessed at: %s makes the answer 500, and says what to move',
    async (_title, around) => {
      const service = await startHashing({ around })
      const { signer } = await service.issue()
      const answer = await say(service.port, bytesOf(await signer.sign(order(ORDER))))
      expect([answer?.status, JSON.parse(answer?.body ?? '{}').code]).toEqual([500, 'internal_error'])
      expect(service.reached).toEqual([])
      const [error] = service.errors as ConfigError[]
      expect(error).toBeInstanceOf(ConfigError)
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', field: 'body' })
      expect(error?.message).toContain('before the body parser (app.use(express.json())')
      // A request without a body has lost nothing.
      const list = await signer.sign({ method: 'GET', target: '/v1/orders' })
      if (!around.toString().includes('data'))
        expect(await say(service.port, bytesOf(list))).toMatchObject({ status: 200 })
    },
  )

  it('is there whole for a middleware that only waits first', async () => {
    const service = await startHashing({
      around: inner => async (req, res) => {
        req.pause()
        await new Promise(resolve => setTimeout(resolve, 5))
        inner(req, res)
      },
    })
    const { signer } = await service.issue()
    const answer = await say(service.port, bytesOf(await signer.sign(order(bodyOf(90 * KIB)))))
    expect(answer).toMatchObject({ status: 200, body: hashOf(bodyOf(90 * KIB)) })
  })
})

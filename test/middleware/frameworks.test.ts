import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SignedRequest } from '../../src/client/index.js'
import { ConfigError, type Requirement, StoreError, type Verifier, type WireRequest } from '../../src/index.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { withArrivedDigest } from '../../src/verify/arriving-digest.js'
import { type Adapter, type ServiceOptions, startAdapter } from './adapters/adapter.js'
import { express4Adapter, express5Adapter } from './adapters/express.js'
import { fastifyAdapter } from './adapters/fastify.js'
import { honoAdapter } from './adapters/hono.js'
import { koaAdapter } from './adapters/koa.js'
import { nestExpressAdapter, nestFastifyAdapter } from './adapters/nest.js'
import { bytesOf, chunked, linesOf, open, type RawAnswer, say } from './wire.js'

const ADAPTERS = [
  ...[express5Adapter, express4Adapter, fastifyAdapter, honoAdapter, koaAdapter],
  ...[nestExpressAdapter, nestFastifyAdapter],
]

/** Not what `JSON.stringify` makes of what it means. */
const ORDER = new TextEncoder().encode('{ "side":"buy",\n "amount": 1.0 }')
const PARSED = { side: 'buy', amount: 1 }
const LIST = { method: 'GET', target: '/v1/orders' }
const PLACE = {
  method: 'POST',
  target: '/v1/orders?dry=1',
  headers: { 'content-type': 'application/json' },
  body: ORDER,
}

function codeOf(answer: RawAnswer | undefined): string {
  return `${answer?.status} ${JSON.parse(answer?.body ?? '{}').code}`
}

function chunkedBytes(request: SignedRequest, body: Uint8Array = request.body): Buffer {
  const lines = linesOf(request).filter(([name]) => name !== 'content-length')
  const head = bytesOf({ ...request, body: new Uint8Array(0) }, [...lines, ['Transfer-Encoding', 'chunked']])
  return Buffer.concat([head, chunked(body, body.length < 1000 ? 7 : 7000)])
}

/** The parser where it works: behind `protect`, or in front and keeping the bytes. */
function usual({ parsers }: Adapter): ServiceOptions {
  return { parser: parsers.includes('after') ? 'after' : 'keeping' }
}

describe.each(ADAPTERS.map(adapter => [adapter.name, adapter] as const))('%s', (_name, adapter) => {
  const start = (options: ServiceOptions = {}) => startAdapter(adapter, { ...usual(adapter), ...options })

  it('lets signed requests through; a body reaches the handler as bytes, and parsed', async () => {
    const service = await start()
    const { signer, key } = await service.issue()
    expect(await say(service.port, bytesOf(await signer.sign(LIST)))).toMatchObject({ status: 200 })
    const answer = await say(service.port, bytesOf(await signer.sign(PLACE)))
    expect(answer).toMatchObject({ status: 200 })
    expect(JSON.parse(answer?.body ?? '')).toEqual({ owner: 'owner-1', route: 'POST /v1/orders', parsed: PARSED })
    expect(service.reached[1]).toEqual({
      access: { principal: expect.objectContaining({ keyId: key.keyId }), route: 'POST /v1/orders', body: ORDER },
      parsed: PARSED,
    })
    const one = await say(service.port, bytesOf(await signer.sign({ method: 'GET', target: '/v1/orders/o-7' })))
    expect(JSON.parse(one?.body ?? '')).toMatchObject({ route: 'GET /v1/orders/:id', parsed: { id: 'o-7' } })
    expect(service.errors).toEqual([])
  })

  it('takes chunks, and refuses other bytes in them', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const good = await say(service.port, chunkedBytes(await signer.sign(PLACE)))
    expect([good?.status, service.reached[0]?.access?.body, service.reached[0]?.parsed]).toEqual([200, ORDER, PARSED])
    const bad = await say(service.port, chunkedBytes(await signer.sign(PLACE), ORDER.with(1, 0x09)))
    expect(codeOf(bad)).toBe('401 invalid_credentials')
    expect(service.reached.length).toBe(1)
  })

  it('ends a chunked request that has no body', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const request = await signer.sign({ ...PLACE, body: new Uint8Array(0) })
    // What a parser makes of nothing is its own affair; that there is an answer is ours.
    expect([200, 400, 500]).toContain((await say(service.port, chunkedBytes(request)))?.status)
  })

  it('refuses what was changed, repeated, unsigned or not permitted, as problem details', async () => {
    const service = await start()
    const { signer } = await service.issue({ permissions: ['read'] })
    const trader = await service.issue()
    const request = await signer.sign(LIST)
    const tampered = await say(service.port, bytesOf({ ...request, target: '/v1/orders?x=1' }))
    expect(codeOf(tampered)).toBe('401 invalid_credentials')
    expect(tampered?.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json/),
      'cache-control': 'no-store',
      'www-authenticate': 'API-Key error="invalid_credentials"',
      'access-control-allow-origin': 'https://shop.example',
    })
    expect(JSON.parse(tampered?.body ?? '')).toMatchObject({ status: 401, serverTime: service.clock() })
    const changed = {
      ...(await trader.signer.sign(PLACE)),
      body: new TextEncoder().encode('{"side":"sell","amount":9}'),
    }
    expect(codeOf(await say(service.port, bytesOf(changed)))).toBe('401 invalid_credentials')
    expect(await say(service.port, bytesOf(request))).toMatchObject({ status: 200 })
    expect(codeOf(await say(service.port, bytesOf(request)))).toBe('401 replayed')
    expect(codeOf(await say(service.port, bytesOf({ ...request, headers: {} })))).toBe('401 missing_credentials')
    expect(codeOf(await say(service.port, bytesOf(await signer.sign(PLACE))))).toBe('403 permission_denied')
    expect([service.reached.length, service.errors]).toEqual([1, []])
  })

  it('closes a route that is served and not declared, and opens a public one', async () => {
    const service = await start()
    const { signer } = await service.issue({ permissions: ['full'] })
    const hidden = { method: 'GET', target: '/v1/hidden' }
    expect(codeOf(await say(service.port, bytesOf(await signer.sign(hidden))))).toBe('403 route_not_declared')
    const nowhere = await say(service.port, bytesOf(await signer.sign({ method: 'GET', target: '/v1/nowhere' })))
    expect(nowhere?.status).toBe(adapter.judgesUnknown ? 403 : 404)
    expect(service.reached).toEqual([])
    const time = await fetch(`${service.origin}/v1/time`)
    expect(await time.json()).toMatchObject({ owner: null, route: 'GET /v1/time' })
  })

  it('answers HEAD without a body, allowed or refused', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const { headers } = await signer.sign({ method: 'HEAD', target: '/v1/orders' })
    const head = () => fetch(`${service.origin}/v1/orders`, { method: 'HEAD', headers })
    expect((await head()).status).toBe(200)
    const replayed = await head()
    expect([replayed.status, await replayed.text()]).toEqual([401, ''])
  })

  it('takes the digest of a large body while that arrives, and refuses another body', async () => {
    const taken: boolean[] = []
    let real: Verifier | undefined
    const verifier = {
      bodyDigest: (head: WireRequest) => real?.bodyDigest(head),
      verify(request: WireRequest, required: Requirement) {
        const { body } = request
        taken.push(typeof withArrivedDigest([{ digest: 'sha256', of: [body], as: 'hex' }], body)[0] === 'string')
        return real?.verify(request, required)
      },
    } as Verifier
    const service = await start({ protect: { verifier } })
    real = service.verifier
    const { signer } = await service.issue()
    // Below what parsers take.
    const large = { ...PLACE, body: new TextEncoder().encode(JSON.stringify({ x: 'x'.repeat(80_000) })) }
    for (const toBytes of [bytesOf, chunkedBytes]) {
      expect((await say(service.port, toBytes(await signer.sign(large))))?.status).toBe(200)
      const signed = await signer.sign(large)
      const changed = { ...signed, body: signed.body.with(70_000, 0x79) }
      expect(codeOf(await say(service.port, toBytes(changed)))).toBe('401 invalid_credentials')
    }
    // What is stale is refused without a digest, as what is small is judged.
    const stale = await signer.sign(large)
    service.clock.advance(60_000)
    expect(codeOf(await say(service.port, bytesOf(stale)))).toBe('401 timestamp_outside_window')
    expect((await say(service.port, bytesOf(await signer.sign(PLACE))))?.status).toBe(200)
    // Where a parser stands in front, the body is there before it is asked for.
    const arrives = adapter.parsers.includes('after')
    expect(taken).toEqual([arrives, arrives, arrives, arrives, false, false])
  })

  it('refuses a body above the limit, whether announced or not, and stays usable', async () => {
    const service = await start({ protect: { maxBodyBytes: 1000 } })
    const { signer } = await service.issue()
    const big = { ...PLACE, body: new TextEncoder().encode(JSON.stringify({ x: 'x'.repeat(1500) })) }
    expect(codeOf(await say(service.port, bytesOf(await signer.sign(big))))).toBe('413 request_too_large')
    expect(codeOf(await say(service.port, chunkedBytes(await signer.sign(big))))).toBe('413 request_too_large')
    expect(service.reached).toEqual([])
    expect(await say(service.port, bytesOf(await signer.sign(PLACE)))).toMatchObject({ status: 200 })
  })

  it('keeps a connection after a refusal', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const connection = open(service.port)
    connection.send(bytesOf({ ...(await signer.sign(PLACE)), target: '/v1/orders?dry=2' }))
    expect((await connection.answers(1))[0]?.status).toBe(401)
    connection.send(bytesOf(await signer.sign(PLACE)))
    expect((await connection.answers(2))[1]?.status).toBe(200)
    connection.send(bytesOf(await signer.sign(LIST)))
    expect((await connection.answers(3))[2]?.status).toBe(200)
    connection.socket.destroy()
  })

  it('invites a body that waits for 100 Continue', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const request = await signer.sign(PLACE)
    const connection = open(service.port)
    const lines: [string, string][] = [...linesOf(request), ['Expect', '100-continue']]
    connection.send(bytesOf({ ...request, body: new Uint8Array(0) }, lines))
    expect((await connection.heads(1))[0]).toBe('HTTP/1.1 100 Continue')
    connection.send(Buffer.from(request.body))
    expect((await connection.heads(2))[1]).toMatch(/^HTTP\/1.1 200 /)
    connection.socket.destroy()
  })

  it('does nothing about an upload that breaks off', async () => {
    const service = await start()
    const { signer } = await service.issue()
    const bytes = bytesOf(await signer.sign(PLACE))
    const connection = open(service.port)
    const arrived = new Promise(resolve => service.server.once('request', resolve))
    connection.send(bytes.subarray(0, bytes.length - 1))
    await arrived
    connection.socket.destroy()
    await new Promise(resolve => setTimeout(resolve, 30))
    expect([service.reached, service.errors]).toEqual([[], []])
    expect(await say(service.port, bytes)).toMatchObject({ status: 200 })
  })

  it('answers 503 to an outage and tells the host, and lets the error of a handler to the framework', async () => {
    const keys = createMemoryKeyStore()
    let isOut = false
    const failing = {
      ...keys,
      get: async (id: string) => {
        if (isOut) throw new StoreError('ERR_STORE_UNAVAILABLE', 'the store is out')
        return keys.get(id)
      },
    }
    const service = await start({ world: { keys: failing } })
    const { signer } = await service.issue()
    isOut = true
    const out = await say(service.port, bytesOf(await signer.sign(LIST)))
    expect([codeOf(out), out?.headers['retry-after']]).toEqual(['503 unavailable', '1'])
    expect(service.errors).toEqual([expect.any(StoreError)])
    isOut = false
    expect((await say(service.port, bytesOf(await signer.sign({ method: 'GET', target: '/v1/fails' }))))?.status).toBe(
      500,
    )
    expect(service.errors.length).toBe(1)
  })

  it('judges what was signed where routes are mounted elsewhere', async () => {
    const service = await start({ mount: '/deep/api/v2' })
    const { signer } = await service.issue()
    const there = { ...PLACE, target: '/deep/api/v2/orders' }
    expect(await say(service.port, bytesOf(await signer.sign(there)))).toMatchObject({ status: 200 })
    const { headers } = await signer.sign({ ...there, target: '/orders' })
    const moved = { ...(await signer.sign(there)), headers }
    expect(codeOf(await say(service.port, bytesOf(moved)))).toBe('401 invalid_credentials')
  })

  it('knows the address of the client by a header of its proxy alone', async () => {
    const clientIp = {
      resolve: (peer: string | undefined, headers: Readonly<Record<string, string | readonly string[] | undefined>>) =>
        peer === '127.0.0.1' && typeof headers['x-real-ip'] === 'string' ? headers['x-real-ip'] : undefined,
      explain: () => ({ address: undefined, reason: '', hops: [] }),
    }
    const service = await start({ protect: { clientIp } })
    const { signer } = await service.issue({ ipAllowlist: ['203.0.113.7'] })
    const from = async (...ips: string[]) => {
      const request = await signer.sign(LIST)
      const lines: [string, string][] = ips.map(ip => ['X-Real-IP', ip])
      return say(service.port, bytesOf(request, [...linesOf(request), ...lines]))
    }
    expect(await from('203.0.113.7')).toMatchObject({ status: 200 })
    expect(codeOf(await from('203.0.113.8'))).toBe('403 ip_not_allowed')
    expect(codeOf(await from())).toBe('403 ip_not_allowed')
    expect(codeOf(await from('203.0.113.7', '203.0.113.7'))).toBe('403 ip_not_allowed')
    const peer = await start()
    const local = await peer.issue({ ipAllowlist: ['127.0.0.1'] })
    expect(await say(peer.port, bytesOf(await local.signer.sign(LIST)))).toMatchObject({ status: 200 })
  })

  it('never guesses at a body that a parser has read: 500, and the line to change', async () => {
    if (!adapter.parsers.includes('before')) return
    const service = await start({ parser: 'before' })
    const { signer } = await service.issue()
    const answer = await say(service.port, bytesOf(await signer.sign(PLACE)))
    expect(codeOf(answer)).toBe('500 internal_error')
    expect(service.reached).toEqual([])
    const [error] = service.errors as ConfigError[]
    expect(error).toBeInstanceOf(ConfigError)
    expect(error?.message).toMatch(/put app\.use|rawBody: true|call protect first/)
    expect(await say(service.port, bytesOf(await signer.sign(LIST)))).toMatchObject({ status: 200 })
  })

  it('holds a large body once, and hands over the same bytes', async () => {
    const service = await start({
      protect: { maxBodyBytes: 4_000_000 },
      world: { verifier: { maxBodyBytes: 4_000_000 } },
    })
    const { signer } = await service.issue()
    const body = new TextEncoder().encode(JSON.stringify({ x: 'x'.repeat(3_000_000) }))
    // Parsers of frameworks have limits of their own; but a GET has no body where requests are those of fetch.
    const method = adapter === honoAdapter ? 'POST' : 'GET'
    const request = await signer.sign({ method, target: '/v1/orders', body })
    expect(await say(service.port, bytesOf(request))).toMatchObject({ status: 200 })
    const held = service.reached[0]?.access?.body as Uint8Array
    expect(createHash('sha256').update(held).digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
  })
})

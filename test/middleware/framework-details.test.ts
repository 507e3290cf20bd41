import 'reflect-metadata'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createAdaptorServer } from '@hono/node-server'
import { Controller, Get, HttpException, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Request } from 'express'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigError, defineRoutes, publicRoute } from '../../src/index.js'
import { keepRawBody, protect as protectExpress } from '../../src/middleware/express.js'
import { protect as protectFastify } from '../../src/middleware/fastify.js'
import { protect as protectFetch } from '../../src/middleware/fetch.js'
import { type ProtectedVariables, protect as protectHono } from '../../src/middleware/hono.js'
import { type ProtectedState, protect as protectKoa } from '../../src/middleware/koa.js'
import { protect as protectNest, Requires } from '../../src/middleware/nest.js'
import { protect as protectNode } from '../../src/middleware/node.js'
import { createWorld, permissions } from '../world.js'
import { decorate } from './adapters/nest.js'
import { bytesOf, linesOf, open, type RawAnswer, say } from './wire.js'

const routes = defineRoutes(permissions, {
  'OPTIONS /v1/orders': publicRoute,
  'GET /v1/orders': 'read',
  'POST /v1/orders': 'trade',
})
const ORDER = new TextEncoder().encode('{"amount": 1.0}')
const JSON_TYPE = { 'content-type': 'application/json' }
const PLACE = { method: 'POST', target: '/v1/orders', headers: JSON_TYPE, body: ORDER }
const LIST = { method: 'GET', target: '/v1/orders' }

function createHouse() {
  const world = createWorld()
  const errors: unknown[] = []
  const options = { verifier: world.verifier, routes, onError: (error: unknown) => void errors.push(error) }
  return { ...world, errors, options }
}

async function listen(listener: RequestListener | Server): Promise<number> {
  const server = typeof listener === 'function' ? createServer(listener) : listener
  if (!server.listening) await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

const codeOf = (answer: RawAnswer | undefined) => `${answer?.status} ${JSON.parse(answer?.body ?? '{}').code}`

describe('A protect behind another protect', () => {
  it.each(['Express', 'Koa', 'Hono'])('is a mistake that is told, with %s', async name => {
    const { options, errors, issue } = createHouse()
    const apps: Record<string, () => RequestListener | Server> = {
      Express: () => express().use(protectExpress(options)).use('/v1', protectExpress(options)),
      Koa: () => new Koa().use(protectKoa(options)).use(protectKoa(options)).callback(),
      Hono: () =>
        createAdaptorServer(new Hono().use(protectHono(options)).use('/v1/*', protectHono(options))) as Server,
    }
    const port = await listen(apps[name]?.() as Server)
    const { signer } = await issue()
    expect(codeOf(await say(port, bytesOf(await signer.sign(LIST))))).toBe('500 internal_error')
    expect(errors).toEqual([expect.any(ConfigError)])
    expect(String(errors[0])).toContain('protect stands twice in front of this route')
  })
})

describe('A compressed body', () => {
  const packed = new Uint8Array(gzipSync(ORDER))
  const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }

  it('is judged as it was sent, and unpacked by the parser behind protect', async () => {
    const { options, issue } = createHouse()
    const app = express().use(protectExpress(options)).use(express.json())
    app.post('/v1/orders', (req, res) => void res.json({ body: req.body, bytes: req.access?.body.length }))
    const port = await listen(app)
    const { signer } = await issue()
    const answer = await say(port, bytesOf(await signer.sign({ ...PLACE, headers, body: packed })))
    expect(JSON.parse(answer?.body ?? '')).toEqual({ body: { amount: 1 }, bytes: packed.length })
    // Signed before it was packed: other bytes than those that came.
    const { headers: signed } = await signer.sign({ ...PLACE, headers })
    const repacked = { ...(await signer.sign({ ...PLACE, headers, body: packed })), headers: signed }
    expect(codeOf(await say(port, bytesOf(repacked)))).toBe('401 invalid_credentials')
  })

  it('that a parser in front has unpacked is refused, whatever it keeps; with inflate: false the parser does', async () => {
    const { options, errors, issue } = createHouse()
    const { signer } = await issue()
    for (const parser of [{ verify: keepRawBody }, { verify: keepRawBody, inflate: false }]) {
      const port = await listen(express().use(express.json(parser)).use(protectExpress(options)))
      const answer = await say(port, bytesOf(await signer.sign({ ...PLACE, headers, body: packed })))
      expect(answer?.status).toBe('inflate' in parser ? 415 : 500)
      const unpacked = { ...(await signer.sign({ ...PLACE, headers })), body: packed }
      expect((await say(port, bytesOf(unpacked)))?.status).toBe('inflate' in parser ? 415 : 500)
    }
    expect(errors.map(String)).toEqual(Array(2).fill(expect.stringContaining('add inflate: false')))
  })
})

describe('A body that a parser in front has kept', () => {
  it('counts against the limit', async () => {
    const { options, issue } = createHouse()
    const app = express().use(express.json({ verify: keepRawBody }))
    const port = await listen(app.use(protectExpress({ ...options, maxBodyBytes: 10 })))
    const { signer } = await issue()
    expect(codeOf(await say(port, bytesOf(await signer.sign(PLACE))))).toBe('413 request_too_large')
  })
})

describe('A proxy that rewrites the beginning of the path', () => {
  const pathPrefix = { public: '/exchange', received: '/api' }
  const declared = defineRoutes(permissions, { 'GET /exchange/v1/orders': 'read', 'GET /exchange': 'read' })

  it('is undone: what clients signed is judged, and the framework serves what came', async () => {
    const { options, issue } = createHouse()
    const app = express().use(protectExpress({ ...options, routes: declared, pathPrefix }))
    app.get('/api/v1/orders', (req, res) => void res.json(req.access?.route))
    const port = await listen(app)
    const { signer } = await issue()
    const send = async (signed: string, received: string) => {
      const request = await signer.sign({ method: 'GET', target: signed })
      return say(port, bytesOf({ ...request, target: received }))
    }
    expect((await send('/exchange/v1/orders?a=1', '/api/v1/orders?a=1'))?.body).toBe('"GET /exchange/v1/orders"')
    expect(codeOf(await send('/api/v1/orders', '/api/v1/orders'))).toBe('401 invalid_credentials')
    expect((await send('/exchange?a', '/api?a'))?.status).toBe(404)
    // What did not come by way of the proxy.
    for (const received of ['/exchange/v1/orders', '/v1/orders', '/apiv1/orders', '/api-x/v1/orders']) {
      expect(codeOf(await send('/exchange/v1/orders', received))).toBe('403 route_not_declared')
    }
  })

  it('may take a part away, or add one', async () => {
    const { options, issue } = createHouse()
    const { signer } = await issue()
    const serve = (prefix: { public: string; received: string }, path: string) =>
      listen(
        protectNode(
          { ...options, routes: defineRoutes(permissions, { [`GET ${path}`]: 'read' } as never), pathPrefix: prefix },
          (_req, res) => void res.end(),
        ),
      )
    const away = await serve({ public: '/exchange', received: '' }, '/exchange/v1')
    const request = await signer.sign({ method: 'GET', target: '/exchange/v1' })
    expect((await say(away, bytesOf({ ...request, target: '/v1' })))?.status).toBe(200)
    expect(codeOf(await say(away, bytesOf(request)))).toBe('403 route_not_declared')
    const added = await serve({ public: '', received: '/api' }, '/v1')
    const plain = await signer.sign({ method: 'GET', target: '/v1' })
    expect((await say(added, bytesOf({ ...plain, target: '/api/v1' })))?.status).toBe(200)
    expect(codeOf(await say(added, bytesOf(plain)))).toBe('403 route_not_declared')
  })

  it.each([
    [{ public: '/a' }, "needs the option 'received'"],
    [{ public: '/a', received: '/b/' }, 'received'],
    [{ public: 'a', received: '' }, 'public'],
    [{ public: '/a/../b', received: '' }, 'public'],
    [{ public: '/a%20', received: '' }, 'public'],
    [{ public: '/a', received: '/a' }, 'pathPrefix'],
    [{ public: '/a', received: '', strip: true }, 'strip'],
  ])('is not described by %j', (prefix, said) => {
    const { options } = createHouse()
    expect(() => protectExpress({ ...options, pathPrefix: prefix as typeof pathPrefix })).toThrow(said)
  })
})

describe('A preflight', () => {
  it('is answered in front of protect, or where it is declared; refusals keep the headers set in front', async () => {
    const { options } = createHouse()
    const app = express().use((_req, res, next) => {
      res.setHeader('access-control-allow-origin', 'https://shop.example')
      next()
    })
    app.use(protectExpress(options)).options('/v1/orders', (_req, res) => void res.status(204).end())
    const origin = `http://127.0.0.1:${await listen(app)}`
    expect((await fetch(`${origin}/v1/orders`, { method: 'OPTIONS' })).status).toBe(204)
    const other = await fetch(`${origin}/v1/other`, { method: 'OPTIONS' })
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([403, 'https://shop.example'])
  })
})

describe('A client that waits for 100 Continue', () => {
  it('is refused before it sends, where the server asks protect first', async () => {
    const { options, issue } = createHouse()
    const listener = protectNode({ ...options, maxBodyBytes: 20 }, (_req, res) => void res.end('done'))
    const server = createServer(listener).on('checkContinue', listener)
    const port = await listen(server)
    const { signer } = await issue()
    const talk = async (body: Uint8Array) => {
      const request = await signer.sign({ ...PLACE, body })
      const connection = open(port)
      const head: [string, string][] = [...linesOf(request), ['Expect', '100-continue']]
      connection.send(bytesOf({ ...request, body: new Uint8Array(0) }, head))
      const first = (await connection.heads(1))[0] ?? ''
      if (!first.includes('100')) return first.slice(0, 12)
      connection.send(Buffer.from(body))
      return `100, ${(await connection.heads(2))[1]?.slice(0, 12)}`
    }
    expect(await talk(ORDER)).toBe('100, HTTP/1.1 200')
    expect(await talk(new Uint8Array(30))).toBe('HTTP/1.1 413')
  })
})

describe('The address of the client', () => {
  it('is what clientIp says of the framework’s own request', async () => {
    const { options, issue } = createHouse()
    const { signer } = await issue({ ipAllowlist: ['203.0.113.7'] })
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    const trusting = express().set('trust proxy', '127.0.0.1')
    trusting.use(protectExpress({ ...options, clientIp: (req: Request) => req.ip }))
    const app = fastify({ trustProxy: '127.0.0.1' })
    await app.register(protectFastify, { ...options, undeclared: 'report', clientIp: request => request.ip })
    app.get('/v1/orders', async request => request.principal?.owner)
    await app.listen({ port: 0, host: '127.0.0.1' })
    for (const port of [await listen(trusting), await listen(app.server)]) {
      const { headers } = await signer.sign(LIST)
      const send = (more: object) => fetch(`http://127.0.0.1:${port}/v1/orders`, { headers: { ...headers, ...more } })
      expect((await send({})).status).toBe(403)
      expect([200, 404]).toContain((await send(forwarded)).status)
    }
  })

  it('comes from peer where requests do not know it', async () => {
    const { options, issue } = createHouse()
    const { signer } = await issue({ ipAllowlist: ['203.0.113.7'] })
    const seen: unknown[] = []
    const clientIp = {
      resolve: (peer: string | undefined, headers: object) => {
        seen.push([peer, Object.keys(headers).includes('x-api-key')])
        return peer
      },
      explain: () => ({ address: undefined, reason: '', hops: [] }),
    }
    const peer = (_request: globalThis.Request, info: { readonly address: string }) => info.address
    const app = protectFetch({ ...options, clientIp, peer }, () => new Response('done'))
    const hono = new Hono<{ Bindings: { address: string } }>()
    hono.use(
      protectHono({ ...options, peer: (c: { env: unknown }) => (c.env as { address: string }).address } as never),
    )
    hono.get('/v1/orders', c => c.text('done'))
    for (const [address, status] of [
      ['203.0.113.7', 200],
      ['203.0.113.8', 403],
    ] as const) {
      const request = async () => {
        const { headers } = await signer.sign(LIST)
        return new globalThis.Request('https://api.example.com/v1/orders', { headers })
      }
      expect((await app(await request(), { address })).status).toBe(status)
      expect((await hono.fetch(await request(), { address })).status).toBe(status)
    }
    expect(seen).toEqual([
      ['203.0.113.7', true],
      ['203.0.113.8', true],
    ])
    const unknown = protectFetch(options, () => new Response('done'))
    const { headers } = await signer.sign(LIST)
    expect((await unknown(new globalThis.Request('https://x/v1/orders', { headers }))).status).toBe(403)
  })

  it('is asked for with the right options only', () => {
    const { options } = createHouse()
    const handler = () => new Response()
    for (const clientIp of ['x-forwarded-for', {}, null, true]) {
      expect(() => protectFetch({ ...options, clientIp: clientIp as never }, handler)).toThrow("option 'clientIp'")
    }
    expect(() => protectFetch({ ...options, peer: '1.2.3.4' as never }, handler)).toThrow("option 'peer'")
    expect(() => protectExpress({ ...options, peer: () => '1.2.3.4' } as never)).toThrow("no option 'peer'")
    expect(() => protectKoa({ ...options, routes: undefined } as never)).toThrow("needs the option 'routes'")
  })
})

describe('What a handler is told', () => {
  it('has types in every framework', async () => {
    const { options, issue } = createHouse()
    const { signer } = await issue()
    const koa = new Koa<ProtectedState>().use(protectKoa(options)).use(ctx => {
      ctx.body = ctx.state.principal?.owner
    })
    const hono = new Hono<{ Variables: ProtectedVariables }>().use(protectHono(options))
    hono.get('/v1/orders', c => c.text(c.var.principal?.owner ?? c.get('access').route))
    for (const port of [await listen(koa.callback()), await listen(createAdaptorServer(hono) as Server)]) {
      expect((await say(port, bytesOf(await signer.sign(LIST))))?.body).toContain('owner-1')
    }
  })
})

describe('Nest', () => {
  class Orders {
    list(): string {
      return 'listed'
    }
    decorated(): string {
      return 'decorated'
    }
  }
  decorate(Orders.prototype, 'list', [Get('orders')])
  decorate(Orders.prototype, 'decorated', [Get('decorated'), Requires('trade')])
  Controller('v1')(Orders)
  class App {}
  Module({ controllers: [Orders] })(App)

  const serve = async (options: Parameters<typeof protectNest>[0]) => {
    const app = await NestFactory.create(App, { logger: false, rawBody: true })
    app.useGlobalGuards(protectNest(options))
    await app.listen(0, '127.0.0.1')
    onTestFinished(() => app.close())
    return (app.getHttpServer().address() as AddressInfo).port
  }

  it('takes what handlers need from a table, where they do not say it themselves', async () => {
    const { options, issue } = createHouse()
    const { signer } = await issue({ permissions: ['read'] })
    const trader = await issue()
    const decorated = { method: 'GET', target: '/v1/decorated' }
    const port = await serve({ ...options, HttpException })
    expect((await say(port, bytesOf(await signer.sign(LIST))))?.body).toBe('listed')
    expect(codeOf(await say(port, bytesOf(await signer.sign(decorated))))).toBe('403 permission_denied')
    expect((await say(port, bytesOf(await trader.signer.sign(decorated))))?.body).toBe('decorated')
  })

  it('takes no need from two places, and no permission that is none', async () => {
    const { options, errors, issue } = createHouse()
    const { signer } = await issue()
    const both = defineRoutes(permissions, { 'GET /v1/decorated': 'read' })
    const port = await serve({ ...options, routes: both, HttpException })
    const request = await signer.sign({ method: 'GET', target: '/v1/decorated' })
    expect(codeOf(await say(port, bytesOf(request)))).toBe('500 internal_error')
    expect(String(errors[0])).toContain('leave one out')
    expect(() => protectNest({ ...options } as never)).toThrow("option 'HttpException'")
  })

  it('lets no message through that is not HTTP', async () => {
    const { options } = createHouse()
    const guard = protectNest({ ...options, HttpException })
    const context = { getType: () => 'rpc', getHandler: () => ({}), getClass: () => ({}), switchToHttp: () => ({}) }
    expect(await guard.canActivate(context as never)).toBe(false)
  })
})

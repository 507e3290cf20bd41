import 'reflect-metadata'
import Router from '@koa/router'
import { Controller, Get, HttpException, Module, Post } from '@nestjs/common'
import { ModulesContainer, NestFactory } from '@nestjs/core'
import type { Express } from 'express'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { anyPermission, defineRoutes, publicRoute } from '../../src/index.js'
import { checkRoutes as checkExpress, protect as protectExpress } from '../../src/middleware/express.js'
import { protect as protectFastify } from '../../src/middleware/fastify.js'
import { checkRoutes as checkHono, protect as protectHono } from '../../src/middleware/hono.js'
import { checkRoutes as checkKoa, protect as protectKoa } from '../../src/middleware/koa.js'
import { checkRoutes as checkNest, protect as protectNest, Requires } from '../../src/middleware/nest.js'
import { createWorld, permissions } from '../world.js'
import { express4 } from './adapters/express.js'
import { decorate } from './adapters/nest.js'

const routes = defineRoutes(permissions, {
  'GET /v1/time': publicRoute,
  'GET /v1/orders/:id': 'read',
  'POST /v1/orders': 'trade',
})
const { verifier } = createWorld()
const options = { verifier, routes, onError: () => undefined }
const nothing = (): undefined => undefined

/** What was said, without the beginning. */
function saidBy(check: () => void): string {
  try {
    check()
  } catch (error) {
    return String(error)
  }
  return ''
}

const CLOSED = (names: string) =>
  `these routes are not declared, so nobody may call them: add them to defineRoutes: ${names}`
const OPEN = (names: string) =>
  `these routes stand before protect, so everybody may call them: move protect up: ${names}`

describe.each([
  ['5', express],
  ['4', express4],
] as const)('checkRoutes for Express %s', (_version, make) => {
  const build = (add: (app: Express, router: ReturnType<typeof make.Router>) => void): string => {
    const app = make()
    app.use(make.json())
    const router = make.Router()
    add(app, router)
    return saidBy(() => checkExpress(app, routes))
  }

  it('is content with routes that are declared, mounted or not', () => {
    expect(
      build((app, router) => {
        app.get('/health', nothing)
        app.get('/v1/time', nothing)
        app.use(protectExpress(options))
        router.post('/orders', nothing)
        router.get('/orders/:orderId', nothing)
        app.use('/v1', router)
      }),
    ).toBe('')
    expect(saidBy(() => checkExpress(make(), routes))).toBe('')
  })

  it('names those that are not, wherever they are mounted', () => {
    const said = build((app, router) => {
      app.use(protectExpress(options))
      app.post(['/a', '/b'], nothing)
      app.all('/any', nothing)
      router.post('/order', nothing)
      app.use('/v1', router)
      app.use('/t/:tenant', router)
    })
    expect(said).toContain(CLOSED('POST /a, POST /b, ALL /any, POST /v1/order, POST /t/:tenant/order'))
  })

  it('names declared ones that are reached before protect, and lets the guard of a router count', () => {
    expect(
      build(app => {
        app.post('/v1/orders', nothing)
        app.use(protectExpress(options))
      }),
    ).toContain(OPEN('POST /v1/orders'))
    expect(
      build((app, router) => {
        router.use(protectExpress(options))
        router.post('/orders', nothing)
        app.use('/v1', router)
        app.get('/v1/orders/:id', protectExpress(options), nothing)
        app.post('/v10/orders', nothing)
      }),
    ).toBe('')
    expect(
      build((app, router) => {
        app.use('/other', protectExpress(options))
        router.post('/orders', nothing)
        app.use('/v1', router)
      }),
    ).toContain(OPEN('POST /v1/orders'))
  })

  it('compares what clients see, where a proxy rewrites the beginning', () => {
    const app = make()
    app.use(protectExpress(options))
    app.post('/api/orders', nothing)
    expect(saidBy(() => checkExpress(app, routes))).toContain('POST /api/orders')
    const pathPrefix = { public: '/v1', received: '/api' }
    expect(saidBy(() => checkExpress(app, routes, { pathPrefix }))).toBe('')
  })
})

describe('Fastify, when it gets ready,', () => {
  it('is content with routes that are declared, with what comes of them', async () => {
    const app = fastify()
    await app.register(protectFastify, options)
    await app.register(
      async scope => {
        scope.get('/orders/:id', nothing)
        scope.post('/orders', nothing)
      },
      { prefix: '/v1' },
    )
    await expect(app.ready()).resolves.toBeDefined()
  })

  it('names those that are not, or reports them', async () => {
    const reported: unknown[] = []
    const serve = async (more: object) => {
      const app = fastify()
      await app.register(protectFastify, { ...options, onError: error => reported.push(error), ...more })
      app.post('/v1/order', nothing)
      return app.ready()
    }
    await expect(serve({})).rejects.toThrow(CLOSED('POST /v1/order'))
    expect(reported).toEqual([])
    await expect(serve({ undeclared: 'report' })).resolves.toBeDefined()
    expect(String(reported[0])).toContain('POST /v1/order')
    await expect(serve({ undeclared: 'ignore' })).rejects.toThrow('undeclared')
  })

  it('refuses what came before protect, which it cannot guard, and a second protect', async () => {
    const early = fastify()
    early.get('/v1/time', nothing)
    await expect(early.register(protectFastify, options)).rejects.toThrow(
      /were added before protect: put `await app\.register\(protect, …\)` before the first route.*time/,
    )
    const twice = fastify()
    await twice.register(protectFastify, options)
    await expect(twice.register(async scope => void (await scope.register(protectFastify, options)))).rejects.toThrow(
      'registered twice',
    )
  })

  it('guards a part of an application alone, beside parts that it does not', async () => {
    const app = fastify()
    app.get('/health', async () => 'well')
    await app.register(async scope => {
      await scope.register(protectFastify, options)
      scope.get('/v1/orders/:id', async () => 'never')
    })
    expect((await app.inject('/health')).body).toBe('well')
    expect((await app.inject('/v1/orders/1')).statusCode).toBe(401)
  })
})

describe('checkRoutes for Hono', () => {
  it('is content, names what is not declared, and what stands before protect', () => {
    const guarded = (path: string) => {
      const app = new Hono()
      app.get('/health', c => c.text(''))
      app.use(protectHono(options))
      return app.route(
        '/v1',
        new Hono().post(path, c => c.text('')),
      )
    }
    expect(saidBy(() => checkHono(guarded('/orders'), routes))).toBe('')
    expect(saidBy(() => checkHono(guarded('/order'), routes))).toContain(CLOSED('POST /v1/order'))
    const late = new Hono().post('/v1/orders', c => c.text(''))
    late.use(protectHono(options))
    expect(saidBy(() => checkHono(late, routes))).toContain(OPEN('POST /v1/orders'))
    const elsewhere = new Hono().use('/other/*', protectHono(options)).post('/v1/orders', c => c.text(''))
    expect(saidBy(() => checkHono(elsewhere, routes))).toContain(OPEN('POST /v1/orders'))
  })
})

describe('checkRoutes for Koa', () => {
  const routerOf = (path: string) => {
    const router = new Router({ prefix: '/v1' })
    router.post(path, nothing)
    return router
  }

  it('is content, names what is not declared, and what stands before protect', () => {
    const good = new Koa().use(protectKoa(options)).use(routerOf('/orders').routes())
    expect(saidBy(() => checkKoa(good, routes))).toBe('')
    const bad = new Koa().use(protectKoa(options)).use(routerOf('/order').routes())
    expect(saidBy(() => checkKoa(bad, routes))).toContain(CLOSED('POST /v1/order'))
    const late = new Koa().use(routerOf('/orders').routes()).use(protectKoa(options))
    expect(saidBy(() => checkKoa(late, routes))).toContain(OPEN('POST /v1/orders'))
  })

  it('takes one router, and sees a protect that it uses itself', () => {
    expect(saidBy(() => checkKoa(routerOf('/order'), routes))).toContain(CLOSED('POST /v1/order'))
    const router = new Router({ prefix: '/v1' })
    router.use(protectKoa(options))
    router.post('/orders', nothing)
    expect(saidBy(() => checkKoa(new Koa().use(router.routes()), routes))).toBe('')
    router.post('/order', nothing)
    expect(saidBy(() => checkKoa(new Koa().use(router.routes()), routes))).toContain(CLOSED('POST /v1/order'))
  })
})

describe('checkRoutes for Nest', () => {
  class Base {
    inherited(): void {}
  }
  class Orders extends Base {
    open(): void {}
    list(): void {}
    forgotten(): void {}
    notHandler(): void {}
  }
  class Guarded {
    any(): void {}
  }
  decorate(Base.prototype, 'inherited', [Get('inherited')])
  decorate(Orders.prototype, 'open', [Get('open'), Requires(publicRoute)])
  decorate(Orders.prototype, 'list', [Get('list'), Requires('read', 'trade')])
  decorate(Orders.prototype, 'forgotten', [Post('forgotten')])
  decorate(Guarded.prototype, 'any', [Get('any')])
  Controller('v1')(Orders)
  Controller('v2')(Guarded)
  Requires(anyPermission)(Guarded)
  class App {}
  Module({ controllers: [Orders, Guarded] })(App)

  it('names handlers without @Requires, unless a table says what they need', async () => {
    const app = await NestFactory.create(App, { logger: false })
    const modules = app.get(ModulesContainer)
    const { routes: _routes, ...alone } = options
    const said = saidBy(() => checkNest(modules, protectNest({ ...alone, HttpException })))
    expect(said).toContain(
      "have no @Requires, so nobody may call them: add @Requires('…'): Orders.forgotten, Orders.inherited",
    )
    expect(saidBy(() => checkNest(modules, protectNest({ ...options, HttpException })))).toBe('')
    await app.close()
  })

  it('takes no requirement that requires nothing', () => {
    const loose = Requires as unknown as (...needed: unknown[]) => MethodDecorator
    for (const needed of [[], ['read', publicRoute], [undefined], [publicRoute, anyPermission], [['read']]]) {
      expect(() => loose(...needed)).toThrow('Requires: name permissions')
    }
  })
})

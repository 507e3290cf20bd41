import 'reflect-metadata'
import { Body, Controller, Get, HttpCode, HttpException, Module, Param, Post, Req } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { publicRoute } from '../../../src/index.js'
import { type NestRequest, protect, Requires } from '../../../src/middleware/nest.js'
import type { Adapter, Setup } from './adapter.js'

/** Applies decorators as TypeScript would: the last one first. */
export function decorate(target: object, name: string, decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor
  for (const decorator of decorators.toReversed()) decorator(target, name, descriptor)
  Object.defineProperty(target, name, descriptor)
}

/** Controller and module of the routes that every adapter serves. */
function moduleOf({ reach }: Pick<Setup, 'reach'>): object {
  class Orders {
    time(request: NestRequest): object {
      return reach(request.access, undefined)
    }
    list(request: NestRequest): object {
      return reach(request.access, undefined)
    }
    get(request: NestRequest, params: unknown): object {
      return reach(request.access, params)
    }
    place(request: NestRequest, body: unknown): object {
      return reach(request.access, body)
    }
    hidden(request: NestRequest): object {
      return reach(request.access, undefined)
    }
    fails(): void {
      throw new Error('the handler failed')
    }
  }
  const { prototype } = Orders
  for (const name of ['time', 'list', 'get', 'place', 'hidden'] as const) Req()(prototype, name, 0)
  Param()(prototype, 'get', 1)
  Body()(prototype, 'place', 1)
  decorate(prototype, 'time', [Get('time'), Requires(publicRoute)])
  decorate(prototype, 'list', [Get('orders'), Requires('read')])
  decorate(prototype, 'get', [Requires('read'), Get('orders/:id')])
  decorate(prototype, 'place', [Post('orders'), HttpCode(200), Requires('trade')])
  decorate(prototype, 'hidden', [Get('hidden')])
  decorate(prototype, 'fails', [Get('fails'), Requires('read')])
  Controller()(Orders)
  class App {}
  Module({ controllers: [Orders] })(App)
  return App
}

function nestAdapter(name: string, makePlatform: () => AbstractHttpAdapter): Adapter {
  return {
    name,
    parsers: ['before', 'keeping'],
    judgesUnknown: false,
    async serve(setup) {
      const { routes: _routes, ...options } = setup.protect
      const app = await NestFactory.create(moduleOf(setup), makePlatform(), {
        logger: false,
        rawBody: setup.parser !== 'before',
      })
      app.enableCors({ origin: 'https://shop.example' })
      app.setGlobalPrefix(setup.mount)
      app.useGlobalGuards(protect({ ...options, HttpException }))
      await app.listen(0, '127.0.0.1')
      return app.getHttpServer()
    },
  }
}

export const nestExpressAdapter: Adapter = nestAdapter('Nest on Express', () => new ExpressAdapter())
export const nestFastifyAdapter: Adapter = nestAdapter('Nest on Fastify', () => new FastifyAdapter())

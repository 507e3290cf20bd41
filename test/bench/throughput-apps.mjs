/**
 * The same small server on each framework: `GET /v1/orders/:id` and `POST /v1/bodies`, with the body parser that its
 * users have, behind `protect` or without it.
 */

import 'reflect-metadata'
import { createServer } from 'node:http'
import { serve } from '@hono/node-server'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import { Controller, Get, HttpException, Module, Param, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { middleware } from './library.mjs'

/** What the protected servers are told of the routes. */
export const ROUTES = { 'GET /v1/orders/:id': 'read', 'POST /v1/bodies': 'read' }

const HOST = '127.0.0.1'

/**
 * Each starts a server and resolves with its port. `options` are those of `protect`; without them nothing is judged.
 *
 * @type {Readonly<Record<string, (options?: object) => Promise<number>>>}
 */
export const APPS = {
  node(options) {
    const handler = (req, res) => {
      const answer = id => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }))
      if (req.method === 'POST') return drop(req).then(() => answer('body'))
      answer(idIn(req.url))
    }
    return listen(createServer(options === undefined ? handler : middleware.node.protect(options, handler)))
  },

  fetch(options) {
    const handler = async request => {
      if (request.method === 'POST' && !request.bodyUsed) await drop(request.body)
      return Response.json({ id: idIn(request.url) })
    }
    const peer = (_request, { incoming }) => incoming.socket.remoteAddress
    return serveFetch(options === undefined ? handler : middleware.fetch.protect({ ...options, peer }, handler))
  },

  express(options) {
    const app = express()
    if (options !== undefined) app.use(middleware.express.protect(options))
    app.use(express.json())
    app.get('/v1/orders/:id', (req, res) => res.json({ id: req.params.id }))
    app.post('/v1/bodies', (req, res) => drop(req).then(() => res.json({ id: 'body' })))
    return listen(createServer(app))
  },

  async fastify(options) {
    const app = Fastify({ bodyLimit: 2 ** 30 })
    if (options !== undefined) await app.register(middleware.fastify.protect, options)
    // Takes bodies of any type without keeping them.
    app.addContentTypeParser('*', (_request, payload) => drop(payload))
    app.get('/v1/orders/:id', async ({ params }) => ({ id: params.id }))
    app.post('/v1/bodies', async () => ({ id: 'body' }))
    await app.listen({ host: HOST, port: 0 })
    return app.server.address().port
  },

  hono(options) {
    const app = new Hono()
    if (options !== undefined) app.use(middleware.hono.protect(options))
    app.get('/v1/orders/:id', c => c.json({ id: c.req.param('id') }))
    app.post('/v1/bodies', c => drop(c.req.raw.body).then(() => c.json({ id: 'body' })))
    return serveFetch(app.fetch)
  },

  koa(options) {
    const router = new Router()
    router.get('/v1/orders/:id', ctx => {
      ctx.body = { id: ctx.params.id }
    })
    router.post('/v1/bodies', async ctx => {
      await drop(ctx.req)
      ctx.body = { id: 'body' }
    })
    const app = new Koa()
    if (options !== undefined) app.use(middleware.koa.protect(options))
    app.use(bodyParser()).use(router.routes())
    return listen(createServer(app.callback()))
  },

  async nest(options) {
    const app = await NestFactory.create(nestModule(), { rawBody: true, logger: false })
    if (options !== undefined) app.useGlobalGuards(middleware.nest.protect({ ...options, HttpException }))
    await app.listen(0, HOST)
    return app.getHttpServer().address().port
  },
}

/** What decorators would make of these classes. */
function nestModule() {
  class Orders {
    order(id) {
      return { id }
    }
    async body(req) {
      await drop(req)
      return { id: 'body' }
    }
  }
  class App {}
  const { prototype } = Orders
  Param('id')(prototype, 'order', 0)
  Req()(prototype, 'body', 0)
  Get('orders/:id')(prototype, 'order', Object.getOwnPropertyDescriptor(prototype, 'order'))
  Post('bodies')(prototype, 'body', Object.getOwnPropertyDescriptor(prototype, 'body'))
  Controller('v1')(Orders)
  Module({ controllers: [Orders] })(App)
  return App
}

function idIn(url) {
  return url.slice(url.lastIndexOf('/') + 1, url.indexOf('?'))
}

/** Reads a body without keeping it. */
async function drop(body) {
  for await (const _chunk of body);
}

function listen(server) {
  return new Promise(resolve => server.listen(0, HOST, () => resolve(server.address().port)))
}

function serveFetch(fetch) {
  return new Promise(resolve => serve({ fetch, hostname: HOST, port: 0 }, ({ port }) => resolve(port)))
}

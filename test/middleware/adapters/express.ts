import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import express from 'express'
import { keepRawBody, protect } from '../../../src/middleware/express.js'
import type { Adapter, Setup } from './adapter.js'

function expressAdapter(name: string, make: typeof express): Adapter {
  return {
    name,
    parsers: ['after', 'before', 'keeping'],
    judgesUnknown: true,
    serve: async setup => createServer(appOf(setup, make)),
  }
}

function appOf({ protect: options, parser, mount, reach }: Setup, make: typeof express) {
  const app = make()
  const router = make.Router()
  router.get('/time', (req, res) => void res.json(reach(req.access, req.body)))
  router.get('/orders', (req, res) => void res.json(reach(req.access, req.body)))
  router.get('/orders/:id', (req, res) => void res.json(reach(req.access, req.params)))
  router.post('/orders', (req, res) => void res.json(reach(req.access, req.body)))
  router.get('/hidden', (req, res) => void res.json(reach(req.access, req.body)))
  router.get('/fails', () => {
    throw new Error('the handler failed')
  })
  app.set('env', 'test')
  app.use((_req, res, next) => {
    res.setHeader('access-control-allow-origin', 'https://shop.example')
    next()
  })
  if (parser === 'before') app.use(make.json())
  if (parser === 'keeping') app.use(make.json({ verify: keepRawBody }))
  app.use(mount, protect(options))
  if (parser === 'after') app.use(make.json())
  app.use(mount, router)
  return app
}

/** Has no types beside those of Express 5, which are near enough. */
export const express4: typeof express = createRequire(import.meta.url)('express4')

export const express5Adapter: Adapter = expressAdapter('Express 5', express)
export const express4Adapter: Adapter = expressAdapter('Express 4', express4)

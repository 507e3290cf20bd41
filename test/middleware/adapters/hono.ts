import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { type ProtectedVariables, protect } from '../../../src/middleware/hono.js'
import type { Adapter } from './adapter.js'

type Env = { Variables: ProtectedVariables }

export const honoAdapter: Adapter = {
  name: 'Hono',
  parsers: ['after', 'before'],
  judgesUnknown: true,
  async serve({ protect: options, parser, mount, reach }) {
    const app = new Hono<Env>()
    const api = new Hono<Env>()
    const echo = (c: Context<Env>) => c.json(reach(c.var.access, undefined))
    app.onError((_error, c) => c.text('failed', 500))
    app.use(async (c, next) => {
      c.header('access-control-allow-origin', 'https://shop.example')
      if (parser === 'before' && c.req.method === 'POST') await c.req.json()
      await next()
    })
    app.use(protect(options))
    api.get('/time', echo)
    api.get('/orders', echo)
    api.get('/orders/:id', c => c.json(reach(c.var.access, c.req.param())))
    api.post('/orders', async c => c.json(reach(c.var.access, await c.req.json())))
    api.get('/hidden', echo)
    api.get('/fails', () => {
      throw new Error('the handler failed')
    })
    app.route(mount, api)
    return createAdaptorServer(app) as Server
  },
}

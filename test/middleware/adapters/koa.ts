import { createServer, type IncomingMessage } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import { type ProtectedState, protect } from '../../../src/middleware/koa.js'
import type { Adapter } from './adapter.js'

/** Reads the request's stream, as `@koa/bodyparser` does. */
async function parse(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of ctx.req as IncomingMessage) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  Object.assign(ctx.request, { body: text === '' ? undefined : JSON.parse(text) })
  await next()
}

export const koaAdapter: Adapter = {
  name: 'Koa',
  parsers: ['after', 'before'],
  judgesUnknown: true,
  async serve({ protect: options, parser, mount, reach }) {
    const app = new Koa<ProtectedState>()
    const router = new Router<ProtectedState>({ prefix: mount })
    const echo = (ctx: { state: ProtectedState; request: object; body?: unknown }): void => {
      ctx.body = reach(ctx.state.access, (ctx.request as { readonly body?: unknown }).body)
    }
    router.get('/time', echo)
    router.get('/orders', echo)
    router.get('/orders/:id', ctx => {
      ctx.body = reach(ctx.state.access, ctx['params'])
    })
    router.post('/orders', echo)
    router.get('/hidden', echo)
    router.get('/fails', () => {
      throw new Error('the handler failed')
    })
    app.silent = true
    app.use(async (ctx, next) => {
      ctx.set('access-control-allow-origin', 'https://shop.example')
      await next()
    })
    if (parser === 'before') app.use(parse)
    app.use(protect(options))
    if (parser === 'after') app.use(parse)
    app.use(router.routes())
    return createServer(app.callback())
  },
}

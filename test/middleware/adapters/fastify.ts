import { type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { protect } from '../../../src/middleware/fastify.js'
import type { Adapter } from './adapter.js'

export const fastifyAdapter: Adapter = {
  name: 'Fastify',
  parsers: ['after'],
  judgesUnknown: true,
  async serve({ protect: options, mount, reach }) {
    const app = fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('access-control-allow-origin', 'https://shop.example')
    })
    await app.register(protect, { ...options, undeclared: 'report', onError: ignoreList(options.onError) })
    await app.register(
      async scope => {
        const echo = async (request: FastifyRequest, _reply: FastifyReply) =>
          reach(request.access, request.body ?? undefined)
        scope.get('/time', echo)
        scope.get('/orders', echo)
        scope.get('/orders/:id', async request => reach(request.access, request.params))
        scope.post('/orders', echo)
        scope.get('/hidden', echo)
        scope.get('/fails', async () => {
          throw new Error('the handler failed')
        })
      },
      { prefix: mount },
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

/** The routes that are served and not declared are reported at the start, which other frameworks do on demand. */
function ignoreList(onError: (error: unknown) => void): (error: unknown) => void {
  return error => {
    if (!String(error).includes('are not declared')) onError(error)
  }
}

import { createServer, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { anyPermission, type Decision, defineRoutes, publicRoute } from '../../src/index.js'
import { type Access, type NodeHandler, type ProtectOptions, protect } from '../../src/middleware/node.js'
import { createWorld, permissions, type WorldOptions } from '../world.js'

export const routes = defineRoutes(permissions, {
  'GET /v1/time': publicRoute,
  'POST /v1/echo': publicRoute,
  'GET /v1/whoami': anyPermission,
  'GET /v1/orders': 'read',
  'HEAD /v1/orders': 'read',
  'GET /v1/orders/:id': 'read',
  'POST /v1/orders': 'trade',
  'DELETE /v1/orders/:id': 'trade',
  'POST /v1/withdrawals': ['read', 'withdraw'],
})

export interface ServiceOptions {
  readonly world?: WorldOptions
  readonly protect?: Partial<ProtectOptions<readonly [IncomingMessage]>>
  readonly handler?: NodeHandler
  readonly server?: ServerOptions
  /** Stands around the protected handler, as a framework would. */
  readonly around?: (inner: RequestListener) => RequestListener
  readonly host?: string
}

/** A real server on loopback with everything behind it, and a list of what reached its handler. */
export async function startService(options: ServiceOptions = {}) {
  const world = createWorld(options.world)
  const reached: Access[] = []
  const errors: unknown[] = []
  const decisions: Decision[] = []
  const handler: NodeHandler = async (req, res, access) => {
    reached.push(access)
    if (options.handler !== undefined) return options.handler(req, res, access)
    res.end('done')
  }
  const listener = protect(
    {
      verifier: world.verifier,
      routes,
      clock: world.clock,
      onError: error => errors.push(error),
      onDecision: decision => decisions.push(decision),
      ...options.protect,
    },
    handler,
  )
  const server = createServer(options.server ?? {}, options.around?.(listener) ?? listener)
  await new Promise<void>(resolve => server.listen(0, options.host ?? '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { ...world, server, port, origin: `http://127.0.0.1:${port}`, reached, errors, decisions }
}

/** A place to order, as bytes. */
export const ORDER: Uint8Array = new TextEncoder().encode('{"side":"buy","amount":"1"}')
export const JSON_TYPE = { 'content-type': 'application/json' }

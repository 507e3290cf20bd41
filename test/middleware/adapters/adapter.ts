import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Decision, defineRoutes, publicRoute, type Routes } from '../../../src/index.js'
import type { Access, ProtectOptions } from '../../../src/middleware/node.js'
import type { ClientAddress } from '../../../src/net/client-ip.js'
import { createWorld, permissions, type WorldOptions } from '../../world.js'

/** The options that are the same in every framework. */
export type CommonOptions = Omit<ProtectOptions<readonly []>, 'clientIp'> & { readonly clientIp?: ClientAddress }

/** Where the framework's usual body parser stands; `keeping` = in front, with our hook. */
export type Parser = 'after' | 'before' | 'keeping'

/** What an adapter serves; every one of its handlers passes its access and its parsed body to `reach`. */
export interface Setup {
  readonly protect: CommonOptions
  readonly parser: Parser
  /** Where the framework mounts its routes. */
  readonly mount: string
  readonly reach: (access: Access | undefined, parsed: unknown) => object
}

/** One framework. */
export interface Adapter {
  readonly name: string
  /** Ways to put the parser that its users have. */
  readonly parsers: readonly Parser[]
  /** Whether a refusal of what nobody declares is ours, or the framework has found nothing before. */
  readonly judgesUnknown: boolean
  serve(setup: Setup): Promise<Server>
}

/** `GET /hidden` and `GET /fails` are served by every adapter besides. */
export function routesAt(mount: string): Routes<'read' | 'trade' | 'withdraw' | 'full'> {
  return defineRoutes(permissions, {
    [`GET ${mount}/time`]: publicRoute,
    [`GET ${mount}/orders`]: 'read',
    [`HEAD ${mount}/orders`]: 'read',
    [`GET ${mount}/orders/:id`]: 'read',
    [`POST ${mount}/orders`]: 'trade',
    [`GET ${mount}/fails`]: 'read',
  } as Parameters<typeof defineRoutes<'read' | 'trade' | 'withdraw', 'full'>>[1])
}

export interface ServiceOptions {
  readonly world?: WorldOptions
  readonly protect?: Partial<CommonOptions>
  readonly parser?: Parser
  readonly mount?: string
}

/** A framework on loopback with everything behind it, and a list of what reached its handlers. */
export async function startAdapter(adapter: Adapter, options: ServiceOptions = {}) {
  const { mount = '/v1', parser = 'after' } = options
  const world = createWorld(options.world)
  const reached: { readonly access: Access | undefined; readonly parsed: unknown }[] = []
  const errors: unknown[] = []
  const decisions: Decision[] = []
  const server = await adapter.serve({
    protect: {
      verifier: world.verifier,
      routes: routesAt(mount),
      clock: world.clock,
      onError: error => errors.push(error),
      onDecision: decision => decisions.push(decision),
      ...options.protect,
    },
    parser,
    mount,
    reach(access, parsed) {
      reached.push({ access, parsed })
      return { owner: access?.principal?.owner ?? null, route: access?.route, parsed: parsed ?? null }
    },
  })
  if (!server.listening) await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { ...world, server, port, origin: `http://127.0.0.1:${port}`, reached, errors, decisions, mount }
}

import type {} from 'fastify'
import { ConfigError } from '../errors.js'
import type { Problem } from '../http/respond.js'
import type { Principal } from '../keys/compiled-key.js'
import { invalidOption } from '../options.js'
import type { ListedRoute } from '../policy/undeclared.js'
import { type Access, createGate, type Gate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'
import { type Attached, attach } from './incoming/attached.js'
import { judgeIncoming, refuseReadBody } from './incoming/guard.js'
import type { IncomingLike, OutgoingLike } from './incoming/message.js'
import { isEndless, refuse } from './incoming/refusal.js'
import { checkListing, wrongRoutes } from './listing/check.js'

export type { Access, ProtectOptions } from '../verify/gate.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; `undefined` on a public route. */
    principal: Principal | undefined
    /** Caller, route and the bytes received. */
    access: Access
  }
}

/** What is used of a request of Fastify. */
export interface FastifyRequestLike extends Attached {
  readonly raw: IncomingLike
  /** The request target as received, whatever `rewriteUrl` has made of it. */
  readonly originalUrl: string
  /** As Fastify sees it: the peer, or what its `trustProxy` makes of the headers. */
  readonly ip: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

interface FastifyReplyLike {
  readonly raw: OutgoingLike
  code(status: number): unknown
  headers(values: Record<string, unknown>): unknown
  getHeaders(): Record<string, unknown>
  hijack(): unknown
  send(payload: unknown): unknown
}

interface FastifyRouteLike {
  readonly method: string | readonly string[]
  readonly url: string
}

/** What is used of an instance of Fastify. */
export interface FastifyLike {
  addHook(name: string, hook: (...values: never[]) => unknown): unknown
  decorateRequest(name: string, value: undefined): unknown
  hasRequestDecorator(name: string): boolean
  printRoutes(): string
}

export interface FastifyProtectOptions extends ProtectOptions<readonly [request: FastifyRequestLike]> {
  /**
   * What to do at start-up about routes that are not declared, which nobody may call: `refuse` to start, which is the
   * default, or `report` them to `onError`.
   */
  readonly undeclared?: 'refuse' | 'report'
}

/** A plugin that guards the instance it is registered on, not one of its own. */
export type FastifyProtect = (instance: FastifyLike, options: FastifyProtectOptions) => Promise<void>

const READING = {
  putBack: true,
  wasRead: refuseReadBody(
    'something read request.raw in an onRequest hook: register protect before it, and read request.access.body',
  ),
}

/**
 * Guards an instance of Fastify 5: `await app.register(protect, options)`, before the first route. A request that may
 * proceed goes on with `request.principal` and `request.access`, and Fastify's content type parsers read what was
 * judged. Any other is answered here, in `onRequest`; what handlers throw is Fastify's, as always.
 *
 * Routes are declared with their whole path. When the instance gets ready, those that are not declared are named.
 *
 * The promise rejects with `ConfigError` naming the option; or the routes that were there first, which it cannot guard.
 */
export const protect: FastifyProtect = /* @__PURE__ */ Object.assign(guardInstance, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'keylattice',
  [Symbol.for('plugin-meta')]: { name: 'keylattice', fastify: '5.x' },
})

async function guardInstance(instance: FastifyLike, options: FastifyProtectOptions): Promise<void> {
  const { undeclared = 'refuse', ...common } = options
  if (undeclared !== 'refuse' && undeclared !== 'report')
    throw invalidOption('protect', 'undeclared', 'refuse or report')
  const gate = createGate('protect', common)
  expectAlone(instance)
  instance.decorateRequest('principal', undefined)
  instance.decorateRequest('access', undefined)

  const guarded: ListedRoute[] = []
  instance.addHook('onRoute', ({ method, url }: FastifyRouteLike) => {
    guarded.push({ method, path: url })
  })
  instance.addHook('onReady', async () => {
    try {
      checkListing(common.routes, { guarded, open: [] }, common.pathPrefix && { pathPrefix: common.pathPrefix })
    } catch (error) {
      if (undeclared === 'refuse') throw error
      gate.onError(error)
    }
  })
  instance.addHook('onRequest', (request: FastifyRequestLike, reply: FastifyReplyLike) => pass(gate, request, reply))
}

type RequestGate = Gate<readonly [request: FastifyRequestLike]>

async function pass(gate: RequestGate, request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown> {
  const outcome = await judge(gate, request, reply)
  if (outcome === 'aborted') return reply.hijack()
  if (isProblem(outcome)) return answer({ request, reply }, outcome, gate.maxBodyBytes)
  attach(request, outcome)
  return undefined
}

async function judge(
  gate: RequestGate,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
): Promise<Access | Problem | 'aborted'> {
  try {
    const { raw: req, originalUrl: target } = request
    return await judgeIncoming(gate, { req, res: reply.raw, target, from: [request] }, READING)
  } catch (error) {
    gate.onError(error)
    return problemOfFailure(error)
  }
}

interface Exchange {
  readonly request: FastifyRequestLike
  readonly reply: FastifyReplyLike
}

/** By way of Fastify, so that its hooks see it, unless the connection must be closed. */
function answer({ request, reply }: Exchange, problem: Problem, maxBodyBytes: number): unknown {
  if (!isEndless(request.raw, maxBodyBytes)) {
    reply.code(problem.status)
    reply.headers({ ...problem.headers })
    return reply.send(problem.body)
  }
  const headers = { ...(reply.getHeaders() as Record<string, string>), ...problem.headers }
  reply.hijack()
  refuse(request.raw, reply.raw, { problem: { ...problem, headers }, maxBodyBytes })
  return reply
}

/**
 * Hooks reach the routes that come later, and those of instances that are made later.
 *
 * @throws {ConfigError}
 */
function expectAlone(instance: FastifyLike): void {
  if (instance.hasRequestDecorator('access')) {
    const message = 'protect: registered twice; an instance inherits the protect of those around it: leave one out'
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'protect' })
  }
  const isRoot = !('addHook' in Object.getPrototypeOf(instance))
  const there = isRoot ? routesIn(instance.printRoutes()) : []
  if (there.length > 0) {
    throw wrongRoutes('were added before protect: put `await app.register(protect, …)` before the first route', there)
  }
}

/** Lines of Fastify's printed tree; there are none where there is no route. */
function routesIn(tree: string): readonly string[] {
  return tree
    .split('\n')
    .filter(line => line.includes('('))
    .filter(line => line.trim() !== '(empty tree)')
}

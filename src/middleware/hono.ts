import type { WireRequest } from '../http/request.js'
import type { Problem } from '../http/respond.js'
import type { Principal } from '../keys/compiled-key.js'
import { type Access, createGate, type Gate, isProblem, problemOfFailure } from '../verify/gate.js'
import { type Attached, expectFirst } from './incoming/attached.js'
import { headersOf as headersOfIncoming, type IncomingLike, peerOf } from './incoming/message.js'
import { markGuard } from './listing/guards.js'
import { mayHaveBody } from './request/body.js'
import { judgeRequest, type RequestProtectOptions, splitPeer } from './request/guard.js'
import { headersOf, targetOf } from './request/head.js'

export type { Access, ProtectOptions } from '../verify/gate.js'
export { checkRoutes } from './listing/hono.js'
export type { RequestProtectOptions } from './request/guard.js'

/** What is left in the context: `new Hono<{ Variables: ProtectedVariables }>()`. */
export interface ProtectedVariables {
  /** The caller; `undefined` on a public route. */
  principal: Principal | undefined
  /** Caller, route and the bytes received. */
  access: Access
}

/** What is used of a context of Hono. */
export interface HonoContext {
  readonly req: { raw: Request }
  /** What the platform passes besides the request. */
  readonly env: unknown
  readonly var: object
  set(name: string, value: unknown): void
  body(data: string, status: number, headers: Record<string, string>): Response
}

export type HonoMiddleware<C extends HonoContext> = (c: C, next: () => Promise<void>) => Promise<Response | undefined>

/**
 * Guards an application of Hono: `app.use(protect(options))`. A request that may proceed goes on with
 * `c.var.principal` and `c.var.access`, and with a body of the bytes that were judged, so that `c.req.json()` and
 * validators read those. Any other is answered here; what handlers throw is Hono's, as always.
 *
 * Stands before whatever reads the body. Routes are declared with their whole path.
 *
 * - On `@hono/node-server` the request target, the headers and the peer are those of Node's own request.
 * - Elsewhere the target is that of the URL, as with `keylattice/middleware/fetch`, and the peer is what `peer` says:
 *   `getConnInfo(c).remote.address` of `hono/bun`, `hono/deno` or `hono/cloudflare-workers`.
 *
 * @throws {ConfigError} naming the option
 */
export function protect<C extends HonoContext = HonoContext>(
  options: RequestProtectOptions<readonly [c: C]>,
): HonoMiddleware<C> {
  const [common, peer] = splitPeer(options)
  const gate = createGate('protect', common)

  async function judge(c: C): Promise<Access | Problem> {
    try {
      expectFirst(c.var as Attached)
      const head = headOf(gate, c, peer)
      const outcome = await judgeRequest(gate, c.req.raw, head)
      if (!isProblem(outcome) && mayHaveBody(head)) putBack(c, outcome.body)
      return outcome
    } catch (error) {
      gate.onError(error)
      return problemOfFailure(error)
    }
  }

  return markGuard<HonoMiddleware<C>>(async (c, next) => {
    const outcome = await judge(c)
    if (isProblem(outcome)) return c.body(outcome.body, outcome.status, { ...outcome.headers })
    c.set('principal', outcome.principal)
    c.set('access', outcome)
    await next()
    return undefined
  })
}

function headOf<C extends HonoContext>(
  gate: Gate<readonly [c: C]>,
  c: C,
  peer: RequestProtectOptions<readonly [c: C]>['peer'],
): WireRequest {
  const { raw } = c.req
  const { method } = raw
  const { incoming } = (c.env ?? {}) as { readonly incoming?: IncomingLike }
  if (!Array.isArray(incoming?.rawHeaders)) {
    const arrived = { method, target: targetOf(raw), headers: headersOf(raw) }
    return gate.headOf({ ...arrived, peer: peer?.(c), from: [c] })
  }
  const message = incoming as IncomingLike
  const arrived = { method, target: message.url ?? '', headers: headersOfIncoming(message) }
  return gate.headOf({ ...arrived, peer: peer === undefined ? peerOf(message) : peer(c), from: [c] })
}

/** Puts the same request in place, whose body is these bytes; they are not copied. */
function putBack({ req }: HonoContext, bytes: Uint8Array): void {
  if (req.raw.body === null) return
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
  req.raw = new Request(req.raw, { body, duplex: 'half' } as RequestInit)
}

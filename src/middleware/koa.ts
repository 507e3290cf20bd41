import type { Problem } from '../http/respond.js'
import { type Access, createGate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'
import { type Attached, attach, expectFirst } from './incoming/attached.js'
import { judgeIncoming, refuseReadBody } from './incoming/guard.js'
import type { IncomingLike, OutgoingLike } from './incoming/message.js'
import { isEndless, refuse } from './incoming/refusal.js'
import { markGuard } from './listing/guards.js'

export type { Access, ProtectOptions } from '../verify/gate.js'
export { checkRoutes } from './listing/koa.js'

/** What is left in `ctx.state`: `new Koa<ProtectedState>()`. */
export type ProtectedState = Attached

/** What is used of a context of Koa. */
export interface KoaContext {
  readonly req: IncomingLike
  readonly res: OutgoingLike
  /** The request target as received, which mounting does not change. */
  readonly originalUrl: string
  readonly state: object
  status: number
  body?: unknown
  respond?: boolean | undefined
  set(headers: Record<string, string>): void
}

export type KoaMiddleware<Context extends KoaContext> = (ctx: Context, next: () => Promise<unknown>) => Promise<void>

const READING = {
  putBack: true,
  wasRead: refuseReadBody(
    'put app.use(protect(…)) before app.use(bodyParser()) and the like: they read the same bytes after it',
  ),
}

/**
 * Guards an application or a router of Koa: `app.use(protect(options))`. A request that may proceed goes on with
 * `ctx.state.principal` and `ctx.state.access`, and with its body unread, so that a body parser after it parses what
 * was judged. Any other is answered here; what handlers throw is Koa's, as always.
 *
 * Stands before the body parsers. Judges `ctx.originalUrl`, so it may be mounted anywhere, and routes are declared with
 * their whole path.
 *
 * @throws {ConfigError} naming the option
 */
export function protect<Context extends KoaContext = KoaContext>(
  options: ProtectOptions<readonly [ctx: Context]>,
): KoaMiddleware<Context> {
  const gate = createGate('protect', options)
  const { maxBodyBytes } = gate

  async function judge(ctx: Context): Promise<Access | Problem | 'aborted'> {
    try {
      expectFirst(ctx.state as Attached)
      const { req, res, originalUrl } = ctx
      return await judgeIncoming(gate, { req, res, target: originalUrl, from: [ctx] }, READING)
    } catch (error) {
      gate.onError(error)
      return problemOfFailure(error)
    }
  }

  return markGuard<KoaMiddleware<Context>>(async (ctx, next) => {
    const outcome = await judge(ctx)
    if (outcome === 'aborted') {
      ctx.respond = false
    } else if (isProblem(outcome)) {
      answer(ctx, outcome, maxBodyBytes)
    } else {
      attach(ctx.state as Attached, outcome)
      await next()
    }
  })
}

/** By way of Koa, so that what stands before `protect` sees it, unless the connection must be closed. */
function answer(ctx: KoaContext, problem: Problem, maxBodyBytes: number): void {
  if (isEndless(ctx.req, maxBodyBytes)) {
    ctx.respond = false
    refuse(ctx.req, ctx.res, { problem, maxBodyBytes })
    return
  }
  ctx.status = problem.status
  ctx.body = problem.body
  // After the body, for which Koa would choose a type.
  ctx.set({ ...problem.headers })
}

import type { Principal } from '../keys/compiled-key.js'
import { type Access, createGate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'
import { type Attached, attach, expectFirst } from './incoming/attached.js'
import { bodyWasRead } from './incoming/body.js'
import { judgeIncoming } from './incoming/guard.js'
import type { IncomingLike, OutgoingLike } from './incoming/message.js'
import { refuse } from './incoming/refusal.js'
import { markGuard } from './listing/guards.js'

export type { Access, ProtectOptions } from '../verify/gate.js'
export { checkRoutes } from './listing/express.js'

declare global {
  namespace Express {
    interface Request {
      /** The caller, once `protect` has let the request through; `undefined` on a public route. */
      principal?: Principal | undefined
      /** Caller, route and the bytes received, once `protect` has let the request through. */
      access?: Access | undefined
    }
  }
}

/** What is used of a request of Express. */
export interface ExpressRequest extends IncomingLike, Attached {
  /** The request target as received, which mounting does not change. */
  readonly originalUrl?: string | undefined
}

/** A middleware of Express, and of whatever takes those of `connect`. */
export type ExpressMiddleware<Req extends ExpressRequest> = (
  req: Req,
  res: OutgoingLike,
  next: (error?: unknown) => void,
) => Promise<void>

/** Bodies that a parser has read. */
const kept: WeakMap<object, Uint8Array> = /* @__PURE__ */ new WeakMap()

const READING = { putBack: true, wasRead: keptBody }

/**
 * Guards an application or a router of Express 4 or 5: `app.use(protect(options))`. A request that may proceed goes on
 * with `req.principal` and `req.access`, and with its body unread, so that `express.json()` after it parses what was
 * judged. Any other is answered here; what handlers throw is Express's, as always.
 *
 * Stands before the body parsers, or has them keep the bytes: `express.json({ verify: keepRawBody })`. Judges
 * `req.originalUrl`, so it may be mounted anywhere, and routes are declared with their whole path.
 *
 * @throws {ConfigError} naming the option
 */
export function protect<Req extends ExpressRequest = ExpressRequest>(
  options: ProtectOptions<readonly [req: Req]>,
): ExpressMiddleware<Req> {
  const gate = createGate('protect', options)
  const { maxBodyBytes } = gate

  async function pass(req: Req, res: OutgoingLike): Promise<Access | undefined> {
    try {
      expectFirst(req)
      const target = req.originalUrl ?? req.url ?? ''
      const outcome = await judgeIncoming(gate, { req, res, target, from: [req] }, READING)
      if (outcome === 'aborted') return undefined
      if (!isProblem(outcome)) return outcome
      refuse(req, res, { problem: outcome, maxBodyBytes })
    } catch (error) {
      refuse(req, res, { problem: problemOfFailure(error), maxBodyBytes })
      gate.onError(error)
    }
    return undefined
  }

  return markGuard<ExpressMiddleware<Req>>(async (req, res, next) => {
    const access = await pass(req, res)
    if (access === undefined) return
    attach(req, access)
    next()
  })
}

/**
 * Has a body parser that stands in front of `protect` keep the bytes it has read: `express.json({ verify: keepRawBody
 * })`. A compressed body is unpacked before the parser tells, so it is not kept; with `inflate: false` the parser
 * refuses it instead.
 */
export function keepRawBody(req: object, _res: unknown, bytes: Uint8Array): void {
  if (!isPacked(req as IncomingLike)) kept.set(req, bytes)
}

function keptBody(req: IncomingLike): Uint8Array {
  const bytes = kept.get(req)
  if (bytes !== undefined) return bytes
  throw bodyWasRead(
    isPacked(req)
      ? 'it was compressed, and a parser has unpacked it: put app.use(protect(…)) before app.use(express.json()), ' +
          'or add inflate: false to the options of the parser'
      : 'put app.use(protect(…)) before app.use(express.json()) and the like, ' +
          'or have the parser keep the bytes: express.json({ verify: keepRawBody })',
  )
}

function isPacked({ headers }: IncomingLike): boolean {
  return (headers['content-encoding'] ?? 'identity') !== 'identity'
}

import type { WireRequest } from '../../http/request.js'
import type { Problem } from '../../http/respond.js'
import type { Route } from '../../policy/routes.js'
import { type Access, type Gate, isProblem } from '../../verify/gate.js'
import { bodyWasRead, type Reading, readBody, type Unread } from './body.js'
import { afterBody } from './drain.js'
import { headersOf, type IncomingLike, type OutgoingLike, peerOf } from './message.js'

/** What happens to the body, beside its limit. */
export type BodyRules = Omit<Reading, 'maxBodyBytes' | 'companion'>

/** One request of `node:http`, as a framework holds it. */
export interface Exchange<From extends readonly unknown[]> {
  readonly req: IncomingLike
  readonly res: OutgoingLike
  /** The request target as received, whatever routers have made of it since. */
  readonly target: string
  /** What `clientIp` is called with. */
  readonly from: From
}

type Outcome = Access | Problem | 'aborted'

/**
 * Routes, reads and judges one request; `aborted` when its sender broke off, and there is nobody to answer. Hot path:
 * no promise and no copy of the request but those that reading and judging need.
 *
 * @throws {ConfigError} where something has read the body before
 */
export function judgeIncoming<From extends readonly unknown[]>(
  gate: Gate<From>,
  exchange: Exchange<From>,
  reading: BodyRules,
): Outcome | Promise<Outcome> {
  const head = arrivedHead(gate, exchange)
  const route = gate.enter(head)
  if (isProblem(route)) return afterBody(exchange, gate.maxBodyBytes, route)
  return judgeRoute(gate, { exchange, reading, head, route })
}

/** The head of a request that a framework holds. */
export function arrivedHead<From extends readonly unknown[]>(
  gate: Gate<From>,
  { req, target, from }: Pick<Exchange<From>, 'req' | 'target' | 'from'>,
): WireRequest {
  const { method = '' } = req
  return gate.headOf({ method, target, headers: headersOf(req), peer: peerOf(req), from })
}

interface Routed<From extends readonly unknown[]> {
  readonly exchange: Exchange<From>
  readonly reading: BodyRules
  readonly head: WireRequest
  readonly route: Route
}

/** Reads and judges a request whose route is known. @throws {ConfigError} where something has read the body before */
export function judgeRoute<From extends readonly unknown[]>(
  gate: Gate<From>,
  routed: Routed<From>,
): Outcome | Promise<Outcome> {
  const { exchange, reading, head, route } = routed
  const { putBack, wasRead } = reading
  const companion = () => gate.companionOf(route, head)
  const body = readBody(exchange.req, exchange.res, { maxBodyBytes: gate.maxBodyBytes, companion, putBack, wasRead })
  return body instanceof Promise ? body.then(read => judgeBody(gate, routed, read)) : judgeBody(gate, routed, body)
}

function judgeBody<From extends readonly unknown[]>(
  gate: Gate<From>,
  { exchange, head, route }: Routed<From>,
  body: Uint8Array | Unread,
): Outcome | Promise<Outcome> {
  if (typeof body !== 'string') return gate.judge(route, body.length === 0 ? head : { ...head, body })
  return body === 'aborted' ? body : afterBody(exchange, gate.maxBodyBytes, gate.refuse(body, head))
}

/** For `wasRead`, where nothing can have kept the bytes. */
export function refuseReadBody(remedy: string): () => never {
  return () => {
    throw bodyWasRead(remedy)
  }
}

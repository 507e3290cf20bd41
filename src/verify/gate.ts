import type { DenialCode } from '../denials.js'
import { StoreError } from '../errors.js'
import type { Companion } from '../http/capture.js'
import { EMPTY_BODY, type WireHeaders, type WireRequest } from '../http/request.js'
import { defectProblem, type Problem, problemOf, unavailableProblem } from '../http/respond.js'
import type { WithdrawalAddress } from '../key.js'
import type { Principal } from '../keys/compiled-key.js'
import type { ClientAddress } from '../net/client-ip.js'
import { invalidOption, readInteger, readOptions } from '../options.js'
import { publicRoute, type Route, type Routes } from '../policy/routes.js'
import { type Clock, systemClock } from '../time.js'
import { createArrivingDigest } from './arriving-digest.js'
import { decisionOf } from './decision.js'
import { compilePrefix, type PathPrefix } from './prefix.js'
import type { Decision, Denied } from './verdict.js'
import type { Verifier } from './verifier.js'

/** What every middleware takes. `From`: what the platform hands to its handlers, from which an address can be read. */
export interface ProtectOptions<From extends readonly unknown[]> {
  readonly verifier: Verifier
  /** What each route needs. A route that is not declared is closed to everybody. */
  readonly routes: Routes
  /**
   * Told what went wrong on this side: an outage (`StoreError`, answered with 503), a mistake of the host or an error
   * of the handler (500). The caller learns nothing of it, so this is the only place where it shows.
   */
  readonly onError: (error: unknown) => void
  /** Largest body, bytes; no more is ever held. Default 1 MiB. The verifier has a limit of its own. */
  readonly maxBodyBytes?: number
  /**
   * The account a request acts on, in the host's own naming; `null` = on none. Asked before the caller is proven.
   * Left out, keys that are limited to accounts are refused.
   */
  readonly accountOf?: (request: WireRequest, route: string) => string | null | undefined
  /**
   * Where a request sends funds, as the host normalises addresses. Asked before the caller is proven. Left out, keys
   * whose permission is bound to addresses are refused.
   */
  readonly withdrawalOf?: (request: WireRequest, route: string) => WithdrawalAddress | undefined
  /**
   * Address of the client: a function, or what `clientIp({ trust, header })` made, which is told the peer of the
   * connection and the headers as they came. Left out, it is the peer, where the platform knows that.
   */
  readonly clientIp?: ((...from: From) => string | undefined) | ClientAddress
  /** Where a proxy in front rewrites the beginning of the path. Routes are declared as clients see them. */
  readonly pathPrefix?: PathPrefix
  /** Words a refusal in the house's own format; `undefined` leaves it to problem details (RFC 9457). */
  readonly answer?: (denied: Denied, request: Pick<WireRequest, 'method' | 'target'>) => Problem | undefined
  /** Told the refusals that are decided before the verifier sees the request: no such route, body too large. */
  readonly onDecision?: (decision: Decision) => void
  /** Server time of those refusals, epoch ms. */
  readonly clock?: Clock
}

/** What a handler is told of a request that may proceed. */
export interface Access {
  /** The caller. `undefined` on a public route, whatever credentials the request carries there. */
  readonly principal: Principal | undefined
  /** The route as declared, e.g. `GET /v1/orders/:id`: dispatch on it, and what was judged is what runs. */
  readonly route: string
  /** The bytes received, which are the bytes that were signed. */
  readonly body: Uint8Array
}

/** What arrived, before anything is judged. */
export interface Arrived<From extends readonly unknown[]> {
  readonly method: string
  /** The request target as received. */
  readonly target: string
  readonly headers: WireHeaders
  /** Address of the other end of the connection. */
  readonly peer: string | undefined
  /** What the platform hands to its handlers. */
  readonly from: From
}

/** The steps a middleware takes; each hands over what it has, and sends the answer if there is one. */
export interface Gate<From extends readonly unknown[]> {
  readonly maxBodyBytes: number
  readonly onError: (error: unknown) => void
  /** The head of a request as its sender wrote and signed it, without a body. */
  headOf(arrived: Arrived<From>): WireRequest
  /** The route of a request, from its head alone, so that nothing is read for a request that nobody may make. */
  enter(head: WireRequest): Route | Problem
  /** Whether the caller may proceed. Rejects on an outage and on a mistake of the host. */
  judge(route: Route, request: WireRequest): Promise<Access | Problem>
  refuse(denial: DenialCode, head: WireRequest): Problem
  /** What is to see a large body arrive: it takes the digest that the request will be judged by. */
  companionOf(route: Route, head: WireRequest): Companion | undefined
}

const MIB = 1024 * 1024

/** @throws {ConfigError} naming the option */
export function createGate<From extends readonly unknown[]>(where: string, options: ProtectOptions<From>): Gate<From> {
  const given = readProtectOptions(where, options)
  const { verifier, routes, accountOf, withdrawalOf, answer, onDecision, clock = systemClock } = given
  const addressOf = compileAddress(given.clientIp)
  const signedTarget = compilePrefix(where, given.pathPrefix)

  const answerTo = (denied: Denied, { method, target }: WireRequest): Problem =>
    answer?.(denied, { method, target }) ?? problemOf(denied.denial, denied.at)

  function refuse(denial: DenialCode, request: WireRequest): Problem {
    const denied: Denied = { ok: false, denial, keyId: undefined, at: clock(), field: undefined }
    onDecision?.(decisionOf(denied, { head: request, now: denied.at }))
    return answerTo(denied, request)
  }

  return Object.freeze<Gate<From>>({
    maxBodyBytes: readInteger({ where, options: given }, 'maxBodyBytes', { fallback: MIB, min: 0, max: 2 ** 31 }),
    onError: given.onError,
    headOf(arrived) {
      const { method, headers } = arrived
      const target = signedTarget(arrived.target)
      return { method, target, headers, body: EMPTY_BODY, ip: addressOf(arrived) }
    },
    enter: head => routes.match(head.method, head.target) ?? refuse('route_not_declared', head),
    async judge({ pattern, permission }, request) {
      const { body } = request
      if (permission === publicRoute) return { principal: undefined, route: pattern, body }
      const account = accountOf?.(request, pattern)
      const withdrawal = withdrawalOf?.(request, pattern)
      const verdict = await verifier.verify(request, { permission, account, withdrawal })
      return verdict.ok === true ? { principal: verdict.principal, route: pattern, body } : answerTo(verdict, request)
    },
    refuse,
    companionOf({ permission }, head) {
      if (permission === publicRoute) return undefined
      try {
        const digest = verifier.bodyDigest(head)
        return digest && createArrivingDigest(digest)
      } catch {
        // Whatever this was, the verifier finds it as well, where it is answered.
        return undefined
      }
    },
  })
}

function compileAddress<From extends readonly unknown[]>(
  clientIp: ProtectOptions<From>['clientIp'],
): (arrived: Arrived<From>) => string | undefined {
  if (clientIp === undefined) return ({ peer }) => peer
  if (typeof clientIp === 'function') return ({ from }) => clientIp(...from)
  return ({ peer, headers }) => clientIp.resolve(peer, headers)
}

/** Whether a step of the gate ended in an answer. */
export function isProblem(step: Route | Access | Problem): step is Problem {
  return 'status' in step
}

/** The answer to a request that could not be judged, hence was not handed on. */
export function problemOfFailure(error: unknown): Problem {
  return error instanceof StoreError ? unavailableProblem() : defectProblem()
}

const FUNCTIONS = ['accountOf', 'withdrawalOf', 'answer', 'onDecision', 'clock'] as const

function readProtectOptions<From extends readonly unknown[]>(
  where: string,
  options: ProtectOptions<From>,
): ProtectOptions<From> {
  const given = readOptions(where, options, {
    required: ['verifier', 'routes', 'onError'],
    optional: ['maxBodyBytes', 'clientIp', 'pathPrefix', ...FUNCTIONS],
  })
  if (typeof given.verifier.verify !== 'function') throw invalidOption(where, 'verifier', 'a verifier')
  if (typeof given.routes.match !== 'function') throw invalidOption(where, 'routes', 'made by defineRoutes')
  for (const name of ['onError', ...FUNCTIONS] as const) {
    if (given[name] !== undefined && typeof given[name] !== 'function') throw invalidOption(where, name, 'a function')
  }
  const { clientIp } = given
  if (clientIp !== undefined && typeof clientIp !== 'function' && typeof clientIp?.resolve !== 'function')
    throw invalidOption(where, 'clientIp', 'a function, or made by clientIp')
  return given
}

import { failedProblem, type Problem } from '../http/respond.js'
import { invalidOption } from '../options.js'
import { type Access, createGate, isProblem, problemOfFailure } from '../verify/gate.js'
import { judgeRequest, type RequestProtectOptions, splitPeer } from './request/guard.js'
import { headersOf, targetOf } from './request/head.js'

export type { Access, ProtectOptions } from '../verify/gate.js'
export type { RequestProtectOptions } from './request/guard.js'

/** `Context`: what the platform passes besides the request, e.g. `env` and `ctx`, or a connection's info. */
export type FetchHandler<Context extends readonly unknown[]> = (
  request: Request,
  access: Access,
  ...context: Context
) => Response | Promise<Response>

/**
 * Guards a handler of platforms that speak `Request` and `Response`. Build it once; every request is routed, read up
 * to `maxBodyBytes`, judged, and handed on or refused. The handler finds the body in `access.body`; the request's own
 * is spent.
 *
 * - A `Request` does not know who sent it: without `peer` or a `clientIp` function, keys that have an IP allowlist are
 *   refused.
 * - A `Request` has a URL, not the request target as it was sent: `/a/../b` and `/a/%2e%2e/b` arrive as `/b`, a `\`
 *   as `/`. Clients that signed such a spelling are refused.
 *
 * @throws {ConfigError} naming the option
 */
export function protect<Context extends readonly unknown[]>(
  options: RequestProtectOptions<readonly [request: Request, ...context: Context]>,
  handler: FetchHandler<Context>,
): (request: Request, ...context: Context) => Promise<Response> {
  const [common, peer] = splitPeer(options)
  const gate = createGate('protect', common)
  if (typeof handler !== 'function') throw invalidOption('protect', 'handler', 'a function')

  return async (request, ...context) => {
    let answerTo = problemOfFailure
    try {
      const from = [request, ...context] as const
      const arrived = { method: request.method, target: targetOf(request), headers: headersOf(request) }
      const head = gate.headOf({ ...arrived, peer: peer?.(...from), from })
      const outcome = await judgeRequest(gate, request, head)
      if (isProblem(outcome)) return toResponse(request, outcome)
      answerTo = failedProblem
      return await handler(request, outcome, ...context)
    } catch (error) {
      gate.onError(error)
      return toResponse(request, answerTo(error))
    }
  }
}

function toResponse({ method }: Request, { status, headers, body }: Problem): Response {
  return new Response(method === 'HEAD' ? null : body, { status, headers })
}

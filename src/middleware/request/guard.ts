import type { WireRequest } from '../../http/request.js'
import type { Problem } from '../../http/respond.js'
import { invalidOption } from '../../options.js'
import { type Access, type Gate, isProblem, type ProtectOptions } from '../../verify/gate.js'
import { dropBody, mayHaveBody, readBody } from './body.js'

/** For platforms whose requests do not know who sent them. */
export interface RequestProtectOptions<From extends readonly unknown[]> extends ProtectOptions<From> {
  /** Address of the other end of the connection. Without it, and without a `clientIp` function, nobody knows. */
  readonly peer?: (...from: From) => string | undefined
}

/** The options of `protect`, and what is asked for the peer. @throws {ConfigError} naming the option */
export function splitPeer<From extends readonly unknown[]>(
  options: RequestProtectOptions<From>,
): readonly [options: ProtectOptions<From>, peer: RequestProtectOptions<From>['peer']] {
  if (typeof options !== 'object' || options === null) return [options, undefined]
  const { peer, ...rest } = options
  if (peer !== undefined && typeof peer !== 'function') throw invalidOption('protect', 'peer', 'a function')
  return [rest as ProtectOptions<From>, peer]
}

/** Routes, reads and judges one `Request`. */
export async function judgeRequest<From extends readonly unknown[]>(
  gate: Gate<From>,
  request: Request,
  head: WireRequest,
): Promise<Access | Problem> {
  const route = gate.enter(head)
  if (!mayHaveBody(head)) return isProblem(route) ? route : gate.judge(route, head)
  if (isProblem(route)) {
    await dropBody(request, gate.maxBodyBytes)
    return route
  }
  const companion = () => gate.companionOf(route, head)
  const body = await readBody(request, { maxBytes: gate.maxBodyBytes, companion })
  return typeof body === 'string' ? gate.refuse(body, head) : gate.judge(route, { ...head, body })
}

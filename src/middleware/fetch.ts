import { ConfigError } from '../errors.js'
import { createCapture } from '../http/capture.js'
import { EMPTY_BODY, type WireRequest } from '../http/request.js'
import { failedProblem, type Problem } from '../http/respond.js'
import { invalidOption } from '../options.js'
import { type Access, createGate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'

export type { Access, ProtectOptions } from '../verify/gate.js'

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
 * - A `Request` does not know who sent it: without `clientIp`, keys that have an IP allowlist are refused.
 * - A `Request` has a URL, not the request target as it was sent: `/a/../b` and `/a/%2e%2e/b` arrive as `/b`, a `\`
 *   as `/`. Clients that signed such a spelling are refused.
 *
 * @throws {ConfigError} naming the option
 */
export function protect<Context extends readonly unknown[]>(
  options: ProtectOptions<readonly [request: Request, ...context: Context]>,
  handler: FetchHandler<Context>,
): (request: Request, ...context: Context) => Promise<Response> {
  const gate = createGate('protect', options)
  if (typeof handler !== 'function') throw invalidOption('protect', 'handler', 'a function')

  async function receive(request: Request, context: Context): Promise<Access | Problem> {
    const head = headOf(request, gate.clientIp?.(request, ...context))
    const route = gate.enter(head)
    if (isProblem(route)) return route
    const body = await readBody(request, gate.maxBodyBytes)
    return typeof body === 'string' ? gate.refuse(body, head) : gate.judge(route, { ...head, body })
  }

  return async (request, ...context) => {
    let answerTo = problemOfFailure
    try {
      const outcome = await receive(request, context)
      if (isProblem(outcome)) return toResponse(request, outcome)
      answerTo = failedProblem
      return await handler(request, outcome, ...context)
    } catch (error) {
      gate.onError(error)
      return toResponse(request, answerTo(error))
    }
  }
}

function headOf(request: Request, ip: string | undefined): WireRequest {
  const headers: Record<string, string> = Object.create(null)
  // A repeated field arrives joined by `, `, which the format of no credential admits.
  request.headers.forEach((value, name) => {
    headers[name] = value
  })
  const { url, method } = request
  const target = url.slice(url.indexOf('/', url.indexOf('://') + 3))
  return { method, target, headers, body: EMPTY_BODY, ip }
}

type Unreadable = 'request_too_large' | 'malformed_request'

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | Unreadable> {
  const { body, bodyUsed, headers } = request
  if (bodyUsed || body?.locked) {
    const message = 'protect: the request body was read before; call protect first, on the request as it came'
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'body' })
  }
  if (body === null) return EMPTY_BODY
  const reader = body.getReader()
  const tooLarge = Number(headers.get('content-length')) > maxBytes
  const read = tooLarge
    ? 'request_too_large'
    : await readAll(reader, maxBytes).catch(() => 'malformed_request' as const)
  // What is left of it is not wanted; whether that can still be said to the sender does not matter.
  if (typeof read === 'string') reader.cancel().catch(() => undefined)
  return read
}

/** Rejects when the sender breaks off. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | Unreadable> {
  const capture = createCapture(maxBytes)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return capture.bytes()
    if (!(value instanceof Uint8Array)) return 'malformed_request'
    if (!capture.add(value)) return 'request_too_large'
  }
}

function toResponse({ method }: Request, { status, headers, body }: Problem): Response {
  return new Response(method === 'HEAD' ? null : body, { status, headers })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError } from '../errors.js'
import { createCapture } from '../http/capture.js'
import { EMPTY_BODY, type WireRequest } from '../http/request.js'
import { failedProblem, type Problem } from '../http/respond.js'
import { invalidOption } from '../options.js'
import { type Access, createGate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'

export type { Access, ProtectOptions } from '../verify/gate.js'

export type NodeHandler = (req: IncomingMessage, res: ServerResponse, access: Access) => void | Promise<void>

/** How long a client that is still sending has to read that it was refused, ms. @source RFC 9112 section 9.6 */
const LINGER_MS = 500

/**
 * Guards a handler of `node:http`: `createServer(protect(options, handler))`. Build it once; every request is routed,
 * read up to `maxBodyBytes`, judged, and handed on or refused. The handler finds the body in `access.body`.
 *
 * Must stand before anything that reads the body or rewrites `req.url`, since it judges the bytes received. Without
 * `clientIp` the client is the peer of the socket; behind a proxy that is the proxy.
 *
 * @throws {ConfigError} naming the option
 */
export function protect(
  options: ProtectOptions<readonly [req: IncomingMessage]>,
  handler: NodeHandler,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const gate = createGate('protect', options)
  const { clientIp = peerOf, maxBodyBytes } = gate
  if (typeof handler !== 'function') throw invalidOption('protect', 'handler', 'a function')

  async function receive(req: IncomingMessage): Promise<Access | Problem | 'aborted'> {
    const head = headOf(req, clientIp(req))
    const route = gate.enter(head)
    if (isProblem(route)) return route
    const body = await readBody(req, maxBodyBytes)
    if (body === 'aborted') return body
    return body === 'request_too_large' ? gate.refuse(body, head) : gate.judge(route, { ...head, body })
  }

  return async (req, res) => {
    let answerTo = problemOfFailure
    try {
      const outcome = await receive(req)
      if (outcome === 'aborted') return
      if (isProblem(outcome)) return send(req, res, { problem: outcome, maxBodyBytes })
      answerTo = failedProblem
      await handler(req, res, outcome)
    } catch (error) {
      send(req, res, { problem: answerTo(error), maxBodyBytes })
      gate.onError(error)
    }
  }
}

function peerOf({ socket }: IncomingMessage): string | undefined {
  return socket.remoteAddress
}

/** From `rawHeaders`, since `headers` joins or drops what came more than once. */
function headOf(req: IncomingMessage, ip: string | undefined): WireRequest {
  const { method = '', url = '', rawHeaders } = req
  const headers: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const value = rawHeaders[i + 1]!
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (typeof before === 'string') headers[name] = [before, value]
    else before.push(value)
  }
  return { method, target: url, headers, body: EMPTY_BODY, ip }
}

/** Reads exactly the bytes received: chunks without their framing, a content coding left as it is. */
function readBody(req: IncomingMessage, maxBytes: number): Promise<Uint8Array | 'request_too_large' | 'aborted'> {
  const length = bodyLengthOf(req)
  if (length === 0) return Promise.resolve(EMPTY_BODY)
  if (length > maxBytes) return Promise.resolve('request_too_large')
  if (req.destroyed) return Promise.resolve('aborted')
  if (req.readableDidRead || req.readableFlowing === true || req.readableEncoding !== null) throw bodyWasRead()
  const capture = createCapture(maxBytes)
  return new Promise(resolve => {
    req.on('data', (chunk: Uint8Array) => {
      if (capture.add(chunk)) return
      req.removeAllListeners('data').pause()
      resolve('request_too_large')
    })
    req.once('end', () => resolve(capture.bytes()))
    req.once('close', () => resolve('aborted'))
    // An aborted upload is nobody's mistake here, and 'close' follows.
    req.once('error', () => undefined)
    req.resume()
  })
}

/** Bytes announced; `NaN` for chunks, whose number nobody knows. */
function bodyLengthOf({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Number.NaN
  return Number(headers['content-length'] ?? 0)
}

function bodyWasRead(): ConfigError {
  const message =
    'protect: the request body was read before its signature could be checked; ' +
    'call protect before the body parser (app.use(express.json()) and the like), or leave the parser out: ' +
    'the handler gets the bytes as access.body'
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'body' })
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { problem, maxBodyBytes }: { problem: Problem; maxBodyBytes: number },
): void {
  // Half an answer cannot be taken back; a broken connection at least does not look like a whole one.
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy()
    return
  }
  const { status, body } = problem
  const headers = { ...problem.headers, 'content-length': new TextEncoder().encode(body).length }
  // Node reads what remains of a body and drops it, however much that is. A little may be: then every client gets to
  // read the answer, also one that sends everything first, and the connection stays.
  if (req.complete || bodyLengthOf(req) <= 2 * maxBodyBytes) {
    res.writeHead(status, headers).end(body)
    return
  }
  res.writeHead(status, { ...headers, connection: 'close' }).flushHeaders()
  res.write(body)
  // Closed at once, the connection could be reset before a client that is still sending has read the answer.
  const timer = setTimeout(() => res.destroy(), LINGER_MS)
  res.once('close', () => clearTimeout(timer))
}

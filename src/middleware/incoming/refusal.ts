import type { Problem } from '../../http/respond.js'
import { bodyLengthOf, type IncomingLike, type OutgoingLike } from './message.js'

/** How long a client that is still sending has to read that it was refused, ms. @source RFC 9112 section 9.6 */
const LINGER_MS = 500

const encoder = /* @__PURE__ */ new TextEncoder()

/**
 * Whether too much of a body may still come. Node reads what remains of it and drops it, however much that is. A little
 * may be: then every client gets to read the answer, also one that sends everything first, and the connection stays.
 */
export function isEndless(req: IncomingLike, maxBodyBytes: number): boolean {
  return !(req.complete || bodyLengthOf(req) <= 2 * maxBodyBytes)
}

/** Answers a refused request. */
export function refuse(
  req: IncomingLike,
  res: OutgoingLike,
  { problem, maxBodyBytes }: { readonly problem: Problem; readonly maxBodyBytes: number },
): void {
  // Half an answer cannot be taken back; a broken connection at least does not look like a whole one.
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy()
    return
  }
  const { status, body } = problem
  const headers = { ...problem.headers, 'content-length': encoder.encode(body).length }
  if (!isEndless(req, maxBodyBytes)) {
    res.writeHead(status, headers)
    res.end(body)
    return
  }
  res.writeHead(status, { ...headers, connection: 'close' })
  res.flushHeaders()
  res.write(body)
  // Closed at once, the connection could be reset before a client that is still sending has read the answer.
  const timer = setTimeout(() => res.destroy(), LINGER_MS)
  res.once('close', () => clearTimeout(timer))
}

import type { IncomingLike, OutgoingLike } from './message.js'
import { isEndless } from './refusal.js'

/**
 * Gives an answer to a request whose body is unread, where the rest of that is little: it is read and dropped. Where the
 * connection ends with the answer, that comes first: ended with bytes unread, the connection would be reset, and a client
 * that sends everything first would not get to read why it was refused. Where the connection stays, it happens meanwhile;
 * not every platform does so by itself, and the next request would be taken for the rest.
 */
export function afterBody<T>(
  { req, res }: { readonly req: IncomingLike; readonly res: OutgoingLike },
  maxBodyBytes: number,
  answer: T,
): T | Promise<T> {
  if (req.destroyed || isEndless(req, maxBodyBytes)) return answer
  if (req.complete || req.readableFlowing === true || isHeldBack(req, res)) return answer
  req.once('error', () => undefined)
  req.resume()
  if (res.shouldKeepAlive !== false) return answer
  return new Promise(resolve => {
    const settle = (): void => resolve(answer)
    req.once('end', settle)
    req.once('close', settle)
  })
}

/** Whether the sender waits to be asked for the body, which nobody will do. */
function isHeldBack({ headers }: IncomingLike, res: OutgoingLike): boolean {
  const { _sent100: asked } = res as { readonly _sent100?: boolean }
  return headers['expect'] !== undefined && asked !== true
}

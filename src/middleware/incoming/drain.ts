import type { IncomingLike, OutgoingLike } from './message.js'
import { isEndless } from './refusal.js'

/**
 * Gives an answer once the rest of a body has come, where the connection ends with the answer and that rest is little.
 * Ended with bytes unread, the connection would be reset, and a client that sends everything first would not get to read
 * why it was refused. Where the connection stays, Node does so itself.
 */
export function afterBody<T>(
  { req, res }: { readonly req: IncomingLike; readonly res: OutgoingLike },
  maxBodyBytes: number,
  answer: T,
): T | Promise<T> {
  if (res.shouldKeepAlive !== false || req.destroyed || isEndless(req, maxBodyBytes)) return answer
  if (req.complete || req.readableFlowing === true || isHeldBack(req, res)) return answer
  return new Promise(resolve => {
    const settle = (): void => resolve(answer)
    req.once('end', settle)
    req.once('close', settle)
    req.once('error', () => undefined)
    req.resume()
  })
}

/** Whether the sender waits to be asked for the body, which nobody will do. */
function isHeldBack({ headers }: IncomingLike, res: OutgoingLike): boolean {
  const { _sent100: asked } = res as { readonly _sent100?: boolean }
  return headers['expect'] !== undefined && asked !== true
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { failedProblem } from '../http/respond.js'
import { invalidOption } from '../options.js'
import { type Access, createGate, isProblem, type ProtectOptions, problemOfFailure } from '../verify/gate.js'
import { judgeIncoming, refuseReadBody } from './incoming/guard.js'
import { refuse } from './incoming/refusal.js'

export type { Access, ProtectOptions } from '../verify/gate.js'

export type NodeHandler = (req: IncomingMessage, res: ServerResponse, access: Access) => void | Promise<void>

const READING = {
  putBack: false,
  wasRead: refuseReadBody(
    'call protect before the body parser (app.use(express.json()) and the like), or leave the parser out: ' +
      'the handler gets the bytes as access.body',
  ),
}

/**
 * Guards a handler of `node:http`: `createServer(protect(options, handler))`. Build it once; every request is routed,
 * read up to `maxBodyBytes`, judged, and handed on or refused. The handler finds the body in `access.body`.
 *
 * Must stand before anything that reads the body or rewrites `req.url`, since it judges the bytes received. Without
 * `clientIp` the client is the peer of the socket; behind a proxy that is the proxy.
 *
 * As a listener of `checkContinue` too, it refuses a client that sends `Expect: 100-continue` before the body is sent.
 *
 * @throws {ConfigError} naming the option
 */
export function protect(
  options: ProtectOptions<readonly [req: IncomingMessage]>,
  handler: NodeHandler,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const gate = createGate('protect', options)
  const { maxBodyBytes } = gate
  if (typeof handler !== 'function') throw invalidOption('protect', 'handler', 'a function')

  return async (req, res) => {
    let answerTo = problemOfFailure
    try {
      const outcome = await judgeIncoming(gate, { req, res, target: req.url ?? '', from: [req] }, READING)
      if (outcome === 'aborted') return
      if (isProblem(outcome)) return refuse(req, res, { problem: outcome, maxBodyBytes })
      answerTo = failedProblem
      await handler(req, res, outcome)
    } catch (error) {
      refuse(req, res, { problem: answerTo(error), maxBodyBytes })
      gate.onError(error)
    }
  }
}

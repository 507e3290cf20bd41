import { ConfigError } from '../../errors.js'
import { type Companion, createCapture } from '../../http/capture.js'
import { EMPTY_BODY } from '../../http/request.js'
import { bodyLengthOf, type IncomingLike, type OutgoingLike } from './message.js'

/** Why there is no body: it is above the limit, or its sender broke off. */
export type Unread = 'request_too_large' | 'aborted'

export interface Reading {
  readonly maxBodyBytes: number
  /** What is to see a large body arrive, if anything. */
  readonly companion: () => Companion | undefined
  /** Whether the body is put back when it has been read, so that a parser that comes later finds it. */
  readonly putBack: boolean
  /** What to do where something has read the body before; `undefined` when that something has kept the bytes. */
  readonly wasRead: (req: IncomingLike) => Uint8Array
}

/**
 * Reads exactly the bytes received: chunks without their framing, a content coding left as it is. A sender that waits
 * for `100 Continue` is asked to go on.
 *
 * Hot path: a request without a body is answered at once.
 *
 * @throws what `wasRead` throws
 */
export function readBody(
  req: IncomingLike,
  res: OutgoingLike,
  { maxBodyBytes, companion, putBack, wasRead }: Reading,
): Uint8Array | Unread | Promise<Uint8Array | Unread> {
  const length = bodyLengthOf(req)
  if (length === 0) return EMPTY_BODY
  if (length > maxBodyBytes) return 'request_too_large'
  if (req.readableDidRead || req.readableFlowing === true || req.readableEncoding !== null) {
    return req.destroyed && !req.complete ? 'aborted' : within(maxBodyBytes, wasRead(req))
  }
  if (req.destroyed) return 'aborted'
  // Nothing is in it, and whoever reads it next shall see its end.
  if (req.complete && req.readableLength === 0) return EMPTY_BODY
  if (req.headers['expect'] !== undefined) goOn(req, res)
  return collect(req, { maxBodyBytes, companion, putBack, length })
}

interface Collecting extends Omit<Reading, 'wasRead'> {
  readonly length: number
}

/**
 * Takes what is there whenever there is something, and never reads past the last byte: until somebody does, the stream
 * has not ended, and what was read can be put back.
 */
function collect(req: IncomingLike, given: Collecting): Promise<Uint8Array | Unread> {
  const { maxBodyBytes, companion, putBack, length } = given
  const capture = createCapture(maxBodyBytes, { announced: Number.isNaN(length) ? undefined : length, companion })
  let size = 0
  return new Promise(resolve => {
    const settle = (outcome: Uint8Array | Unread): void => {
      req.removeListener('readable', take)
      req.removeListener('end', take)
      req.removeListener('close', abort)
      resolve(outcome)
    }
    const abort = (): void => settle('aborted')
    const take = (): void => {
      while (req.readableLength > 0) {
        const chunk = req.read() as Uint8Array
        size += chunk.length
        if (!capture.add(chunk)) {
          settle('request_too_large')
          return
        }
      }
      const isWhole = size === length || (req.complete && Number.isNaN(length))
      if (!isWhole && !req.readableEnded) return
      const bytes = capture.bytes()
      settle(bytes)
      if (putBack && size > 0 && !req.readableEnded) req.unshift(bytes)
    }
    req.on('readable', take)
    req.once('end', take)
    req.once('close', abort)
    // An aborted upload is nobody's mistake here, and 'close' follows.
    req.once('error', () => undefined)
  })
}

/** A `Buffer` would be of another kind than what is read here. */
function within(maxBodyBytes: number, { buffer, byteOffset, length }: Uint8Array): Uint8Array | Unread {
  return length > maxBodyBytes ? 'request_too_large' : new Uint8Array(buffer, byteOffset, length)
}

/** Node has answered by itself, unless the host listens to `checkContinue` so that refusals come before the body. */
function goOn({ headers }: IncomingLike, res: OutgoingLike): void {
  const { _sent100: answered } = res as { readonly _sent100?: boolean }
  if (answered !== true && String(headers['expect']).toLowerCase() === '100-continue') res.writeContinue()
}

/** @param remedy what to do about it, as a part of a sentence */
export function bodyWasRead(remedy: string): ConfigError {
  const message = `protect: the request body was read before its signature could be checked; ${remedy}`
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'body' })
}

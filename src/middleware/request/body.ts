import { ConfigError } from '../../errors.js'
import { type Companion, createCapture } from '../../http/capture.js'
import { EMPTY_BODY, type WireRequest } from '../../http/request.js'

type Unreadable = 'request_too_large' | 'malformed_request'

export interface BodyLimits {
  readonly maxBytes: number
  /** What is to see a large body arrive, if anything. */
  readonly companion: () => Companion | undefined
}

/**
 * Whether a request can have a body. Hot path: some platforms make most of a `Request` when its body is first asked for,
 * which takes ten times as long as judging it.
 *
 * @source RFC 9112 section 6.3: without these fields there is none. The Fetch standard has none with these methods.
 */
export function mayHaveBody({ method, headers }: Pick<WireRequest, 'method' | 'headers'>): boolean {
  const isBare = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
  return !isBare || (method !== 'GET' && method !== 'HEAD')
}

/**
 * Reads exactly the bytes received.
 *
 * @throws {ConfigError} where something has read them before
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array | Unreadable> {
  const { body, bodyUsed } = request
  const { maxBytes } = limits
  if (bodyUsed || body?.locked) {
    const message =
      'protect: the request body was read before; call protect first, on the request as it came; ' +
      'with Hono, put app.use(protect(…)) before whatever reads it'
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'body' })
  }
  if (body === null) return EMPTY_BODY
  const reader = body.getReader()
  const announced = Number(request.headers.get('content-length') ?? Number.NaN)
  const read =
    announced > maxBytes
      ? 'request_too_large'
      : await readAll(reader, { ...limits, announced }).catch(() => 'malformed_request' as const)
  if (typeof read === 'string') await dropRest(reader, announced <= 2 * maxBytes)
  return read
}

/** For a refusal before anything was read. */
export async function dropBody({ body, headers }: Request, maxBytes: number): Promise<void> {
  if (body === null || body.locked) return
  await dropRest(body.getReader(), Number(headers.get('content-length') ?? Number.NaN) <= 2 * maxBytes)
}

/**
 * A little more than may be is read to its end, since a platform may close the connection once it has an answer, and a
 * client that sends everything first would not get to read it. Of more than that, or of who knows how much, nothing is
 * wanted.
 */
async function dropRest(reader: ReadableStreamDefaultReader<Uint8Array>, isLittle: boolean): Promise<void> {
  try {
    while (isLittle && !(await reader.read()).done);
    if (!isLittle) reader.cancel().catch(() => undefined)
  } catch {
    // Whoever broke off reads no answer.
  }
}

/** Rejects when the sender breaks off. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { maxBytes, companion, announced }: BodyLimits & { readonly announced: number },
): Promise<Uint8Array | Unreadable> {
  const capture = createCapture(maxBytes, { announced: announced >= 0 ? announced : undefined, companion })
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return capture.bytes()
    if (!(value instanceof Uint8Array)) return 'malformed_request'
    if (!capture.add(value)) return 'request_too_large'
  }
}

import { KeyError } from '../errors.js'
import { collect, isStream } from './body.js'
import type { Signer } from './signer.js'
import type { StreamedBody, Streams } from './streams.js'

/** As in `fetch`; besides, a body that is streamed. */
export interface SignedRequestInit extends Omit<RequestInit, 'body'> {
  readonly body?: RequestInit['body'] | AsyncIterable<Uint8Array | string> | StreamedBody
}

/** A request whose bytes are known, or as good as known. */
export interface Outgoing {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** What is signed. */
  readonly body: Uint8Array
  /** What is sent, given the body as the scheme wrote it. */
  open(signed: Uint8Array): unknown
}

/**
 * `Request` decides about method, content type and body exactly as `fetch` will.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, field `body`, for a stream that is too long, or that nothing can sign
 */
export async function prepare(
  input: URL | Request,
  { body, ...init }: SignedRequestInit,
  { signer, streams }: { readonly signer: Signer; readonly streams?: Streams },
): Promise<Outgoing> {
  const isStreamed = isStreamedBody(body)
  if (isStreamed && !streams) throw new KeyError('ERR_INPUT_INVALID', "this body needs 'streams'", { field: 'body' })
  const bytes = isStream(body) ? await collect(body) : isStreamed ? await streams?.enter(body, signer) : undefined
  const request = new Request(input, { ...init, body: isStreamed ? undefined : (bytes ?? body) } as RequestInit)
  return {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: bytes ?? new Uint8Array(await request.arrayBuffer()),
    open: signed => (isStreamed ? body.open() : signed.length > 0 ? signed : null),
  }
}

function isStreamedBody(body: unknown): body is StreamedBody {
  return body instanceof Object && 'digest' in body
}

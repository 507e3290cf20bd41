import { encodeUtf8 } from '../bytes.js'
import { KeyError } from '../errors.js'

/** A stream of the platform, or one of Node. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>

/** Longest stream that is read into memory to be signed: 16 MiB. */
export const MAX_BUFFERED_BYTES: number = 2 ** 24

export function isStream(body: unknown): body is ByteStream {
  return body instanceof Object && ('getReader' in body || Symbol.asyncIterator in body)
}

/**
 * Reads a stream to its end; text in it stands for its UTF-8.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, field `body`, once it is too long
 */
export async function collect(body: ByteStream): Promise<Uint8Array> {
  // Not every browser can iterate over a stream.
  const source = 'getReader' in body ? body.getReader() : body[Symbol.asyncIterator]()
  const chunks: BlobPart[] = []
  let size = 0
  while (size <= MAX_BUFFERED_BYTES) {
    const { done, value } = await ('read' in source ? source.read() : source.next())
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer())
    const bytes = typeof value === 'string' ? encodeUtf8(value) : value
    chunks.push(bytes as BlobPart)
    size += bytes.length
  }
  await ('cancel' in source ? source.cancel() : source.return?.())
  throw new KeyError('ERR_INPUT_INVALID', 'a stream longer than 16 MiB is signed as { open, digest } only', {
    field: 'body',
  })
}

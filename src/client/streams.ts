import type { HashName, Part } from '../crypto/hash.js'
import { encodeDigest, isDigest } from '../crypto/parts.js'
import { KeyError } from '../errors.js'
import { EMPTY_BODY } from '../http/request.js'
import { invalidOption } from '../options.js'
import type { Scheme } from '../scheme.js'
import type { ByteStream } from './body.js'
import type { Signer } from './signer.js'

/** A body that is never in memory as a whole: read once for its digest, and once more for each time it is sent. */
export interface StreamedBody {
  /** Opens it anew, from its first byte. */
  open(): ByteStream
  /** The digest of all its bytes, known beforehand or worked out by reading it. */
  digest(hash: HashName): Uint8Array | Promise<Uint8Array>
}

/** What signs streamed bodies. */
export interface Streams {
  /** The scheme for `createSigner`; in all else the one it was made from. */
  readonly scheme: Scheme
  /**
   * What stands for the body in `signer.sign`; send the stream in its place.
   *
   * @param signer who will sign it
   *
   * The promise rejects with `ConfigError` `ERR_OPTION_INVALID` where the signer has another scheme than this; with
   * `KeyError` `ERR_INPUT_INVALID`, field `body`, for a digest of another length; with whatever `digest` rejects with.
   */
  enter(body: StreamedBody, signer: Pick<Signer, 'scheme'>): Promise<Uint8Array>
}

type Digests = ReadonlyMap<HashName, Uint8Array>

const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 }

/**
 * Makes a scheme sign bodies of which only the digest is known. Such are `hmac-v1`, `ed25519-v1`,
 * `http-message-signatures` and `gate`, which sign the digest, and those that leave the body open.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID` for a scheme that signs the body itself: there is no signature before all of
 * it is there
 */
export function createStreams(scheme: Scheme): Streams {
  const hashes = hashesOfBody(scheme)
  const entered = new WeakMap<Uint8Array, Digests>()

  function resolve(parts: readonly Part[], body: Uint8Array): readonly Part[] {
    const digests = entered.get(body)
    if (digests === undefined) return parts
    return parts.map(part => {
      const known = isDigestOf(part, body) ? digests.get(part.digest) : undefined
      return known === undefined || !isDigest(part) ? part : encodeDigest(known, part.as)
    })
  }

  const { derive } = scheme
  const derived: Scheme['derive'] = request =>
    Object.fromEntries(
      Object.entries(derive?.(request) ?? {}).map(([name, parts]) => [name, resolve(parts, request.body)]),
    )
  const streaming = Object.freeze<Scheme>({
    ...scheme,
    stringToSign: (request, claim) => resolve(scheme.stringToSign(request, claim), request.body),
    ...(derive && { derive: derived }),
  })
  return Object.freeze<Streams>({
    scheme: streaming,
    async enter(body, signer) {
      if (signer.scheme !== streaming) throw invalidOption('createSigner', 'scheme', "the streams' own: streams.scheme")
      const placeholder = new Uint8Array(1)
      entered.set(placeholder, new Map(await Promise.all(hashes.map(hash => digestOf(body, hash)))))
      return placeholder
    },
  })
}

async function digestOf(body: StreamedBody, hash: HashName): Promise<readonly [HashName, Uint8Array]> {
  const digest = await body.digest(hash)
  if (digest?.length === DIGEST_BYTES[hash]) return [hash, digest]
  throw new KeyError('ERR_INPUT_INVALID', `the body's digest is no ${hash}`, { field: 'body' })
}

function isDigestOf(part: Part, body: Uint8Array): part is Part & { readonly digest: HashName } {
  return isDigest(part) && part.of.length === 1 && part.of[0] === body
}

/** The hashes of the body that are signed, found by signing two bodies: in nothing else may what is signed differ. */
function hashesOfBody(scheme: Scheme): readonly HashName[] {
  const [one, other] = ['{"a":1}', 'b=2&c=3'].map(text => probe(scheme, new TextEncoder().encode(text)))
  if (one === undefined || one.rest !== other?.rest) {
    throw invalidOption('createStreams', 'scheme', 'one that signs a body by its digest, or not at all')
  }
  return one.hashes
}

interface Probe {
  readonly hashes: readonly HashName[]
  /** All that is signed and sent, but for the body and its digests. */
  readonly rest: string
}

function probe(scheme: Scheme, body: Uint8Array): Probe | undefined {
  const stamp = {
    keyId: 'key',
    nowMs: 1,
    recvWindowMs: -1,
    lastNonce: '',
    passphrase: 'passphrase',
    algorithm: '',
  } as const
  const claim = scheme.stamp({ ...stamp, randomNonce: () => '0'.repeat(32) })
  const request = { method: 'POST', target: '/', headers: { 'content-type': 'application/octet-stream' }, body }
  const derived = scheme.derive?.(request) ?? {}
  const names = Object.fromEntries(Object.keys(derived).map(name => [name, '']))
  const written = scheme.write({ ...request, headers: { ...request.headers, ...names } }, claim, EMPTY_BODY)
  if (written.body !== body) return undefined
  const parts = [...Object.values(derived).flat(), ...scheme.stringToSign(written, claim)]
  const hashes = new Set(parts.flatMap(part => (isDigestOf(part, body) ? [part.digest] : [])))
  const others = parts.filter(part => !isDigestOf(part, body))
  return { hashes: [...hashes], rest: JSON.stringify([written.target, written.headers, others]) }
}

import { runningDigest } from '#hash'
import type { HashName, Part } from '../crypto/hash.js'
import { encodeDigest, isDigest } from '../crypto/parts.js'
import { type Companion, SMALL_BODY_BYTES } from '../http/capture.js'

/** Which digest of a body is needed. */
export interface BodyDigest {
  readonly hash: HashName
  /** Longest body it is needed of, bytes. */
  readonly maxBytes: number
}

/**
 * What was digested while it arrived, by the bytes themselves: known here alone, so that nobody can say what the digest
 * of some bytes is but who has seen them come. The memory is the capture's own: who changes it afterwards changes what
 * was judged, as a handler can.
 */
const taken = /* @__PURE__ */ new WeakMap<Uint8Array, { readonly hash: HashName; readonly digest: Uint8Array }>()

/** Takes a digest in as many steps as there are chunks, so that nobody waits for the hash of a large body. */
export function createArrivingDigest({ hash, maxBytes }: BodyDigest): Companion {
  const running = runningDigest(hash)
  let size = 0
  return {
    add(chunk) {
      size += chunk.length
      if (size <= maxBytes) running.update(chunk)
    },
    end(bytes) {
      if (size <= maxBytes) taken.set(bytes, { hash, digest: new Uint8Array(running.digest()) })
    },
  }
}

/** The parts, with the digest of a large body in its place where it was taken as that arrived. */
export function withArrivedDigest(parts: readonly Part[], body: unknown): readonly Part[] {
  const arrived = body instanceof Uint8Array && body.length > SMALL_BODY_BYTES ? taken.get(body) : undefined
  if (arrived === undefined) return parts
  return parts.map(part =>
    isDigestOf(part, body) && part.digest === arrived.hash ? encodeDigest(arrived.digest, part.as) : part,
  )
}

/** Whether a part is the digest of these bytes and nothing else. */
export function isDigestOf(part: Part, bytes: unknown): part is Extract<Part, { readonly digest: HashName }> {
  return typeof part !== 'string' && isDigest(part) && part.of.length === 1 && part.of[0] === bytes
}

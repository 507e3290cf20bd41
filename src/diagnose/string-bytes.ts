import { hashes } from '#hash'
import type { Part } from '../crypto/hash.js'
import { joinBytes, type PlainPart, plainParts, writeParts } from '../crypto/parts.js'
import { type AnySegment, bytesOfContent, type DigestSegment, isDigestSegment, partsOf } from './segment.js'

/** Longer strings are joined without it. */
const scratch = /* @__PURE__ */ new Uint8Array(8192)

/** A digest is the same in every string that it stands in, and most changes leave it alone. */
const digests = /* @__PURE__ */ new WeakMap<DigestSegment, PlainPart>()

/** The bytes that these parts stand for. */
export function bytesOfParts(parts: readonly Part[]): Uint8Array {
  return joined(plainParts(parts, hashes))
}

/** The bytes that these segments stand for. */
export function bytesOfSegments(segments: readonly AnySegment[]): Uint8Array {
  return joined(segments.map(segment => (isDigestSegment(segment) ? digestOf(segment) : segment.content)))
}

function digestOf(segment: DigestSegment): PlainPart {
  const [digest = ''] = digests.has(segment) ? [digests.get(segment)] : plainParts(partsOf([segment]), hashes)
  digests.set(segment, digest)
  return digest
}

function joined(parts: readonly PlainPart[]): Uint8Array {
  const length = writeParts(parts, scratch)
  return length < 0 ? joinBytes(parts.map(bytesOfContent)) : scratch.slice(0, length)
}

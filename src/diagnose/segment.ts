import { encodeUtf8 } from '../bytes.js'
import type { Digest, HashName, Part } from '../crypto/hash.js'
import { isDigest } from '../crypto/parts.js'
import type { PartSource } from './explanation.js'

/** A piece of the string to sign, named by what it comes from. */
export interface Segment {
  readonly source: PartSource
  /** Name of the header field; empty for every other source. */
  readonly name: string
  /** Text stands for its UTF-8. */
  readonly content: string | Uint8Array
}

/** A digest of segments, as one piece of the string. */
export interface DigestSegment {
  readonly hash: HashName
  readonly as: Digest['as']
  readonly of: readonly Segment[]
}

export type AnySegment = Segment | DigestSegment

export function isDigestSegment(segment: AnySegment): segment is DigestSegment {
  return 'hash' in segment
}

/** The parts that these segments stand for. */
export function partsOf(segments: readonly AnySegment[]): readonly Part[] {
  return segments.map(segment =>
    isDigestSegment(segment)
      ? { digest: segment.hash, of: segment.of.map(({ content }) => content), as: segment.as }
      : segment.content,
  )
}

/** The texts and byte strings that parts are made of, those of a digest among them. */
export function leavesOf(parts: readonly Part[]): readonly (string | Uint8Array)[] {
  return parts.flatMap(part => (typeof part !== 'string' && isDigest(part) ? part.of : [part]))
}

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a segment; `undefined` when it is no UTF-8. */
export function textOfContent(content: string | Uint8Array): string | undefined {
  if (typeof content === 'string') return content
  try {
    return decoder.decode(content)
  } catch {
    return undefined
  }
}

export function bytesOfContent(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? encodeUtf8(content) : content
}

/** A segment that comes from nothing of the request. */
export function literal(content: string | Uint8Array): Segment {
  return { source: 'literal', name: '', content }
}

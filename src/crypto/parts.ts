import { encodeBase64, encodeHex } from '../bytes.js'
import type { Digest, Hash, HashName, Part } from './hash.js'

/** A part whose bytes are there. */
export type PlainPart = string | Uint8Array

const encoder = /* @__PURE__ */ new TextEncoder()

/**
 * Writes the concatenated parts to the front of `target`. Hot path: neighbouring text is encoded in one call.
 *
 * @returns how many bytes they take, or -1 when `target` is too short for them
 */
export function writeParts(parts: readonly PlainPart[], target: Uint8Array): number {
  let at = 0
  let text = ''
  let last = ''
  for (let i = 0; i < parts.length && at >= 0; i++) {
    const part = parts[i]!
    if (typeof part !== 'string') {
      at = writeBytes(part, target, writeText(text, target, at))
      text = ''
    } else if (text === '' || !splitsPair(last, part)) {
      text += part
    } else {
      at = writeText(text, target, at)
      text = part
    }
    if (typeof part === 'string' && part !== '') last = part
  }
  return writeText(text, target, at)
}

/** The bytes of one part, in memory of its own when it is text. */
export function bytesOfPart(part: PlainPart): Uint8Array {
  return typeof part === 'string' ? encoder.encode(part) : expectBytes(part)
}

/** The pieces behind each other. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

/** The bytes of one part; of text, a view of `memory` where it fits. */
export function viewOfPart(part: PlainPart, memory: Uint8Array): Uint8Array {
  if (typeof part !== 'string') return expectBytes(part)
  const { read, written } = encoder.encodeInto(part, memory)
  return read === part.length ? memory.subarray(0, written) : encoder.encode(part)
}

function writeText(text: string, target: Uint8Array, at: number): number {
  if (text === '' || at < 0) return at
  const { read, written } = encoder.encodeInto(text, at === 0 ? target : target.subarray(at))
  return read === text.length ? at + written : -1
}

function writeBytes(bytes: Uint8Array, target: Uint8Array, at: number): number {
  if (at < 0 || at + expectBytes(bytes).length > target.length) return -1
  target.set(bytes, at)
  return at + bytes.length
}

/** Anything but bytes could be hashed as nothing. @throws {TypeError} */
export function expectBytes(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('expected Uint8Array or text')
  return bytes
}

/** Two halves of a surrogate pair in two parts are two U+FFFD, as each part stands for its own UTF-8 bytes. */
function splitsPair(before: string, part: string): boolean {
  const high = before.charCodeAt(before.length - 1)
  const low = part.charCodeAt(0)
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff
}

export function isDigest(part: Part): part is Digest {
  return typeof part === 'object' && 'digest' in part && !(part instanceof Uint8Array)
}

/**
 * The parts with every digest worked out. Hot path: the same list when there is none.
 *
 * @throws {TypeError} for a hash that is not offered
 */
export function plainParts(parts: readonly Part[], hashes: Readonly<Record<HashName, Hash>>): readonly PlainPart[] {
  let plain: PlainPart[] | undefined
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if (typeof part === 'string' || !isDigest(part)) continue
    plain ??= [...parts] as PlainPart[]
    plain[i] = plainDigest(part, hashes)
  }
  return plain ?? (parts as readonly PlainPart[])
}

function plainDigest({ digest, of, as }: Digest, hashes: Readonly<Record<HashName, Hash>>): PlainPart {
  const hash = hashes[digest]
  const [only] = of
  if (as === 'hex' && of.length === 1 && typeof only === 'object') return hash.hexDigest(only)
  return encodeDigest(hash.digest(of), as)
}

export function encodeDigest(digest: Uint8Array, as: Digest['as']): PlainPart {
  if (as === 'bytes') return digest
  return as === 'hex' ? encodeHex(digest) : encodeBase64(digest)
}

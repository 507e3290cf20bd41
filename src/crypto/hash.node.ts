import * as platform from 'node:crypto'
import { invalidOption } from '../options.js'
import type { Hash, HashName, Mac, Part, RunningDigest } from './hash.js'
import { bytesOfPart, expectBytes, type PlainPart, plainParts, writeParts } from './parts.js'

/** Bytes of message that fit into a scratch buffer; anything longer is streamed. */
const SCRATCH_BYTES = 4096
/** Views up to this length are kept; for longer input the hash itself costs far more than a new view. */
const KEPT_VIEW_BYTES = 768
const IPAD = 0x36363636
/** Turns the inner pad into the outer one: 0x36 ^ 0x5c. */
const INNER_TO_OUTER = 0x6a6a6a6a

export const sha256: Hash = /* @__PURE__ */ createNodeHash('sha256', 32, 64)
export const sha384: Hash = /* @__PURE__ */ createNodeHash('sha384', 48, 128)
export const sha512: Hash = /* @__PURE__ */ createNodeHash('sha512', 64, 128)

export const hashes: Readonly<Record<HashName, Hash>> = /* @__PURE__ */ Object.freeze({ sha256, sha384, sha512 })

/** Whether two byte strings are the same, in constant time; different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && platform.timingSafeEqual(a, b)
}

/** Begins a digest of bytes that are still to come. */
export function runningDigest(name: HashName): RunningDigest {
  return platform.createHash(name)
}

/**
 * Digest as a string of characters below 256 (Latin-1): one call, and a string is half the cost of a `Buffer`
 * because it needs no memory outside the heap.
 */
function oneShot(name: HashName, bytes: Uint8Array): string {
  return platform.hash === undefined
    ? platform.createHash(name).update(bytes).digest('binary')
    : platform.hash(name, bytes, 'binary')
}

/**
 * Memory that every call of one hash shares and has consumed before it returns. For a MAC the first `blockBytes` hold
 * the pad and the rest the message; a digest's message fills it from the front.
 */
interface Scratch {
  readonly name: HashName
  readonly whole: Uint8Array
  /** The pad. */
  readonly words: Int32Array
  /** What follows the pad. */
  readonly message: Uint8Array
  readonly digestBytes: number
  readonly blockBytes: number
  /** The first `length` bytes. */
  front(length: number): Uint8Array
}

function createScratch(name: HashName, digestBytes: number, blockBytes: number): Scratch {
  const memory = new ArrayBuffer(blockBytes + SCRATCH_BYTES)
  const kept: (Uint8Array | undefined)[] = []
  return {
    name,
    whole: new Uint8Array(memory),
    words: new Int32Array(memory, 0, blockBytes / 4),
    message: new Uint8Array(memory, blockBytes),
    digestBytes,
    blockBytes,
    front(length) {
      const view = kept[length] ?? new Uint8Array(memory, 0, length)
      if (length <= KEPT_VIEW_BYTES) kept[length] = view
      return view
    },
  }
}

function createNodeHash(name: HashName, digestBytes: number, blockBytes: number): Hash {
  const scratch = createScratch(name, digestBytes, blockBytes)
  let emptyHex: string | undefined
  return Object.freeze({
    name,
    digestBytes,
    blockBytes,
    digest(parts: readonly Part[]): Uint8Array {
      const digest = new Uint8Array(digestBytes)
      copyLatin1(digestOf(parts, scratch), digest)
      return digest
    },
    hexDigest(bytes: Uint8Array): string {
      if (expectBytes(bytes).length !== 0) return hexOf(name, bytes)
      emptyHex ??= hexOf(name, bytes)
      return emptyHex
    },
    mac(key: Uint8Array): Mac {
      return createMac(padOf(key, scratch), scratch)
    },
  })
}

function hexOf(name: HashName, bytes: Uint8Array): string {
  return platform.hash === undefined
    ? platform.createHash(name).update(bytes).digest('hex')
    : platform.hash(name, bytes, 'hex')
}

function createMac(pad: Int32Array, scratch: Scratch): Mac {
  return Object.freeze({
    tag(parts: readonly Part[]): Uint8Array {
      const tag = new Uint8Array(scratch.digestBytes)
      copyLatin1(tagOf(parts, pad, scratch), tag)
      return tag
    },
    matches(parts: readonly Part[], tag: Uint8Array): boolean {
      return tag.length === scratch.digestBytes && isLatin1(tagOf(parts, pad, scratch), tag)
    },
  })
}

/** The key XOR ipad: all that is kept of a key. Built in the scratch, so that 64 bytes of it stay inside the heap. */
function padOf(key: Uint8Array, { name, blockBytes, whole, words }: Scratch): Int32Array {
  if (!(key instanceof Uint8Array) || key.length === 0) throw invalidOption('mac', 'key', 'at least one byte')
  whole.fill(0, 0, blockBytes)
  if (key.length > blockBytes) copyLatin1(oneShot(name, key), whole)
  else whole.set(key)
  const pad = words.map(word => word ^ IPAD)
  whole.fill(0, 0, blockBytes)
  return pad
}

/** HMAC in two hash calls. Hot path: the only memory it allocates are the two digests' strings. */
function tagOf(given: readonly Part[], pad: Int32Array, scratch: Scratch): string {
  const { name, blockBytes, words, message } = scratch
  // First, because digests use the same scratch.
  const parts = plainParts(given, hashes)
  const length = writeParts(parts, message)
  for (let i = 0; i < pad.length; i++) words[i] = pad[i]!
  const inner =
    length < 0
      ? streamed(name, [scratch.front(blockBytes), ...parts])
      : oneShot(name, scratch.front(blockBytes + length))
  for (let i = 0; i < pad.length; i++) words[i] = pad[i]! ^ INNER_TO_OUTER
  copyLatin1(inner, message)
  return oneShot(name, scratch.front(blockBytes + inner.length))
}

function digestOf(given: readonly Part[], { name, whole, front }: Scratch): string {
  const parts = plainParts(given, hashes)
  const [only] = parts
  if (parts.length === 1 && only instanceof Uint8Array) return oneShot(name, only)
  const length = writeParts(parts, whole)
  return length < 0 ? streamed(name, parts) : oneShot(name, front(length))
}

function streamed(name: HashName, parts: readonly PlainPart[]): string {
  const hash = platform.createHash(name)
  for (const part of parts) hash.update(bytesOfPart(part))
  return hash.digest('binary')
}

function copyLatin1(text: string, target: Uint8Array): void {
  for (let i = 0; i < text.length; i++) target[i] = text.charCodeAt(i)
}

/**
 * Whether the characters are the bytes, without an early exit. Not `timingSafeEqual`: a small array that reaches it is
 * given memory outside the heap first, which costs as much as a hash.
 */
function isLatin1(text: string, bytes: Uint8Array): boolean {
  let difference = text.length ^ bytes.length
  for (let i = 0; i < text.length; i++) difference |= text.charCodeAt(i) ^ bytes[i]!
  return difference === 0
}

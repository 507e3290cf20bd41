import { sha256 as nobleSha256, sha384 as nobleSha384, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'
import { encodeHex } from '../bytes.js'
import { invalidOption } from '../options.js'
import type { Hash, Mac, Part } from './hash.js'
import { bytesOfPart, expectBytes, writeParts } from './parts.js'

/** What is used of noble: a running hash whose state can be copied over another one's. */
interface State {
  update(bytes: Uint8Array): State
  digestInto(out: Uint8Array): void
  _cloneInto(to?: State): State
}

interface Noble {
  readonly outputLen: number
  readonly blockLen: number
  create(): State
}

/** Bytes of message that are gathered before they are hashed; anything longer is hashed part by part. */
const SCRATCH_BYTES = 1024
const IPAD = 0x36
/** Turns the inner pad into the outer one: 0x36 ^ 0x5c. */
const INNER_TO_OUTER = 0x6a

export const sha256: Hash = /* @__PURE__ */ createNobleHash('sha256', nobleSha256)
export const sha384: Hash = /* @__PURE__ */ createNobleHash('sha384', nobleSha384)
export const sha512: Hash = /* @__PURE__ */ createNobleHash('sha512', nobleSha512)

/** Whether two byte strings are the same, without an early exit; different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Memory that every call of one hash shares and has consumed before it returns. */
interface Scratch {
  readonly message: Uint8Array
  readonly tag: Uint8Array
  /** Takes in one message after another. */
  readonly state: State
  /** Has taken in nothing. */
  readonly initial: State
}

function createNobleHash(name: Hash['name'], noble: Noble): Hash {
  const { outputLen: digestBytes, blockLen: blockBytes } = noble
  let made: Scratch | undefined
  let emptyHex: string | undefined
  const scratch = (): Scratch => {
    made ??= createScratch(noble)
    return made
  }
  const digest = (parts: readonly Part[]): Uint8Array => {
    const { initial, state, tag } = scratch()
    initial._cloneInto(state)
    update(parts, scratch())
    state.digestInto(tag)
    return tag.slice()
  }
  return Object.freeze({
    name,
    digestBytes,
    blockBytes,
    digest,
    hexDigest(bytes: Uint8Array): string {
      if (expectBytes(bytes).length !== 0) return encodeHex(digest([bytes]))
      emptyHex ??= encodeHex(digest([]))
      return emptyHex
    },
    mac(key: Uint8Array): Mac {
      return createMac(keyed(noble, key), scratch())
    },
  })
}

function createScratch(noble: Noble): Scratch {
  return {
    message: new Uint8Array(SCRATCH_BYTES),
    tag: new Uint8Array(noble.outputLen),
    state: noble.create(),
    initial: noble.create(),
  }
}

/** States that have taken in the key's inner and outer pad, so that no message pays for the key again. */
interface Keyed {
  readonly inner: State
  readonly outer: State
}

function keyed(noble: Noble, key: Uint8Array): Keyed {
  if (!(key instanceof Uint8Array) || key.length === 0) throw invalidOption('mac', 'key', 'at least one byte')
  const pad = new Uint8Array(noble.blockLen)
  if (key.length > noble.blockLen) noble.create().update(key).digestInto(pad.subarray(0, noble.outputLen))
  else pad.set(key)
  for (let i = 0; i < pad.length; i++) pad[i]! ^= IPAD
  const inner = noble.create().update(pad)
  for (let i = 0; i < pad.length; i++) pad[i]! ^= INNER_TO_OUTER
  const outer = noble.create().update(pad)
  pad.fill(0)
  return { inner, outer }
}

function createMac(key: Keyed, scratch: Scratch): Mac {
  return Object.freeze({
    tag(parts: readonly Part[]): Uint8Array {
      writeTag(parts, key, scratch)
      return scratch.tag.slice()
    },
    matches(parts: readonly Part[], tag: Uint8Array): boolean {
      if (tag.length !== scratch.tag.length) return false
      writeTag(parts, key, scratch)
      return equalBytes(scratch.tag, tag)
    },
  })
}

/** HMAC into `scratch.tag`. Hot path: no key schedule, and one small view of memory. */
function writeTag(parts: readonly Part[], { inner, outer }: Keyed, scratch: Scratch): void {
  const { tag, state } = scratch
  inner._cloneInto(state)
  update(parts, scratch)
  state.digestInto(tag)
  outer._cloneInto(state)
  state.update(tag).digestInto(tag)
}

function update(parts: readonly Part[], { message, state }: Scratch): void {
  const length = writeParts(parts, message)
  if (length >= 0) state.update(message.subarray(0, length))
  else for (const part of parts) state.update(bytesOfPart(part))
}

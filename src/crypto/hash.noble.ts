import { sha256 as nobleSha256, sha384 as nobleSha384, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'
import { encodeHex } from '../bytes.js'
import { invalidOption } from '../options.js'
import type { Hash, Mac, Part } from './hash.js'
import { expectBytes, viewOfPart } from './parts.js'

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

/** Longer text takes memory of its own, which costs less than hashing it. */
const TEXT_BYTES = 1024
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
  readonly text: Uint8Array
  readonly tag: Uint8Array
  readonly state: State
}

function createNobleHash(name: Hash['name'], noble: Noble): Hash {
  const { outputLen: digestBytes, blockLen: blockBytes } = noble
  const scratch: Scratch = {
    text: new Uint8Array(TEXT_BYTES),
    tag: new Uint8Array(digestBytes),
    state: noble.create(),
  }
  const initial = noble.create()
  let emptyHex: string | undefined
  const digest = (parts: readonly Part[]): Uint8Array => writeDigest(initial, parts, scratch).slice()
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
      return createMac(keyed(noble, key), scratch)
    },
  })
}

/** The digest of what `start` has taken in and the parts, in `scratch.tag`. Hot path: no key schedule. */
function writeDigest(start: State, parts: readonly Part[], { text, tag, state }: Scratch): Uint8Array {
  start._cloneInto(state)
  for (const part of parts) state.update(viewOfPart(part, text))
  state.digestInto(tag)
  return tag
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

function createMac({ inner, outer }: Keyed, scratch: Scratch): Mac {
  const tagOf = (parts: readonly Part[]): Uint8Array =>
    writeDigest(outer, [writeDigest(inner, parts, scratch)], scratch)
  return Object.freeze({
    tag: (parts: readonly Part[]): Uint8Array => tagOf(parts).slice(),
    matches: (parts: readonly Part[], tag: Uint8Array): boolean =>
      tag.length === scratch.tag.length && equalBytes(tagOf(parts), tag),
  })
}

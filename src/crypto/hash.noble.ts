import { _SHA256, _SHA384, _SHA512 } from '@noble/hashes/sha2.js'
import { encodeHex } from '../bytes.js'
import { invalidOption } from '../options.js'
import type { Hash, HashName, Mac, Part, RunningDigest } from './hash.js'
import { expectBytes, type PlainPart, plainParts, viewOfPart } from './parts.js'

/** What is used of noble: a running hash whose state can be copied over another one's. */
interface State {
  readonly outputLen: number
  readonly blockLen: number
  update(bytes: Uint8Array): State
  /** The digest, in memory of its own; the state is wiped. */
  digest(): Uint8Array
  _cloneInto(to?: State): State
}

/** Longer text takes memory of its own, which costs less than hashing it. */
const TEXT_BYTES = 1024
const IPAD = 0x36
/** Turns the inner pad into the outer one: 0x36 ^ 0x5c. */
const INNER_TO_OUTER = 0x6a

// The classes and not noble's `sha256`, which brings 350 bytes that nothing here needs.
export const sha256: Hash = /* @__PURE__ */ createNobleHash('sha256', () => new _SHA256())
export const sha384: Hash = /* @__PURE__ */ createNobleHash('sha384', () => new _SHA384())
export const sha512: Hash = /* @__PURE__ */ createNobleHash('sha512', () => new _SHA512())

export const hashes: Readonly<Record<HashName, Hash>> = /* @__PURE__ */ Object.freeze({ sha256, sha384, sha512 })

/** Whether two byte strings are the same, without an early exit; different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Begins a digest of bytes that are still to come. */
export function runningDigest(name: HashName): RunningDigest {
  const states = { sha256: _SHA256, sha384: _SHA384, sha512: _SHA512 }
  return new states[name]()
}

function createNobleHash(name: HashName, create: () => State): Hash {
  const initial = create()
  // Memory that every call shares and has consumed before it returns.
  const running = create()
  const text = new Uint8Array(TEXT_BYTES)
  /** Digest of what `start` has taken in and the parts. Hot path: no key schedule. */
  const digestFrom = (start: State, parts: readonly PlainPart[]): Uint8Array => {
    start._cloneInto(running)
    for (const part of parts) running.update(viewOfPart(part, text))
    return running.digest()
  }
  const digest = (parts: readonly Part[]): Uint8Array => digestFrom(initial, plainParts(parts, hashes))
  const emptyHex = encodeHex(digestFrom(initial, []))
  return Object.freeze({
    name,
    digestBytes: initial.outputLen,
    blockBytes: initial.blockLen,
    digest,
    hexDigest: (bytes: Uint8Array): string => (expectBytes(bytes).length === 0 ? emptyHex : encodeHex(digest([bytes]))),
    mac(key: Uint8Array): Mac {
      const [inner, outer] = keyed(key, create)
      const tag = (parts: readonly Part[]): Uint8Array => {
        // First, because digests run in the same memory.
        const plain = plainParts(parts, hashes)
        return digestFrom(outer, [digestFrom(inner, plain)])
      }
      return Object.freeze({
        tag,
        matches: (parts: readonly Part[], other: Uint8Array) => equalBytes(tag(parts), other),
      })
    },
  })
}

/** States that have taken in the key's inner and outer pad, so that no message pays for the key again. */
function keyed(key: Uint8Array, create: () => State): [inner: State, outer: State] {
  if (!(key instanceof Uint8Array) || key.length === 0) throw invalidOption('mac', 'key', 'at least one byte')
  const hash = create()
  const pad = new Uint8Array(hash.blockLen)
  pad.set(key.length > pad.length ? hash.update(key).digest() : key)
  const absorb = (mask: number): State => {
    for (let i = 0; i < pad.length; i++) pad[i]! ^= mask
    return create().update(pad)
  }
  const states: [State, State] = [absorb(IPAD), absorb(INNER_TO_OUTER)]
  pad.fill(0)
  return states
}

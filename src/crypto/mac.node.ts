import type { HashName, Part } from './hash.js'
import { hashes } from './hash.node.js'
import { bytesOfPart, joinBytes, plainParts } from './parts.js'
import type { Sign } from './signing.js'

/** Prepares the HMAC of one key, which is not empty. */
export function prepareMac(hash: HashName, key: Uint8Array): Sign {
  return hashes[hash].mac(key).tag
}

/** The bytes of the concatenated parts. */
export function joinParts(parts: readonly Part[]): Uint8Array {
  return joinBytes(plainParts(parts, hashes).map(bytesOfPart))
}

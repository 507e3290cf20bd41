import { encodeHex, encodeUtf8 } from '../../bytes.js'

/** Due claims that one clean-up removes at most. */
export const CLEARED_AT_ONCE = 64

/** Every so many claims of a process one cleans up: a quarter of what may be removed, so that a backlog shrinks. */
const CLAIMS_PER_CLEARING = 16

/** Says how many due claims this claim should clear away: mostly none. */
export function createPace(): () => number {
  let claims = 0
  return () => (claims++ % CLAIMS_PER_CLEARING === 0 ? CLEARED_AT_ONCE : 0)
}

/**
 * What the server remembers a hash of, in hex. The length keeps the key id and the token apart; a text without UTF-8
 * may share the bytes of another, and is then refused in its place.
 */
export function encodeClaim(keyId: string, token: string): string {
  return encodeHex(encodeUtf8(`${keyId.length}:${keyId}${token}`))
}

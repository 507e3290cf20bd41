import { decodeBase64, decodeHex, encodeBase64, encodeHex } from '../bytes.js'
import { decodePercent } from '../http/percent.js'
import { textOfContent } from './segment.js'

/** How the text of a signature can be written. */
export type TagEncoding = 'hex' | 'upper-case hex' | 'base64' | 'base64url' | 'base64 without padding' | 'base64 of hex'

export interface ReadTag {
  readonly bytes: Uint8Array
  readonly encoding: TagEncoding
  /** Percent-encoded, as base64 in a query should be. */
  readonly escaped: boolean
}

/** Sizes that a MAC or a signature has: MD5 to SHA-512, the curves, and RSA of 2048 to 4096 bits. */
const SIZES = [16, 20, 28, 32, 48, 64, 256, 384, 512]

/** Longer than any of them in hex, percent-encoded. */
const MAX_LENGTH = 4096

/** What a text can be, if it is a signature: more than one thing where hex digits are base64 too. */
export function readTag(text: string): readonly ReadTag[] {
  if (text.length > MAX_LENGTH) return []
  const plain = decodePercent(text) ?? text
  const escaped = plain !== text
  const found: ReadTag[] = []
  const add = (encoding: TagEncoding, bytes: Uint8Array | undefined) => {
    if (bytes !== undefined && SIZES.includes(bytes.length)) found.push({ bytes, encoding, escaped })
  }
  const hex = plain.toLowerCase()
  add(hex === plain ? 'hex' : 'upper-case hex', decodeHex(hex, plain.length / 2))
  const standard = plain.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  const padded = standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')
  const bytes = decodeBase64(padded)
  add(/[-_]/.test(plain) ? 'base64url' : padded === plain ? 'base64' : 'base64 without padding', bytes)
  const inner = (bytes && textOfContent(bytes)?.toLowerCase()) ?? ''
  add('base64 of hex', decodeHex(inner, inner.length / 2))
  return found
}

/** Every way to write a tag that some scheme has. */
export const TAG_WRITERS: readonly ((bytes: Uint8Array) => string)[] = [
  encodeHex,
  encodeBase64,
  bytes => encodeURIComponent(encodeBase64(bytes)),
  bytes => encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
]

/** What in a text could be a signature. */
export const TAG_TEXT: RegExp = /[A-Za-z0-9+/_%-]{20,}={0,2}/g

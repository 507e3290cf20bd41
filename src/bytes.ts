/** Bytes to text and back. Decoders are strict: one text per value, anything else is `undefined`. */

const encoder = /* @__PURE__ */ new TextEncoder()
const HEX = '0123456789abcdef'
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** UTF-8. A lone surrogate becomes U+FFFD, so callers that must be injective check `isWellFormed` first. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Lower-case hex. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte >> 4]! + HEX[byte & 15]!
  return text
}

/** Strict lower-case hex of exactly `byteLength` bytes. Hot path: one pass, and no memory but the result. */
export function decodeHex(text: string, byteLength: number): Uint8Array | undefined {
  if (text.length !== byteLength * 2) return undefined
  const bytes = new Uint8Array(byteLength)
  for (let i = 0; i < byteLength; i++) {
    const byte = (hexValue(text.charCodeAt(i * 2)) << 4) | hexValue(text.charCodeAt(i * 2 + 1))
    if (byte < 0) return undefined
    bytes[i] = byte
  }
  return bytes
}

/** A table: in a tag, digits and letters alternate at random, so that every branch on them would be guessed wrong. */
const HEX_VALUES = /* @__PURE__ */ Int8Array.from({ length: 128 }, (_, code) => HEX.indexOf(String.fromCharCode(code)))

function hexValue(code: number): number {
  return code < 128 ? HEX_VALUES[code]! : -1
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** Strict base64: standard alphabet, full padding, spare bits zero, no blanks. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < text.length - padding; i++) {
    const value = BASE64.indexOf(text.charAt(i))
    if (value < 0) return undefined
    bits = ((bits << 6) | value) & 0xffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = (bits >> held) & 0xff
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined
}

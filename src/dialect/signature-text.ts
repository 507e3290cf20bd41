import { decodeBase64, decodeHex, encodeBase64, encodeHex } from '../bytes.js'

/** Bytes of an HMAC-SHA256, which is written in hex; the signatures of key pairs are longer, and in base64. */
const MAC_BYTES = 32
const ED25519_BYTES = 64
/** Bytes of a signature by RSA with 2048 and with 8192 bits. */
const MIN_RSA_BYTES = 256
const MAX_RSA_BYTES = 1024

/** A tag as text: a MAC in lower-case hex, the signature of a key pair in base64. */
export function writeSignature(tag: Uint8Array): string {
  return tag.length === MAC_BYTES ? encodeHex(tag) : encodeBase64(tag)
}

/** Reads what `writeSignature` wrote: one text per tag. */
export function readSignature(text: string): Uint8Array | undefined {
  if (text.length === MAC_BYTES * 2) return decodeHex(text, MAC_BYTES)
  const tag = text.length > MAX_RSA_BYTES * 2 ? undefined : decodeBase64(text)
  const bytes = tag?.length ?? 0
  return bytes === ED25519_BYTES || (bytes >= MIN_RSA_BYTES && bytes <= MAX_RSA_BYTES) ? tag : undefined
}

import { decodeBase64, decodeHex, encodeBase64, encodeHex } from '../bytes.js'

/** How a dialect writes a MAC of one length. */
export interface TagFormat {
  /** `undefined` for a text of another length, alphabet or spelling. */
  parse(text: string): Uint8Array | undefined
  /** Empty for no bytes. */
  format(tag: Uint8Array): string
}

/** Lower-case hex. */
export function hexTag(byteLength: number): TagFormat {
  return { parse: text => decodeHex(text, byteLength), format: encodeHex }
}

/** Standard base64 with padding. */
export function base64Tag(byteLength: number): TagFormat {
  const chars = Math.ceil(byteLength / 3) * 4
  return {
    // The length first, so that a long text costs nothing.
    parse(text) {
      const tag = text.length === chars ? decodeBase64(text) : undefined
      return tag?.length === byteLength ? tag : undefined
    },
    format: encodeBase64,
  }
}

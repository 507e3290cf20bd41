import { decodeBase64 } from '../bytes.js'

/** How the text of a secret becomes the key of a MAC. A value, so that a client bundles the one its scheme uses. */
export interface SecretEncoding {
  readonly name: 'utf8' | 'base64'
  /**
   * The key; `undefined` when the text is not in this encoding.
   *
   * @param secret UTF-8 of the text
   */
  keyOf(secret: Uint8Array): Uint8Array | undefined
}

/** The text itself is the key. */
export const utf8Secret: SecretEncoding = /* @__PURE__ */ Object.freeze({
  name: 'utf8',
  keyOf: (secret: Uint8Array) => secret,
})

/** The text is the key in strict base64. */
export const base64Secret: SecretEncoding = /* @__PURE__ */ Object.freeze({
  name: 'base64',
  keyOf: (secret: Uint8Array) => decodeBase64(new TextDecoder('utf-8', { ignoreBOM: true }).decode(secret)),
})

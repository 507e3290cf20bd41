import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'

/** Under what a message is encrypted. */
export interface Envelope {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 24 bytes, random: at 2^80 messages under one key the chance of a repeat is still below 2^-32. */
  readonly nonce: Uint8Array
  /** Not encrypted, but nothing opens with any other. */
  readonly associatedData: Uint8Array
}

/**
 * XChaCha20-Poly1305: ciphertext followed by the 16-byte tag.
 *
 * @source draft-irtf-cfrg-xchacha-03
 */
export function encrypt({ key, nonce, associatedData }: Envelope, plaintext: Uint8Array): Uint8Array {
  return xchacha20poly1305(key, nonce, associatedData).encrypt(plaintext)
}

/** The plaintext, or `undefined`, with nothing in between: the tag is checked before anything is decrypted. */
export function decrypt({ key, nonce, associatedData }: Envelope, ciphertext: Uint8Array): Uint8Array | undefined {
  try {
    return xchacha20poly1305(key, nonce, associatedData).decrypt(ciphertext)
  } catch {
    return undefined
  }
}

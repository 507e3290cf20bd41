import type { Part } from './hash.js'

/**
 * Makes the proof of a message on the client's side, where the platform may take its time. HMAC implementations:
 * `mac.node.ts` (OpenSSL) where the `node` condition holds, `mac.web.ts` (Web Cryptography) everywhere else, which
 * spares a browser the hash; package.json `imports` picks one for the name `#mac`.
 */
export type Sign = (parts: readonly Part[]) => Uint8Array | Promise<Uint8Array>

/** Signatures of key pairs, by their names in the registry of RFC 9421. ECDSA signatures are `r ‖ s`, 64 bytes. */
export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256' | 'rsa-v1_5-sha256' | 'rsa-pss-sha512'

/** A client's private key. */
export interface PrivateKey {
  readonly algorithm: SignatureAlgorithm
  readonly sign: Sign
}

/** A registered public key. */
export interface PublicKey {
  readonly algorithm: SignatureAlgorithm
  /** Standard base64 of the SubjectPublicKeyInfo: one text per key. */
  readonly spki: string
  /** Whether the private key made this signature. Never throws. */
  verifies(parts: readonly Part[], signature: Uint8Array): boolean | Promise<boolean>
}

/**
 * The key pairs a scheme takes. A value, so that only schemes that have it bring its code. Implementations:
 * `key-pairs.node.ts` and `key-pairs.web.ts`, for the name `#key-pairs`.
 */
export interface KeyPairs {
  readonly algorithms: readonly SignatureAlgorithm[]
  /**
   * Reads a private key: PKCS#8 PEM (`EC PRIVATE KEY` and `RSA PRIVATE KEY` too), or for Ed25519 base64 of the 32-byte
   * seed or of seed and public key.
   *
   * @throws {ConfigError} `ERR_OPTION_INVALID` for anything else, naming `secret` and never showing it; `ERR_PLATFORM`
   */
  privateKey(text: string): PrivateKey | Promise<PrivateKey>
}

/**
 * The text of the public key, as `PublicKey.spki` has it, that belongs to a private one; `undefined` for what is none.
 * Implementations stand beside those of `KeyPairs`.
 *
 * @throws {ConfigError} `ERR_PLATFORM`
 */
export type SpkiOfPrivateKey = (
  text: string,
  algorithms: readonly SignatureAlgorithm[],
) => string | undefined | Promise<string | undefined>

/**
 * Reads a public key: SPKI PEM, base64 of SPKI, or for Ed25519 base64 of the 32 bytes. `undefined` for anything else, for
 * another algorithm, and for one too weak (RSA below 2048 bits, another curve, a point of small order). Apart from
 * `KeyPairs`, since a client has no use for it. Implementations stand beside those of `KeyPairs`.
 *
 * @throws {ConfigError} `ERR_PLATFORM` where the platform lacks the algorithm
 */
export type PublicKeyOf = (
  text: string,
  algorithms: readonly SignatureAlgorithm[],
) => PublicKey | undefined | Promise<PublicKey | undefined>

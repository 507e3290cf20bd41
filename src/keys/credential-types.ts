import type { Secret } from './secret.js'

/** A passphrase, for the schemes that have one. */
export interface ChosenPassphrase {
  /**
   * The owner's choice, 8–32 visible ASCII characters. Left out: 22 random ones, handed out with the secret. Only a hash
   * of it is stored.
   */
  readonly passphrase?: string
}

/** The public half of a key pair, and the proof that whoever offers it has the other half. */
export interface OfferedKeyPair {
  /** SPKI as PEM or base64; for Ed25519 also base64 of the 32 bytes. */
  readonly publicKey: string
  /**
   * Base64 of the private key's signature over six lines joined by LF: `keylattice-key-possession-v1`, owner, key id,
   * `credentialsVersion` of the key plus 1, algorithm, base64 of the SPKI. `provePossession` of `keylattice/client` makes it.
   */
  readonly possession: string
}

/** A key id and its secret, which is nowhere else in clear and cannot be asked for again. */
export interface Credentials {
  readonly keyId: string
  readonly secret: Secret
  /** Where the scheme has one. */
  readonly passphrase?: Secret
}

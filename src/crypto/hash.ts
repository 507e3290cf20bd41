/** The hash functions that every platform of ours has. */
export type HashName = 'sha256' | 'sha384' | 'sha512'

/** A digest as a piece of a longer text. Named rather than computed, so that a platform may take its time. */
export interface Digest {
  readonly digest: HashName
  readonly of: readonly (string | Uint8Array)[]
  /** Lower-case hex, standard base64 with padding, or the bytes themselves. */
  readonly as: 'hex' | 'base64' | 'bytes'
}

/** A piece of a string to sign: text stands for its UTF-8 bytes. */
export type Part = string | Uint8Array | Digest

/** HMAC (RFC 2104) under one key, prepared once, so that each message costs two hash calls. */
export interface Mac {
  /** The tag of the concatenated parts, in memory of its own. */
  tag(parts: readonly Part[]): Uint8Array
  /** Whether `tag` is the tag of the parts, in constant time; a tag of any other length is refused, never thrown at. */
  matches(parts: readonly Part[], tag: Uint8Array): boolean
}

/** A digest that is taken while its bytes arrive. The seam's `runningDigest(name)` begins one. */
export interface RunningDigest {
  update(bytes: Uint8Array): unknown
  /** Once. */
  digest(): Uint8Array
}

/**
 * A hash function of the platform. Implementations: `hash.node.ts` (OpenSSL) where the `node` condition holds,
 * `hash.noble.ts` everywhere else; package.json `imports` picks one for the name `#hash`.
 */
export interface Hash {
  readonly name: HashName
  readonly digestBytes: number
  readonly blockBytes: number
  /** The digest of the concatenated parts. */
  digest(parts: readonly Part[]): Uint8Array
  /** Lower-case hex of the digest of one byte string; the empty one costs nothing. */
  hexDigest(bytes: Uint8Array): string
  /**
   * Prepares a MAC.
   *
   * @throws {ConfigError} `ERR_OPTION_INVALID` for an empty key
   */
  mac(key: Uint8Array): Mac
}

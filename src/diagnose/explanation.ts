import type { Part } from '../crypto/hash.js'
import type { SignatureAlgorithm } from '../crypto/signing.js'
import type { Claim, Component } from '../scheme.js'

/** From which piece of the request a part of the string to sign comes. `literal`: from the scheme and its options. */
export type PartSource =
  | 'method'
  | 'path'
  | 'query'
  | 'body'
  | 'header'
  | 'key id'
  | 'timestamp'
  | 'nonce'
  | 'recv window'
  | 'passphrase'
  | 'literal'
  | 'token'

/** One part of the string to sign, and where it comes from. */
export interface NamedPart {
  readonly source: PartSource
  /** The field of the request that it stands in: a header field, a parameter or a member; empty where there is none. */
  readonly name: string
  /** What stands here; hidden where it is a secret. */
  readonly bytes: Uint8Array
  /** The parts that a digest is made of; `bytes` is the digest then. */
  readonly digest?: {
    readonly hash: string
    readonly as: 'hex' | 'base64' | 'bytes'
    readonly of: readonly NamedPart[]
  }
}

/** What the signature does not cover: whoever sees the request can change it. */
export interface NotCovered {
  readonly component: Component
  /** Where it is covered in part, what is not. */
  readonly partly: string | undefined
}

export interface Explanation {
  /** Id of the scheme. */
  readonly scheme: string
  /** Whether the request carried credentials, or these were made up to show what a client would sign. */
  readonly signed: boolean
  /** What the request says of itself; the passphrase and a bearer token are hidden. */
  readonly claim: Claim
  /** The field that cannot be read; the claim is then what could be made of the request. */
  readonly malformed: string | undefined
  readonly parts: readonly NamedPart[]
  /** The string to sign, as the scheme gives it; empty for a bearer token. */
  readonly stringToSign: readonly Part[]
  readonly proof: {
    readonly kind: 'mac' | 'signature' | 'bearer'
    readonly hash: string | undefined
    /** How the text of the secret becomes the key. */
    readonly secretEncoding: 'utf8' | 'base64' | undefined
    readonly algorithms: readonly SignatureAlgorithm[]
    readonly passphrase: 'plain' | 'mac' | undefined
  }
  readonly notCovered: readonly NotCovered[]
  /** All of this, to be printed. Holds neither the secret nor the passphrase. */
  readonly text: string
}

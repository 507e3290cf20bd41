import type { Hash, Part } from './crypto/hash.js'
import type { SecretEncoding } from './crypto/secret-encoding.js'
import type { WireRequest } from './http/request.js'

/** CONTRACT: what a signing scheme provides. One definition serves the signer and the verifier. */

/**
 * What a signature can cover. `host` is the deployment the request was made for: the host name, or an audience.
 * The law tests change each covered component (must be refused) and each uncovered one (must still pass).
 */
export type Component = 'method' | 'host' | 'path' | 'query' | 'content-type' | 'body'

/** How a scheme tells a fresh request from an old or repeated one. */
export type Freshness =
  | {
      /** Signed time, accepted while `now − recvWindow ≤ timestamp ≤ now + futureMs`. */
      readonly kind: 'timestamp'
      /** Window when the request names none, ms. */
      readonly recvWindowMs: number
      /** Largest window a request may ask for, ms. */
      readonly maxRecvWindowMs: number
      /** How far in the future a timestamp may lie, ms. */
      readonly futureMs: number
      /** What is remembered for the window: the signed nonce, or the tag's bytes where the dialect has no nonce. */
      readonly replay: 'nonce' | 'tag'
    }
  | {
      /** A number that rises per key; the highest `window` accepted ones are remembered, so late ones may pass once. */
      readonly kind: 'rising-nonce'
      readonly window: number
    }
  | { /** The scheme has no notion of time (bearer). */ readonly kind: 'none' }

/** How possession of the secret is proven. */
export type Proof =
  | {
      readonly kind: 'mac'
      /** A value, so that only this hash is bundled. */
      readonly hash: Hash
      /** How the secret's text becomes the MAC key. */
      readonly secretEncoding: SecretEncoding
    }
  | {
      /** The secret itself travels: a token of key id, full stop and secret, or any other; the tag is its SHA-256. */
      readonly kind: 'bearer'
      /** Key id of a token that does not lead with one, from its SHA-256. */
      keyIdOfHash(sha256: Uint8Array): string
    }

/** What an unverified request says of itself. Every scheme fills every field, so that the pipeline sees one shape. */
export interface Claim {
  readonly keyId: string
  /** MAC bytes, or the SHA-256 of a bearer secret; empty while a request is being signed. */
  readonly tag: Uint8Array
  /** Epoch ms; 0 where the scheme has none. */
  readonly timestampMs: number
  /** The timestamp exactly as on the wire, which is what is signed. */
  readonly timestamp: string
  /** The nonce as on the wire; decimal digits for a rising one; empty where the scheme has none. */
  readonly nonce: string
  /** The receive window as on the wire; empty when absent. */
  readonly recvWindow: string
  /** The receive window in ms; -1 when the request names none. */
  readonly recvWindowMs: number
}

/** Credentials of the scheme are present but unusable: `malformed` names the field. */
export interface Malformed {
  readonly malformed: string
}

/** Where a signer takes time and nonces from. */
export interface Stamp {
  readonly keyId: string
  /** Server time as far as the signer knows, epoch ms. */
  readonly nowMs: number
  /** Window to ask for, ms; -1 = leave it to the server. */
  readonly recvWindowMs: number
  /** Nonce of the signer's claim before this one, which a rising one must exceed; empty for the first. */
  readonly lastNonce: string
  /** 128 random bits in lower-case hex. */
  randomNonce(): string
}

export interface Scheme<Id extends string = string> {
  /** Stored with the key; a key works under exactly one scheme. */
  readonly id: Id
  readonly proof: Proof
  readonly freshness: Freshness
  readonly covers: readonly Component[]
  /** Wire → claim. `undefined` when nothing of this scheme is on the request. Never throws, never verifies. */
  read(request: WireRequest): Claim | Malformed | undefined
  /** The MAC input. Pure. For bearer, the secret's own bytes. */
  stringToSign(request: WireRequest, claim: Claim): readonly Part[]
  /** A fresh claim for signing, without tag. */
  stamp(stamp: Stamp): Claim
  /**
   * Claim → wire, as a new request; without a tag, everything but the signature. Inverse of `read`:
   * `read(write(r, c)) = c`, and `stringToSign(write(r, c), c)` does not depend on the tag.
   *
   * @param tag the proof: MAC bytes, or the bearer secret
   */
  write(request: WireRequest, claim: Claim, tag: Uint8Array): WireRequest
}

/** Whether `read` found credentials it could not use. */
export function isMalformed(read: Claim | Malformed): read is Malformed {
  return 'malformed' in read
}

import type { HashName, Part } from './crypto/hash.js'
import type { SecretEncoding } from './crypto/secret-encoding.js'
import type { KeyPairs, SignatureAlgorithm } from './crypto/signing.js'
import { EMPTY_BODY, type WireRequest } from './http/request.js'

/** CONTRACT: what a signing scheme provides. One definition serves the signer and the verifier. */

/**
 * What a signature can cover. `host` is the deployment the request was made for: the host name, or an audience.
 * `nonce` is what tells a repeated request from a fresh one; only a scheme that sends one unsigned leaves it open.
 * The law tests change each covered component (must be refused) and each uncovered one (must still pass).
 */
export type Component = 'method' | 'host' | 'path' | 'query' | 'content-type' | 'body' | 'nonce'

/**
 * What is remembered of an accepted request: its signed nonce; the tag's bytes where the dialect has no nonce; or those
 * of all requests but `GET` and `HEAD`, where the method is covered and the clock is so coarse that a client reads the
 * same twice with one signature.
 */
export type ReplayRule = 'nonce' | 'tag' | 'tag-except-reads'

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
      readonly replay: ReplayRule
    }
  | {
      /** Signed end (`timestampMs`), accepted while `now ≤ end ≤ now + maxAheadMs`. */
      readonly kind: 'deadline'
      /** How far ahead the end may lie, ms: the cap of what the client chooses. */
      readonly maxAheadMs: number
      readonly replay: ReplayRule
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
      readonly hash: HashName
      /** How the secret's text becomes the MAC key. A value, so that only this one is bundled. */
      readonly secretEncoding: SecretEncoding
      /** A second secret on the wire: as it is, or as base64 of its MAC under the first. */
      readonly passphrase?: 'plain' | 'mac'
      /** Key pairs that a key of this scheme may have instead of a secret. */
      readonly keyPairs?: KeyPairs
    }
  | {
      /** The client keeps a private key; only the public one is registered. */
      readonly kind: 'signature'
      readonly keyPairs: KeyPairs
    }
  | {
      /** The secret itself travels: a token of key id, full stop and secret, or any other; the tag is the token. */
      readonly kind: 'bearer'
      /** Key id of a token that does not lead with one, from its SHA-256. */
      keyIdOfHash(sha256: Uint8Array): string
    }

/** What an unverified request says of itself. Every scheme fills every field, so that the pipeline sees one shape. */
export interface Claim {
  /** Empty for a bearer token that does not lead with one. */
  readonly keyId: string
  /** MAC or signature; the token of a bearer scheme; empty while a request is being signed. */
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
  /** The passphrase as on the wire; empty where the scheme has none. */
  readonly passphrase: string
  /** The algorithm the request says it was signed with, which must be the key's; empty where it says none. */
  readonly algorithm: SignatureAlgorithm | 'hmac-sha256' | ''
}

const BLANK: Claim = /* @__PURE__ */ Object.freeze({
  keyId: '',
  tag: EMPTY_BODY,
  timestampMs: 0,
  timestamp: '',
  nonce: '',
  recvWindow: '',
  recvWindowMs: -1,
  passphrase: '',
  algorithm: '',
})

/** A claim of these fields; the others are those of a scheme that has them not. */
export function claimOf(fields: Partial<Claim>): Claim {
  return { ...BLANK, ...fields }
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
  /** Window to ask for, ms; -1 = leave it to the server. For a deadline, how long the request is good for. */
  readonly recvWindowMs: number
  /** Nonce of the signer's claim before this one, which a rising one must exceed; empty for the first. */
  readonly lastNonce: string
  /** The passphrase as it goes on the wire; empty where the scheme has none. */
  readonly passphrase: string
  /** Algorithm of the signer's key pair; empty for a secret. */
  readonly algorithm: SignatureAlgorithm | ''
  /** 128 random bits in lower-case hex. */
  randomNonce(): string
}

/** How one kind of message is signed and read. All of it is pure. */
export interface Dialect<Message> {
  readonly freshness: Freshness
  /** Wire → claim. `undefined` when nothing of this scheme is on the message. Never throws, never verifies. */
  read(message: Message): Claim | Malformed | undefined
  /** What the MAC or the signature is made of. For bearer, the secret's own bytes. */
  stringToSign(message: Message, claim: Claim): readonly Part[]
  /** A fresh claim for signing, without tag. */
  stamp(stamp: Stamp): Claim
  /**
   * Claim → wire, as a new message; without a tag, everything but the signature. Inverse of `read`:
   * `read(write(m, c)) = c`, and `stringToSign(write(m, c), c)` does not depend on the tag.
   *
   * @param tag the proof: MAC or signature bytes, or the bearer token
   */
  write(message: Message, claim: Claim, tag: Uint8Array): Message
}

/** A login message of a WebSocket: a JSON object. */
export type LoginMessage = Readonly<Record<string, unknown>>

export interface Scheme<Id extends string = string> extends Dialect<WireRequest> {
  /** Stored with the key; a key works under exactly one scheme. */
  readonly id: Id
  readonly proof: Proof
  readonly covers: readonly Component[]
  /**
   * Components whose changes are noticed except for the ones told here, in a sentence each: two requests can share a
   * string to sign. Not in `covers`, so a server must accept them by name.
   */
  readonly partial?: Partial<Readonly<Record<Component, string>>>
  /**
   * Header fields whose values follow from the rest of the request, such as a digest of the body. A signer adds them
   * before it signs; a verifier works them out from the bytes received, and refuses a request that says something else.
   */
  derive?(request: WireRequest): Readonly<Record<string, readonly Part[]>>
  /** How a WebSocket session is logged in, where the dialect has a message of its own for that. */
  readonly login?: Dialect<LoginMessage>
}

/** Whether `read` found credentials it could not use. */
export function isMalformed(read: Claim | Malformed): read is Malformed {
  return 'malformed' in read
}

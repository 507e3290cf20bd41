/** One dialect with credentials and messages to sign: a REST request or a login, treated alike. */

import { hashes } from '#hash'
import { publicKeyOf } from '#key-pairs'
import { encodeBase64, encodeUtf8 } from '../../src/bytes.js'
import type { Part } from '../../src/crypto/hash.js'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'
import { type Claim, type Component, type Dialect, isMalformed, type Scheme } from '../../src/scheme.js'
import { type Awaitable, isPromiseLike } from '../../src/store.js'
import { isConsistent } from '../../src/verify/consistency.js'
import type { VectorCredentials } from '../schemes/vectors.js'

const EMPTY = new Uint8Array(0)

/** Both ends of the proof: the client's secret or private key, and what the server has of it. */
export interface Prover {
  /** Of the client's key pair; empty for a secret. */
  readonly algorithm: SignatureAlgorithm | ''
  /** The passphrase as it stands on the wire. */
  readonly passphrase: string
  /** Whether judging costs so much that laws look at a sample only. */
  readonly isSlow: boolean
  /** Whether the same message has the same signature every time. */
  readonly isDeterministic: boolean
  sign(parts: readonly Part[]): Awaitable<Uint8Array>
  proves(parts: readonly Part[], claim: Claim): Awaitable<boolean>
}

export function proverOf({ proof }: Scheme, credentials: VectorCredentials): Awaitable<Prover> {
  const { secret, passphrase = '', publicKey } = credentials
  const bytes = encodeUtf8(secret)
  if (proof.kind === 'bearer') {
    const proves = (_: readonly Part[], { tag }: Claim) => sameBytes(tag, bytes)
    return { algorithm: '', passphrase: '', isSlow: false, isDeterministic: true, sign: () => bytes, proves }
  }
  if (publicKey !== undefined || proof.kind === 'signature') return pairOf(proof.keyPairs, credentials)
  const key = proof.secretEncoding.keyOf(bytes)
  if (key === undefined) throw new TypeError('the secret is not in the encoding of the scheme')
  const mac = hashes[proof.hash].mac(key)
  return {
    algorithm: '',
    passphrase: proof.passphrase === 'mac' ? encodeBase64(mac.tag([passphrase])) : passphrase,
    isSlow: false,
    isDeterministic: true,
    sign: parts => mac.tag(parts),
    proves: (parts, { tag, algorithm }) => algorithm === '' && mac.matches(parts, tag),
  }
}

async function pairOf(
  keyPairs: Extract<Scheme['proof'], { kind: 'mac' }>['keyPairs'],
  { secret, passphrase = '', publicKey = '' }: VectorCredentials,
): Promise<Prover> {
  const mine = await keyPairs?.privateKey(secret)
  const theirs = keyPairs && (await publicKeyOf(publicKey, keyPairs.algorithms))
  if (mine === undefined || theirs === undefined) throw new TypeError('the scheme takes no such key pair')
  return {
    algorithm: mine.algorithm,
    passphrase,
    isSlow: true,
    isDeterministic: mine.algorithm === 'ed25519' || mine.algorithm === 'rsa-v1_5-sha256',
    sign: mine.sign,
    proves: (parts, { tag, algorithm }) =>
      (algorithm === '' || algorithm === theirs.algorithm) && theirs.verifies(parts, tag),
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** What the laws are about. */
export interface SchemeCase<M = unknown> {
  readonly name: string
  readonly scheme: Scheme
  /** The scheme itself for requests, its `login` for logins. */
  readonly dialect: Dialect<M>
  readonly credentials: VectorCredentials
  /** The same key id with another secret, key pair or token. */
  readonly stranger: VectorCredentials
  /** When it signs, epoch ms. */
  readonly now: number
  readonly messages: readonly M[]
  readonly anyCase: boolean
  readonly anyPlace: boolean
  readonly byMeaning: readonly Component[]
  /** The dialect of another deployment, where `host` is covered. */
  readonly elsewhere: Dialect<M> | undefined
}

/** A claim such as a signer makes. `salt` makes it another one, `laterMs` a later one. */
export function claimFor<M>(
  { dialect, credentials, now }: Pick<SchemeCase<M>, 'dialect' | 'credentials' | 'now'>,
  { passphrase, algorithm }: Prover,
  { salt = 0, laterMs = 0, recvWindowMs = -1, lastNonce = '' } = {},
): Claim {
  return dialect.stamp({
    keyId: credentials.keyId,
    nowMs: now + laterMs,
    recvWindowMs,
    lastNonce,
    passphrase,
    algorithm,
    randomNonce: () => salt.toString(16).padStart(32, '5ca1ab1e'),
  })
}

export function signWith<M>({ dialect }: Pick<SchemeCase<M>, 'dialect'>, prover: Prover, message: M, claim: Claim) {
  const parts = dialect.stringToSign(dialect.write(message, claim, EMPTY), claim)
  return whenSettled(prover.sign(parts), tag => plain(dialect.write(message, claim, tag)))
}

/** Without the header fields that are `undefined`, as a request looks when it arrives; a login is JSON. */
export function plain<M>(message: M): M {
  const { headers } = message as { headers?: Record<string, unknown> }
  if (headers === undefined) return JSON.parse(JSON.stringify(message)) as M
  return { ...message, headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) }
}

/** Whether a message passes by the proof alone: nothing of time or rights. */
export type Judge<M> = (message: M, dialect?: Dialect<M>) => Awaitable<boolean>

export function judgeOf<M>(
  { dialect, credentials }: Pick<SchemeCase<M>, 'dialect' | 'credentials'>,
  prover: Prover,
): Judge<M> {
  return (message, under = dialect) => {
    const claim = under.read(message)
    if (claim === undefined || isMalformed(claim) || !isConsistent(under, message)) return false
    if (claim.keyId !== credentials.keyId || claim.passphrase !== prover.passphrase) return false
    return prover.proves(under.stringToSign(message, claim), claim)
  }
}

export function whenSettled<T, U>(value: Awaitable<T>, next: (value: T) => U): Awaitable<U> {
  return isPromiseLike(value) ? (value.then(next) as Promise<U>) : next(value as T)
}

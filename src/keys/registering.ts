import { publicKeyOf } from '#key-pairs'
import { decodeBase64 } from '../bytes.js'
import { holdsPrivateKey } from '../crypto/key-text.js'
import { possessionStatement } from '../crypto/possession.js'
import type { PublicKey } from '../crypto/signing.js'
import { KeyError } from '../errors.js'
import type { KeyRecord, KeyView, StoredSecret } from '../key.js'
import type { Scheme } from '../scheme.js'
import { viewKey } from './codec.js'
import type { OfferedKeyPair } from './credential-types.js'
import { type Asked, type Desk, load, replaceKey, schemeFor } from './desk.js'
import { invalidInput } from './invalid-input.js'
import { advanceKey, currentSecret, nextSecretVersion } from './lifecycle.js'
import type { RegisterKey } from './manager-types.js'
import { expectChosen } from './passphrase.js'
import { settleKey } from './settling.js'

/** Takes the public half of the owner's key pair, once, if the key is still within its ceiling. */
export async function registerKey(
  desk: Desk,
  { owner, keyId, ...offered }: RegisterKey,
  asked: Asked,
): Promise<KeyView> {
  const record = await load(desk, { owner, keyId })
  const now = desk.clock()
  const next = advanceKey(record, 'register', { change: {}, now })
  if (record.secrets.length > 0) {
    throw new KeyError('ERR_SECRET_REVEALED', 'the key has a secret or a public key; rotate it for another')
  }
  const settled = await settleKey(desk, next, now)
  const stored = await readKeyPair(desk, record, offered)
  await asked.admit()
  return viewKey(await replaceKey(desk, { ...settled, secrets: [stored] }, record), now)
}

/** What a rotation is asked to bring. */
export interface Renewal extends Partial<OfferedKeyPair> {
  readonly passphrase?: string | undefined
}

/**
 * The public key that a rotation brings; `undefined` where a secret is to be minted. A key pair is never replaced by a
 * secret, which the server would have to know.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`
 */
export async function readRenewal(
  desk: Desk,
  record: KeyRecord,
  { publicKey, possession, passphrase }: Renewal,
): Promise<StoredSecret | undefined> {
  const scheme = schemeFor(desk, record.scheme)
  if (publicKey !== undefined && possession !== undefined) {
    if (passphrase !== undefined) throw invalidInput('passphrase', 'belongs to a secret, and not to a key pair')
    return readKeyPair(desk, record, { publicKey, possession })
  }
  if (publicKey !== undefined) throw invalidInput('possession', 'is needed with a public key')
  if (possession !== undefined || scheme.proof.kind === 'signature' || currentSecret(record)?.kind === 'public') {
    throw invalidInput('publicKey', 'is needed, with the proof of its possession')
  }
  expectChosen(scheme, passphrase)
  return undefined
}

/** A public key to store, of whoever has proven to hold the private one. */
async function readKeyPair(
  desk: Desk,
  record: KeyRecord,
  { publicKey, possession }: OfferedKeyPair,
): Promise<StoredSecret> {
  const key = await readPublicKey(schemeFor(desk, record.scheme), publicKey)
  const { algorithm, spki } = key
  if (record.secrets.some(({ kind, value }) => kind === 'public' && value.endsWith(`:${spki}`))) {
    throw invalidInput('publicKey', 'is registered for this key already')
  }
  const { owner, keyId } = record
  const version = nextSecretVersion(record)
  const statement = possessionStatement({ owner, keyId, version, algorithm, spki })
  const signature = decodeBase64(possession)
  if (signature === undefined || !(await key.verifies(statement, signature))) {
    throw invalidInput('possession', `is no signature over the statement for ${algorithm} and version ${version}`)
  }
  return storedPublicKey(key, { version, now: desk.clock() })
}

export function storedPublicKey(
  { algorithm, spki }: PublicKey,
  { version, now }: { readonly version: number; readonly now: number },
): StoredSecret {
  return { version, kind: 'public', value: `${algorithm}:${spki}`, notAfter: null, createdAt: now }
}

/** @throws {KeyError} `ERR_INPUT_INVALID` for what is no public key, one too weak, or one of another algorithm */
export async function readPublicKey({ id, proof }: Scheme, text: string): Promise<PublicKey> {
  const algorithms = proof.kind === 'bearer' ? undefined : proof.keyPairs?.algorithms
  if (algorithms === undefined) throw invalidInput('publicKey', `is nothing that a key of scheme '${id}' has`)
  if (holdsPrivateKey(text)) {
    const why =
      'holds a private key. It has left its holder: take it for leaked, make another pair, send its public half'
    throw invalidInput('publicKey', why)
  }
  const key = await publicKeyOf(text, algorithms)
  if (key !== undefined) return key
  const kinds = algorithms.join(' or ')
  throw invalidInput('publicKey', `must be a public key for ${kinds}, as PEM; RSA keys have 2048 to 8192 bits`)
}

import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import type { PublicKey } from '../crypto/signing.js'
import { ConfigError, KeyError } from '../errors.js'
import { EMPTY_BODY } from '../http/request.js'
import type { KeyRecord, KeyView, StoredSecret } from '../key.js'
import { type Claim, claimOf, isMalformed, type Scheme } from '../scheme.js'
import { hashToken } from './bearer-token.js'
import { encodeKey, viewKey } from './codec.js'
import { sealContext } from './compiled-secret.js'
import { draftKey, insertUnlessExists } from './creating.js'
import { isMistypedKeyId } from './credentials.js'
import { type Asked, type Desk, schemeFor } from './desk.js'
import { invalidInput } from './invalid-input.js'
import { expectImported, hashPassphrase } from './passphrase.js'
import { readPublicKey, storedPublicKey } from './registering.js'
import type { ImportKey } from './upkeep-types.js'

/** 128 bits, if every one of them is random. */
const MIN_SECRET_BYTES = 16
/** More than any exchange issues, and no more than key-management services take. */
const MAX_SECRET_BYTES = 4096

type Material = {
  readonly [Name in 'keyId' | 'secret' | 'sha256' | 'publicKey' | 'passphrase']: ImportKey<string>[Name] | undefined
}

/** What is known of an imported key, found good. */
interface Imported {
  readonly keyId: string
  /** A secret to seal, the hash of a bearer token, or a public key. */
  readonly proof:
    | { readonly secret: Uint8Array; readonly passphrase: string | undefined }
    | { readonly sha256: Uint8Array }
    | { readonly key: PublicKey }
}

/** Takes over a key that exists elsewhere: judged like a new one, with the id and the secret it has. */
export async function importKey(desk: Desk, request: ImportKey<string>, asked: Asked): Promise<KeyView> {
  const { keyId, secret, sha256, publicKey, passphrase, ...wanted } = request
  const scheme = schemeFor(desk, wanted.scheme)
  const imported = await readMaterial(scheme, { keyId, secret, sha256, publicKey, passphrase })
  const draft = { ...(await draftKey(desk, wanted)), keyId: imported.keyId }
  encodeKey(draft)
  await asked.admit()
  const record: KeyRecord = { ...draft, secrets: [await storedSecret(desk, draft, { scheme, ...imported })] }
  if (!(await insertUnlessExists(desk, record))) {
    throw new KeyError('ERR_KEY_CONFLICT', 'there is a key of this id already', { field: 'keyId' })
  }
  return viewKey(record, record.createdAt)
}

async function storedSecret(
  desk: Desk,
  draft: KeyRecord,
  { scheme, proof }: { scheme: Scheme; proof: Imported['proof'] },
): Promise<StoredSecret> {
  const common = { version: 1, notAfter: null, createdAt: draft.createdAt }
  if ('key' in proof) return storedPublicKey(proof.key, { version: 1, now: draft.createdAt })
  if ('sha256' in proof) return { ...common, kind: 'sha256', value: encodeHex(proof.sha256) }
  if (desk.sealer === undefined) throw new ConfigError('ERR_OPTION_MISSING', `scheme '${draft.scheme}' needs a sealer`)
  try {
    const sealed: StoredSecret = {
      ...{ ...common, kind: 'sealed', value: await desk.sealer.seal(proof.secret, sealContext(draft, 1)) },
    }
    if (proof.passphrase === undefined || scheme.proof.kind !== 'mac') return sealed
    return { ...sealed, passphrase: hashPassphrase(scheme.proof, proof.secret, encodeUtf8(proof.passphrase)) }
  } finally {
    proof.secret.fill(0)
  }
}

async function readMaterial(scheme: Scheme, material: Material): Promise<Imported> {
  const { secret, sha256, publicKey } = material
  if ([secret, sha256, publicKey].filter(given => given !== undefined).length !== 1) {
    throw invalidInput('secret', "is needed, or 'sha256' for a bearer token, or 'publicKey', and no two of them")
  }
  const imported = await readOne(scheme, material)
  // Such an id is refused before any store is asked.
  if (isMistypedKeyId(imported.keyId))
    throw invalidInput('keyId', 'has the form of our own key ids, but not their checksum')
  return imported
}

async function readOne(scheme: Scheme, material: Material): Promise<Imported> {
  const { keyId, publicKey, passphrase } = material
  if (scheme.proof.kind === 'mac' && publicKey === undefined) return readSecret(scheme, material)
  if (passphrase !== undefined) throw invalidInput('passphrase', 'belongs to a secret that signs')
  if (publicKey === undefined && scheme.proof.kind === 'bearer') return readToken(scheme, material)
  if (publicKey === undefined) throw invalidInput('publicKey', `is what a key of scheme '${scheme.id}' has`)
  const key = await readPublicKey(scheme, publicKey)
  if (keyId === undefined) throw invalidInput('keyId', 'is needed, since the public key does not tell it')
  return { keyId, proof: { key } }
}

function readSecret(scheme: Scheme, { keyId, secret, passphrase }: Material): Imported {
  if (secret === undefined) throw invalidInput('sha256', 'cannot stand for a secret that signs')
  if (keyId === undefined) throw invalidInput('keyId', 'is needed, since the secret does not tell it')
  const text = visible(secret)
  const key = scheme.proof.kind === 'mac' ? scheme.proof.secretEncoding.keyOf(text) : text
  if (key === undefined) throw invalidInput('secret', 'must be base64 with padding, as its scheme uses it')
  if (key.length < MIN_SECRET_BYTES) throw tooShort()
  expectImported(scheme, passphrase)
  return { keyId, proof: { secret: text, passphrase } }
}

function readToken(scheme: Scheme, { keyId, secret, sha256 }: Material): Imported {
  if (scheme.proof.kind !== 'bearer') throw invalidInput('scheme', 'must be a bearer scheme')
  if (secret !== undefined) {
    if (visible(secret).length < MIN_SECRET_BYTES) throw tooShort()
    const claim = claimOfToken(scheme, secret)
    if (claim === undefined) throw invalidInput('secret', 'is no token that its scheme can read')
    if (keyId !== undefined && keyId !== claim.keyId) throw invalidInput('keyId', 'is not the one that the token names')
    return { keyId: claim.keyId, proof: { sha256: claim.tag } }
  }
  const hash = typeof sha256 === 'string' ? decodeHex(sha256, 32) : undefined
  if (hash === undefined) throw invalidInput('sha256', 'must be 64 lower-case hex digits')
  const named = keyId ?? scheme.proof.keyIdOfHash(hash)
  // Only a token that leads with a key id can have another id than the one its hash gives it.
  const leads = () => claimOfToken(scheme, `${named}.${'0'.repeat(MIN_SECRET_BYTES)}`)?.keyId === named
  if (named !== scheme.proof.keyIdOfHash(hash) && !leads()) throw invalidInput('keyId', 'is none that a token can name')
  return { keyId: named, proof: { sha256: hash } }
}

/** What the scheme would claim for a bearer token, if it can carry it at all. */
function claimOfToken(scheme: Scheme, token: string): Claim | undefined {
  const bare = { method: 'GET', target: '/', headers: {}, body: EMPTY_BODY }
  const claim = scheme.read(scheme.write(bare, claimOf({}), encodeUtf8(token)))
  return claim === undefined || isMalformed(claim) ? undefined : hashToken(scheme, claim)
}

/** A blank or a line break at an end is a slip of copying, and would make another secret. */
function visible(secret: unknown): Uint8Array {
  if (typeof secret !== 'string' || secret.length > MAX_SECRET_BYTES || !/^[\x21-\x7e]+$/.test(secret)) {
    throw invalidInput('secret', `must be visible ASCII, at most ${MAX_SECRET_BYTES} characters`)
  }
  return encodeUtf8(secret)
}

function tooShort(): KeyError {
  return invalidInput('secret', `must have ${MIN_SECRET_BYTES} bytes at least`)
}

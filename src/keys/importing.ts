import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import { ConfigError, KeyError } from '../errors.js'
import { EMPTY_BODY } from '../http/request.js'
import type { KeyRecord, KeyView, StoredSecret } from '../key.js'
import { type Claim, isMalformed, type Scheme } from '../scheme.js'
import { encodeKey, viewKey } from './codec.js'
import { sealContext } from './compiled-key.js'
import { draftKey, insertUnlessExists } from './creating.js'
import { isMistypedKeyId } from './credentials.js'
import { type Asked, type Desk, schemeFor } from './desk.js'
import type { ImportKey } from './upkeep-types.js'

/** 128 bits, if every one of them is random. */
const MIN_SECRET_BYTES = 16
/** More than any exchange issues, and no more than key-management services take. */
const MAX_SECRET_BYTES = 4096

type Material = Pick<ImportKey<string>, 'keyId' | 'secret' | 'sha256'>

/** What is known of an imported key, found good. */
interface Imported {
  readonly keyId: string
  /** A secret to seal, or the hash of a bearer token. */
  readonly proof: { readonly secret: Uint8Array } | { readonly sha256: Uint8Array }
}

/** Takes over a key that exists elsewhere: judged like a new one, with the id and the secret it has. */
export async function importKey(desk: Desk, request: ImportKey<string>, asked: Asked): Promise<KeyView> {
  const { keyId: _, secret: _secret, sha256: _sha256, ...wanted } = request
  const imported = readMaterial(schemeFor(desk, wanted.scheme), request)
  const draft = { ...(await draftKey(desk, wanted)), keyId: imported.keyId }
  encodeKey(draft)
  await asked.admit()
  const record: KeyRecord = { ...draft, secrets: [await storedSecret(desk, draft, imported.proof)] }
  if (!(await insertUnlessExists(desk, record))) {
    throw new KeyError('ERR_KEY_CONFLICT', 'there is a key of this id already', { field: 'keyId' })
  }
  return viewKey(record, record.createdAt)
}

async function storedSecret(desk: Desk, draft: KeyRecord, proof: Imported['proof']): Promise<StoredSecret> {
  const common = { version: 1, notAfter: null, createdAt: draft.createdAt }
  if ('sha256' in proof) return { ...common, kind: 'sha256', value: encodeHex(proof.sha256) }
  if (desk.sealer === undefined) throw new ConfigError('ERR_OPTION_MISSING', `scheme '${draft.scheme}' needs a sealer`)
  try {
    return { ...common, kind: 'sealed', value: await desk.sealer.seal(proof.secret, sealContext(draft, 1)) }
  } finally {
    proof.secret.fill(0)
  }
}

function readMaterial(scheme: Scheme, material: Material): Imported {
  if ((material.secret === undefined) === (material.sha256 === undefined)) {
    throw invalid('secret', "is needed, or for a bearer token 'sha256', and not both")
  }
  const imported = scheme.proof.kind === 'mac' ? readSecret(scheme, material) : readToken(scheme, material)
  // Such an id is refused before any store is asked.
  if (isMistypedKeyId(imported.keyId)) throw invalid('keyId', 'has the form of our own key ids, but not their checksum')
  return imported
}

function readSecret({ proof }: Scheme, { keyId, secret }: Material): Imported {
  if (secret === undefined) throw invalid('sha256', 'cannot stand for a secret that signs')
  if (keyId === undefined) throw invalid('keyId', 'is needed, since the secret does not tell it')
  const text = visible(secret)
  const key = proof.kind === 'mac' ? proof.secretEncoding.keyOf(text) : text
  if (key === undefined) throw invalid('secret', 'must be base64 with padding, as its scheme uses it')
  if (key.length < MIN_SECRET_BYTES) throw tooShort()
  return { keyId, proof: { secret: text } }
}

function readToken(scheme: Scheme, { keyId, secret, sha256 }: Material): Imported {
  if (scheme.proof.kind !== 'bearer') throw invalid('scheme', 'must be a bearer scheme')
  if (secret !== undefined) {
    if (visible(secret).length < MIN_SECRET_BYTES) throw tooShort()
    const claim = claimOf(scheme, secret)
    if (claim === undefined) throw invalid('secret', 'is no token that its scheme can read')
    if (keyId !== undefined && keyId !== claim.keyId) throw invalid('keyId', 'is not the one that the token names')
    return { keyId: claim.keyId, proof: { sha256: claim.tag } }
  }
  const hash = typeof sha256 === 'string' ? decodeHex(sha256, 32) : undefined
  if (hash === undefined) throw invalid('sha256', 'must be 64 lower-case hex digits')
  const named = keyId ?? scheme.proof.keyIdOfHash(hash)
  // Only a token that leads with a key id can have another id than the one its hash gives it.
  const leads = () => claimOf(scheme, `${named}.${'0'.repeat(MIN_SECRET_BYTES)}`)?.keyId === named
  if (named !== scheme.proof.keyIdOfHash(hash) && !leads()) throw invalid('keyId', 'is none that a token can name')
  return { keyId: named, proof: { sha256: hash } }
}

/** What the scheme would claim for a bearer token, if it can carry it at all. */
function claimOf(scheme: Scheme, token: string): Claim | undefined {
  const bare = { method: 'GET', target: '/', headers: {}, body: EMPTY_BODY }
  const stamp = { keyId: '', nowMs: 0, recvWindowMs: -1, lastNonce: '', randomNonce: () => '0'.repeat(32) }
  const claim = scheme.read(scheme.write(bare, scheme.stamp(stamp), encodeUtf8(token)))
  return claim === undefined || isMalformed(claim) ? undefined : claim
}

/** A blank or a line break at an end is a slip of copying, and would make another secret. */
function visible(secret: unknown): Uint8Array {
  if (typeof secret !== 'string' || secret.length > MAX_SECRET_BYTES || !/^[\x21-\x7e]+$/.test(secret)) {
    throw invalid('secret', `must be visible ASCII, at most ${MAX_SECRET_BYTES} characters`)
  }
  return encodeUtf8(secret)
}

function tooShort(): KeyError {
  return invalid('secret', `must have ${MIN_SECRET_BYTES} bytes at least`)
}

function invalid(field: string, why: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `'${field}' ${why}`, { field })
}

/** A verifier as a host has it, that knows the key of a case, a stranger's, and one of another scheme. */

import { hashes } from '#hash'
import { publicKeyOf } from '#key-pairs'
import { encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { createSealer } from '../../src/crypto/sealer.js'
import type { KeyRecord, StoredSecret } from '../../src/key.js'
import { encodeKey } from '../../src/keys/codec.js'
import { passphraseParts, sealContext } from '../../src/keys/compiled-secret.js'
import { standard } from '../../src/presets/standard.js'
import type { Component, Scheme } from '../../src/scheme.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../../src/stores/memory.js'
import { createVerifier, type Verifier } from '../../src/verify/verifier.js'
import { acceptUncovered, noReplayGuard } from '../../src/verify/weakenings.js'
import { proverOf, type SchemeCase } from '../laws/scheme-case.js'
import type { VectorCredentials } from '../schemes/vectors.js'

export const STRANGER_ID = 'kl_test_somebodyElses0000000000'

export interface House {
  /** Remembers nothing, so that every message is the first it sees. */
  readonly verifier: Verifier
  /** The same with a memory of its own. */
  remembering(): Verifier
}

const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce']

/** What a server must accept by name. */
export function uncoveredBy({ covers, freshness }: Scheme): readonly Component[] {
  const needed = COMPONENTS.filter(component => component !== 'nonce' || freshness.kind === 'rising-nonce')
  return needed.filter(component => !covers.includes(component))
}

/** @param foreign another scheme that the server enables, and a key of it */
export async function createHouse(
  subject: Pick<SchemeCase, 'scheme' | 'credentials' | 'stranger' | 'now'>,
  foreign: { readonly scheme: Scheme; readonly credentials: VectorCredentials },
): Promise<House> {
  const { scheme, credentials, stranger, now } = subject
  const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
  const keys = createMemoryKeyStore()
  const store = async (of: Scheme, { keyId, ...secrets }: VectorCredentials, owner: string) => {
    const record = {
      ...BLANK,
      owner,
      scheme: of.id,
      keyId: keyId || tokenId(of, secrets.secret),
      createdAt: now,
      updatedAt: now,
    }
    const stored = await storedSecret(of, { keyId, ...secrets }, { record, sealer })
    await keys.insert(encodeKey({ ...record, secrets: [stored] }), 10)
  }
  await store(scheme, credentials, 'owner-1')
  if (scheme.proof.kind !== 'bearer') await store(scheme, { ...stranger, keyId: STRANGER_ID }, 'owner-2')
  await store(foreign.scheme, foreign.credentials, 'owner-3')
  const schemes = [scheme, foreign.scheme].map(each => acceptUncovered(each, uncoveredBy(each)))
  const shared = {
    schemes,
    keys,
    sealer,
    permissions: standard.permissions,
    clock: () => now,
    maxStalenessMs: 86_400_000,
  }
  return {
    verifier: createVerifier({ ...shared, replay: noReplayGuard }),
    remembering: () => createVerifier({ ...shared, replay: createMemoryReplayStore({ clock: () => now }) }),
  }
}

const BLANK: Omit<KeyRecord, 'keyId' | 'owner' | 'scheme' | 'createdAt' | 'updatedAt'> = {
  ...{ format: 1, label: 'bot', state: 'active', reason: null, permissions: ['read', 'trade'], accounts: null },
  ...{ ipAllowlist: null, notBefore: null, expiresAt: null, addressRule: 'off', addresses: [], addressPermissions: [] },
  ...{ lapse: null, cooldown: null, terms: null, confirmation: null, secrets: [], parent: null, version: 1 },
}

function tokenId({ proof }: Scheme, token: string): string {
  return proof.kind === 'bearer' ? proof.keyIdOfHash(hashes.sha256.digest([token])) : ''
}

async function storedSecret(
  scheme: Scheme,
  credentials: VectorCredentials,
  { record, sealer }: { readonly record: KeyRecord; readonly sealer: ReturnType<typeof createSealer> },
): Promise<StoredSecret> {
  const common = { version: 1, notAfter: null, createdAt: record.createdAt }
  const { proof } = scheme
  const { secret, publicKey } = credentials
  if (proof.kind === 'bearer') return { ...common, kind: 'sha256', value: encodeHex(hashes.sha256.digest([secret])) }
  if (publicKey !== undefined) {
    const key = proof.keyPairs && (await publicKeyOf(publicKey, proof.keyPairs.algorithms))
    return { ...common, kind: 'public', value: `${key?.algorithm}:${key?.spki}` }
  }
  const value = await sealer.seal(encodeUtf8(secret), sealContext(record, 1))
  if (proof.kind !== 'mac' || proof.passphrase === undefined) return { ...common, kind: 'sealed', value }
  const { passphrase } = await proverOf(scheme, credentials)
  const mac = hashes[proof.hash].mac(proof.secretEncoding.keyOf(encodeUtf8(secret))!)
  return { ...common, kind: 'sealed', value, passphrase: encodeHex(mac.tag(passphraseParts(passphrase))) }
}

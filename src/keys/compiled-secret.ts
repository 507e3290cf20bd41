import { hashes } from '#hash'
import { publicKeyOf } from '#key-pairs'
import { decodeHex } from '../bytes.js'
import type { Mac, Part } from '../crypto/hash.js'
import type { SealContext, Sealer } from '../crypto/sealer.js'
import type { PublicKey } from '../crypto/signing.js'
import { KeyError } from '../errors.js'
import type { KeyRecord, StoredSecret } from '../key.js'
import type { Proof, Scheme } from '../scheme.js'

/** Proof material of one secret: a prepared MAC, the hash of a bearer secret, or a public key. */
export type CompiledSecret =
  | {
      readonly kind: 'mac'
      readonly mac: Mac
      readonly notAfter: number
      /** MAC of `passphraseParts`; `undefined` where the scheme has no passphrase. */
      readonly passphrase: Uint8Array | undefined
    }
  | { readonly kind: 'sha256'; readonly sha256: Uint8Array; readonly notAfter: number }
  | { readonly kind: 'public'; readonly key: PublicKey; readonly notAfter: number }

/**
 * What a passphrase's hash is the MAC of, under the secret it belongs to: who has the records but not the master key
 * cannot even begin to guess it, and checking it costs one MAC. The first line keeps it apart from every string to sign.
 */
export function passphraseParts(onWire: string): readonly Part[] {
  return [`keylattice-passphrase\n${onWire}`]
}

export interface SecretCompilerOptions {
  readonly schemes: ReadonlyMap<string, Scheme>
  readonly sealer: Sealer | undefined
}

/** The proof material of a key, newest first. */
export async function compileSecrets(record: KeyRecord, options: SecretCompilerOptions): Promise<CompiledSecret[]> {
  const scheme = options.schemes.get(record.scheme)
  // A key of a scheme that is not enabled here can prove nothing.
  if (scheme === undefined) return []
  const newestFirst = [...record.secrets].sort((a, b) => b.version - a.version)
  return Promise.all(newestFirst.map(secret => compileSecret(secret, record, { scheme, sealer: options.sealer })))
}

async function compileSecret(
  secret: StoredSecret,
  record: KeyRecord,
  { scheme, sealer }: { scheme: Scheme; sealer: Sealer | undefined },
): Promise<CompiledSecret> {
  const notAfter = secret.notAfter ?? Number.POSITIVE_INFINITY
  const { proof } = scheme
  if (secret.kind === 'public' && proof.kind !== 'bearer') return compilePublic(secret.value, notAfter, proof)
  if (secret.kind === 'sha256' && proof.kind === 'bearer') {
    const sha256 = decodeHex(secret.value, 32)
    if (sha256 === undefined) throw corrupt('secrets')
    return { kind: 'sha256', sha256, notAfter }
  }
  if (secret.kind !== 'sealed' || proof.kind !== 'mac' || sealer === undefined) throw corrupt('secrets')
  const text = await sealer.open(secret.value, sealContext(record, secret.version))
  const key = proof.secretEncoding.keyOf(text)
  if (key === undefined || key.length === 0) throw corrupt('secrets')
  const mac = hashes[proof.hash].mac(key)
  return { kind: 'mac', mac, notAfter, passphrase: passphraseOf(secret, proof) }
}

/** A key of a scheme with passphrases that has none would let any pass. */
function passphraseOf({ passphrase }: StoredSecret, proof: Proof & { kind: 'mac' }): Uint8Array | undefined {
  if (proof.passphrase === undefined) return undefined
  const hash = passphrase && decodeHex(passphrase, passphrase.length / 2)
  if (!hash) throw corrupt('secrets')
  return hash
}

/** With the algorithm it was registered for, whatever else its kind of key could make. */
async function compilePublic(
  value: string,
  notAfter: number,
  { keyPairs }: Exclude<Proof, { kind: 'bearer' }>,
): Promise<CompiledSecret> {
  const colon = value.indexOf(':')
  const algorithms = keyPairs?.algorithms.filter(algorithm => algorithm === value.slice(0, colon)) ?? []
  const key = await publicKeyOf(value.slice(colon + 1), algorithms)
  if (key === undefined) throw corrupt('secrets')
  return { kind: 'public', key, notAfter }
}

/** What a sealed secret is bound to: moved to another owner, key, field or version, it does not open. */
export function sealContext({ owner, keyId }: Pick<KeyRecord, 'owner' | 'keyId'>, version: number): SealContext {
  return { owner, keyId, field: 'secret', version }
}

/** Says that a stored value was changed by somebody else: this library would not have stored it. */
export function corrupt(field: string, cause?: unknown): KeyError {
  const detail = cause === undefined ? { field } : { field, cause }
  return new KeyError('ERR_KEY_CORRUPT', `the stored key has an invalid '${field}'`, detail)
}

import { sha256 } from '#hash'
import { encodeHex, encodeUtf8 } from '../bytes.js'
import type { Sealer } from '../crypto/sealer.js'
import { ConfigError } from '../errors.js'
import type { KeyRecord, StoredSecret } from '../key.js'
import type { Scheme } from '../scheme.js'
import { sealContext } from './compiled-secret.js'
import type { Credentials } from './credential-types.js'
import type { Mint } from './credentials.js'
import { invalidInput } from './invalid-input.js'
import { hashPassphrase } from './passphrase.js'
import { createSecret } from './secret.js'

/** A new secret: what is stored, and the one copy in clear. */
export interface IssuedSecret {
  readonly stored: StoredSecret
  readonly credentials: Credentials
}

export interface SecretRequest {
  readonly scheme: Scheme
  readonly key: Pick<KeyRecord, 'owner' | 'keyId'>
  /** Version of the secret. */
  readonly version: number
  readonly now: number
  /** As `expectChosen` found it good; `undefined`: to be minted, where the scheme has one. */
  readonly passphrase: string | undefined
}

/** Makes secrets in the shape their scheme needs, sealed or hashed before anybody sees them. */
export function createIssuer(
  mint: Mint,
  sealer: Sealer | undefined,
): (request: SecretRequest) => Promise<IssuedSecret> {
  return async ({ scheme, key, version, now, passphrase }) => {
    const { proof } = scheme
    const { keyId } = key
    const common = { version, notAfter: null, createdAt: now }
    switch (proof.kind) {
      case 'signature':
        throw noSecret(scheme)
      case 'bearer': {
        // The key id leads the token, so that it is found without a search and can be rotated.
        const token = concatBytes(encodeUtf8(`${keyId}.`), mint.mintSecret())
        const stored: StoredSecret = { ...common, kind: 'sha256', value: encodeHex(sha256.digest([token])) }
        return { stored, credentials: { keyId, secret: createSecret(token) } }
      }
      case 'mac': {
        if (sealer === undefined) throw new ConfigError('ERR_OPTION_MISSING', `scheme '${scheme.id}' needs a sealer`)
        const bytes = mint.mintSecret(proof.secretEncoding.name)
        const value = await sealer.seal(bytes, sealContext(key, version))
        const stored: StoredSecret = { ...common, kind: 'sealed', value }
        const credentials: Credentials = { keyId, secret: createSecret(bytes) }
        if (proof.passphrase === undefined) return { stored, credentials }
        const text = passphrase === undefined ? mint.mintPassphrase() : encodeUtf8(passphrase)
        return {
          stored: { ...stored, passphrase: hashPassphrase(proof, bytes, text) },
          credentials: { ...credentials, passphrase: createSecret(text) },
        }
      }
    }
  }
}

/** @throws {KeyError} `ERR_INPUT_INVALID` for a scheme whose keys have key pairs and nothing else */
export function expectSecrets(scheme: Scheme): void {
  if (scheme.proof.kind === 'signature') throw noSecret(scheme)
}

function noSecret({ id }: Scheme): Error {
  return invalidInput('scheme', `'${id}' has no secret to hand out: its keys are registered with a public key`)
}

/** Joins, and wipes the second piece, which is the secret one. */
function concatBytes(head: Uint8Array, secret: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + secret.length)
  joined.set(head)
  joined.set(secret, head.length)
  secret.fill(0)
  return joined
}

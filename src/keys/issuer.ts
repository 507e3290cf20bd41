import { sha256 } from '#hash'
import { encodeHex, encodeUtf8 } from '../bytes.js'
import type { Sealer } from '../crypto/sealer.js'
import { ConfigError } from '../errors.js'
import type { KeyRecord, StoredSecret } from '../key.js'
import type { Scheme } from '../scheme.js'
import { sealContext } from './compiled-key.js'
import type { Mint } from './credentials.js'
import { createSecret, type Secret } from './secret.js'

/** A new secret: what is stored, and the one copy in clear. */
export interface IssuedSecret {
  readonly stored: StoredSecret
  readonly secret: Secret
}

export interface SecretRequest {
  readonly scheme: Scheme
  readonly key: Pick<KeyRecord, 'owner' | 'keyId'>
  /** Version of the secret. */
  readonly version: number
  readonly now: number
}

/** Makes secrets in the shape their scheme needs, sealed or hashed before anybody sees them. */
export function createIssuer(
  mint: Mint,
  sealer: Sealer | undefined,
): (request: SecretRequest) => Promise<IssuedSecret> {
  return async ({ scheme, key, version, now }) => {
    const { proof } = scheme
    switch (proof.kind) {
      case 'bearer': {
        // The key id leads the token, so that it is found without a search and can be rotated.
        const token = concatBytes(encodeUtf8(`${key.keyId}.`), mint.mintSecret())
        const value = encodeHex(sha256.digest([token]))
        return {
          stored: { version, kind: 'sha256', value, notAfter: null, createdAt: now },
          secret: createSecret(token),
        }
      }
      case 'mac': {
        if (sealer === undefined) throw new ConfigError('ERR_OPTION_MISSING', `scheme '${scheme.id}' needs a sealer`)
        const bytes = mint.mintSecret(proof.secretEncoding.name)
        const value = await sealer.seal(bytes, sealContext(key, version))
        return {
          stored: { version, kind: 'sealed', value, notAfter: null, createdAt: now },
          secret: createSecret(bytes),
        }
      }
    }
  }
}

/** Joins, and wipes the second piece, which is the secret one. */
function concatBytes(head: Uint8Array, secret: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + secret.length)
  joined.set(head)
  joined.set(secret, head.length)
  secret.fill(0)
  return joined
}

import { equalBytes } from '#hash'
import type { Mac, Part } from '../crypto/hash.js'
import { randomBytes } from '../crypto/random.js'
import { KeyError, SealError } from '../errors.js'
import type { WireRequest } from '../http/request.js'
import type { CompiledKey, CompiledSecret } from '../keys/compiled-key.js'
import type { LoadedKey } from '../keys/key-cache.js'
import type { Scheme } from '../scheme.js'
import type { Recognized } from './recognize.js'
import { isRefusal, type Refusal } from './verdict.js'

const UNKNOWN: Refusal = Object.freeze({ denial: 'unknown_key' })
const CORRUPT: Refusal = Object.freeze({ denial: 'key_corrupt' })
const WRONG_SCHEME: Refusal = Object.freeze({ denial: 'wrong_scheme' })
const WRONG_SIGNATURE: Refusal = Object.freeze({ denial: 'wrong_signature' })

/** The key, once one of its secrets has been proven to be behind the request. */
export type Authenticate = (
  key: LoadedKey,
  recognized: Recognized,
  at: { readonly request: WireRequest; readonly now: number },
) => CompiledKey | Refusal

/**
 * Builds the one step that touches secrets. A request that cannot succeed (no such key, another scheme, unreadable)
 * is put through the same work with a secret of ours, so that its cost tells nothing.
 *
 * @denies unknown_key, key_corrupt, wrong_scheme, wrong_signature (all `invalid_credentials` on the wire)
 */
export function createAuthenticator(schemes: readonly Scheme[]): Authenticate {
  const decoys = new Map(schemes.map(scheme => [scheme.id, decoySecret(scheme)]))

  return (key, { scheme, claim }, { request, now }) => {
    const parts = scheme.stringToSign(request, claim)
    const usable = usableKey(key, scheme)
    if (isRefusal(usable)) {
      proves(decoys.get(scheme.id) as CompiledSecret, parts, claim.tag)
      return usable
    }
    for (const secret of usable.secrets) {
      if (now < secret.notAfter && proves(secret, parts, claim.tag)) {
        return secret === usable.secrets[0] ? usable : (usable.retiring ?? usable)
      }
    }
    return WRONG_SIGNATURE
  }
}

function usableKey(key: LoadedKey, scheme: Scheme): CompiledKey | Refusal {
  if (key === undefined) return UNKNOWN
  if (key instanceof KeyError || key instanceof SealError) return CORRUPT
  return key.principal.scheme === scheme.id ? key : WRONG_SCHEME
}

function proves(secret: CompiledSecret, parts: readonly Part[], tag: Uint8Array): boolean {
  return secret.kind === 'mac' ? secret.mac.matches(parts, tag) : equalBytes(secret.sha256, tag)
}

function decoySecret({ proof }: Scheme): CompiledSecret {
  const notAfter = Number.POSITIVE_INFINITY
  const noise = randomBytes(32)
  if (proof.kind === 'bearer') return { kind: 'sha256', sha256: noise, notAfter }
  const mac: Mac = proof.hash.mac(noise)
  return { kind: 'mac', mac, notAfter }
}

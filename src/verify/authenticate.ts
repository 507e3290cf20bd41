import { equalBytes, hashes } from '#hash'
import type { Part } from '../crypto/hash.js'
import { randomBytes } from '../crypto/random.js'
import { KeyError, SealError } from '../errors.js'
import type { CompiledKey } from '../keys/compiled-key.js'
import { type CompiledSecret, passphraseParts } from '../keys/compiled-secret.js'
import type { LoadedKey } from '../keys/key-cache.js'
import type { Claim, Scheme } from '../scheme.js'
import { type Awaitable, isPromiseLike } from '../store.js'
import { withArrivedDigest } from './arriving-digest.js'
import { isConsistent } from './consistency.js'
import type { Recognized } from './recognize.js'
import { isRefusal, type Refusal } from './verdict.js'

const UNKNOWN: Refusal = Object.freeze({ denial: 'unknown_key' })
const CORRUPT: Refusal = Object.freeze({ denial: 'key_corrupt' })
const WRONG_SCHEME: Refusal = Object.freeze({ denial: 'wrong_scheme' })
const WRONG_SIGNATURE: Refusal = Object.freeze({ denial: 'wrong_signature' })
const WRONG_PASSPHRASE: Refusal = Object.freeze({ denial: 'wrong_passphrase' })

/** The key, once one of its secrets has been proven to be behind the message. */
export type Authenticate = <Message>(
  key: LoadedKey,
  recognized: Recognized<Message>,
  at: { readonly message: Message; readonly now: number },
) => Awaitable<CompiledKey | Refusal>

/**
 * Builds the one step that touches secrets. A request that cannot succeed (no such key, another scheme, unreadable)
 * is put through the same work with a secret of ours, so that its cost tells nothing. Where the claim is a key pair's
 * signature, there is nothing to hide: whether a public key is registered is no secret.
 *
 * @denies unknown_key, key_corrupt, wrong_scheme, wrong_signature, wrong_passphrase (all `invalid_credentials` on the
 * wire)
 */
export function createAuthenticator(schemes: readonly Scheme[]): Authenticate {
  let decoys: ReadonlyMap<string, CompiledSecret> | undefined

  return (key, recognized, { message, now }) => {
    // With the first request, whatever its key: workers have no random values before that.
    decoys ??= new Map(schemes.map(scheme => [scheme.id, decoySecret(scheme)]))
    const { scheme, dialect, claim } = recognized
    const { body } = message as { readonly body?: unknown }
    const parts = withArrivedDigest(dialect.stringToSign(message, claim), body)
    const usable = isConsistent(dialect, message) ? usableKey(key, scheme) : WRONG_SIGNATURE
    if (isRefusal(usable)) {
      proves(decoys.get(scheme.id) as CompiledSecret, parts, claim)
      return usable
    }
    // The usual request is proven by the newest secret, at once.
    const newest = usable.secrets[0]
    if (newest?.kind === 'mac' && now < newest.notAfter && proves(newest, parts, claim) === true) {
      return found(usable, newest, claim)
    }
    return search(usable, parts, { claim, now, from: newest?.kind === 'mac' ? 1 : 0 })
  }
}

function usableKey(key: LoadedKey, scheme: Scheme): CompiledKey | Refusal {
  if (key === undefined) return UNKNOWN
  if (key instanceof KeyError || key instanceof SealError) return CORRUPT
  return key.principal.scheme === scheme.id ? key : WRONG_SCHEME
}

interface Search {
  readonly claim: Claim
  readonly now: number
  /** The secret to begin with. */
  readonly from: number
}

/** The key under the first of its living secrets that proves the claim. */
function search(
  key: CompiledKey,
  parts: readonly Part[],
  { claim, now, from }: Search,
): Awaitable<CompiledKey | Refusal> {
  for (let i = from; i < key.secrets.length; i++) {
    const secret = key.secrets[i]!
    if (now >= secret.notAfter) continue
    const proven = proves(secret, parts, claim)
    if (isPromiseLike(proven)) {
      return proven.then(yes => (yes ? found(key, secret, claim) : search(key, parts, { claim, now, from: i + 1 })))
    }
    if (proven) return found(key, secret, claim)
  }
  return WRONG_SIGNATURE
}

/** After the proof, so that only who has the secret can try a passphrase. */
function found(key: CompiledKey, secret: CompiledSecret, { passphrase }: Claim): CompiledKey | Refusal {
  if (secret.kind === 'mac' && secret.passphrase !== undefined) {
    if (!secret.mac.matches(passphraseParts(passphrase), secret.passphrase)) return WRONG_PASSPHRASE
  }
  return secret === key.secrets[0] ? key : (key.retiring ?? key)
}

function proves(secret: CompiledSecret, parts: readonly Part[], { tag, algorithm }: Claim): Awaitable<boolean> {
  switch (secret.kind) {
    case 'mac':
      // What says that a key pair made it was not made with this secret, whatever its bytes.
      return secret.mac.matches(parts, tag) && (algorithm === '' || algorithm === 'hmac-sha256')
    case 'sha256':
      return equalBytes(secret.sha256, tag)
    case 'public':
      return (algorithm === '' || algorithm === secret.key.algorithm) && secret.key.verifies(parts, tag)
  }
}

function decoySecret({ proof }: Scheme): CompiledSecret {
  const notAfter = Number.POSITIVE_INFINITY
  const noise = randomBytes(32)
  return proof.kind === 'mac'
    ? { kind: 'mac', mac: hashes[proof.hash].mac(noise), notAfter, passphrase: undefined }
    : { kind: 'sha256', sha256: noise, notAfter }
}

import { spkiOfPrivateKey } from '#key-pairs'
import { randomBytes } from '../crypto/random.js'
import { createSealer } from '../crypto/sealer.js'
import type { WireRequest } from '../http/request.js'
import { createMint } from '../keys/credentials.js'
import { createKeyManager } from '../keys/manager.js'
import { withoutStepUp } from '../keys/weakenings.js'
import { defineKeyPolicy, standardKeyPolicy } from '../policy/key-policy.js'
import { definePermissions } from '../policy/permissions.js'
import { anyPermission } from '../policy/routes.js'
import type { Component, Scheme } from '../scheme.js'
import { createMemoryStore } from '../stores/memory.js'
import type { Clock } from '../time.js'
import type { Verdict } from '../verify/verdict.js'
import { createVerifier } from '../verify/verifier.js'
import { acceptUncovered, noReplayGuard } from '../verify/weakenings.js'
import { isPrivateKey } from './credentials.js'

/** Judges one request as a server would that has one key. */

export interface JudgedBy {
  readonly scheme: Scheme
  readonly keyId: string
  /** The secret, the bearer token, or the private key. */
  readonly secret?: string | undefined
  readonly publicKey?: string | undefined
  readonly passphrase?: string | undefined
  readonly clock: Clock
}

const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce']

/** The scheme, with everything accepted that it leaves open. */
export function accepted(scheme: Scheme): Scheme {
  const { covers, freshness } = scheme
  const open = COMPONENTS.filter(
    component => !covers.includes(component) && (component !== 'nonce' || freshness.kind === 'rising-nonce'),
  )
  return open.length === 0 ? scheme : acceptUncovered(scheme, open)
}

/** The promise rejects with `KeyError` `ERR_INPUT_INVALID` for credentials that no key can have. */
export async function judge(request: WireRequest, by: JudgedBy): Promise<Verdict> {
  const { keys } = createMemoryStore()
  const sealer = createSealer({ primary: 'once', keys: { once: randomBytes(32) } })
  const permissions = definePermissions({ permissions: { any: [] } })
  const common = { keys, sealer, permissions, clock: by.clock }
  const manager = createKeyManager({
    ...common,
    schemes: [by.scheme],
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['any'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
  })
  await manager.import({
    actor: { role: 'operator', id: 'cli' },
    ...{ owner: 'owner', label: '', permissions: ['any'], accounts: null, ipAllowlist: null },
    ...(await materialOf(by)),
  })
  const verifier = createVerifier({ ...common, schemes: [accepted(by.scheme)], replay: noReplayGuard })
  return verifier.verify(request, { permission: anyPermission, account: null })
}

type Material = { readonly keyId?: string } & (
  | { readonly secret: string; readonly passphrase?: string }
  | { readonly publicKey: string }
)

async function materialOf({ scheme, keyId, secret = '', publicKey, passphrase }: JudgedBy): Promise<Material> {
  const { proof } = scheme
  if (proof.kind === 'bearer') return { secret }
  if (publicKey !== undefined) return { keyId, publicKey }
  const pairs = isPrivateKey(secret) || proof.kind === 'signature' ? proof.keyPairs : undefined
  const own = pairs && (await spkiOfPrivateKey(secret, pairs.algorithms))
  return own === undefined
    ? { keyId, secret, ...(passphrase !== undefined && { passphrase }) }
    : { keyId, publicKey: own }
}

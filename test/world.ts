import { createSigner } from '../src/client/index.js'
import type {
  CreateKey,
  KeyManager,
  KeyManagerOptions,
  KeyStore,
  Scheme,
  VerifierOptions,
  WireRequest,
} from '../src/index.js'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  standardKeyPolicy,
} from '../src/index.js'
import { withoutStepUp } from '../src/insecure.js'
import { standard } from '../src/presets/standard.js'
import { hmacV1 } from '../src/schemes/hmac-v1.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../src/stores/memory.js'
import { createFakeClock } from '../src/testing/index.js'

/** 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600_000
export const OWNER = 'owner-1'
export const permissions = standard.permissions

type P = 'read' | 'trade' | 'withdraw' | 'full'

export interface WorldOptions {
  readonly keys?: KeyStore
  readonly schemes?: readonly Scheme[]
  readonly verifier?: Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>>
  readonly manager?: Partial<KeyManagerOptions<'read' | 'trade' | 'withdraw', 'full'>>
}

/** A whole system in memory, with a clock that tests move: manager, verifier, and a signer for every key made. */
export function createWorld(options: WorldOptions = {}) {
  const clock = createFakeClock(START)
  const keys = options.keys ?? createMemoryKeyStore()
  const replay = createMemoryReplayStore({ clock })
  const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
  const schemes = options.schemes ?? [hmacV1({ audience: 'api.example.com' })]
  const shared = { keys, schemes, permissions, sealer, clock }
  const verifier = createVerifier({ ...shared, replay, ...options.verifier })
  const manager: KeyManager<P> = createKeyManager({
    ...shared,
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
    ...options.manager,
  })

  async function issue(fields: Partial<CreateKey<P>> = {}) {
    const issued = await manager.create({
      ...{ owner: OWNER, label: 'bot', permissions: ['read', 'trade'], accounts: null, ipAllowlist: null },
      ...fields,
    })
    const secret = issued.credentials.secret.reveal()
    const scheme = schemes.find(({ id }) => id === issued.key.scheme) as Scheme
    return { ...issued, secret, signer: createSigner({ scheme, keyId: issued.key.keyId, secret, clock }) }
  }

  return { clock, keys, replay, sealer, schemes, verifier, manager, issue }
}

/** A request before it is signed. */
export function unsigned(fields: Partial<WireRequest> = {}): WireRequest {
  return { method: 'GET', target: '/v1/balance?asset=BTC', headers: {}, body: new Uint8Array(0), ...fields }
}

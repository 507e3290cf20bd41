/** A small exchange in memory, which every runtime serves in its own way, and which hands out its own keys. */

import {
  anyPermission,
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  defineRoutes,
  publicRoute,
  standardKeyPolicy,
} from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import type { Access } from '../../src/middleware/fetch.js'
import { standard } from '../../src/presets/standard.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryStore } from '../../src/stores/memory.js'

export const AUDIENCE = 'api.example.com'
/** Enough for a body whose digest is taken while it arrives. */
export const MAX_BODY_BYTES = 262_144
export const scheme = hmacV1({ audience: AUDIENCE })

const { permissions } = standard

export interface HouseKey {
  readonly keyId: string
  readonly secret: string
}

/** What `POST /v1/keys` answers: in the place of a host's own pages, behind its own login. */
export interface HouseKeys {
  readonly trader: HouseKey
  readonly reader: HouseKey
  /** May be used from this machine only. */
  readonly local: HouseKey
  /** May be used from elsewhere only. */
  readonly remote: HouseKey
}

export function createHouse() {
  const { keys, replay } = createMemoryStore()
  const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
  const shared = { keys, schemes: [scheme], permissions, sealer }
  const verifier = createVerifier({ ...shared, replay })
  const manager = createKeyManager({
    ...shared,
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
  })
  const routes = defineRoutes(permissions, {
    'POST /v1/keys': publicRoute,
    'GET /v1/whoami': anyPermission,
    'GET /v1/balance': 'read',
    'POST /v1/orders': 'trade',
  })

  let visits = 0

  async function issue(granted: 'read' | 'trade', ipAllowlist: readonly string[] | null): Promise<HouseKey> {
    // Nobody may have many keys.
    const asked = { owner: `visitor-${visits}`, label: granted, permissions: [granted], accounts: null, ipAllowlist }
    const { key, credentials } = await manager.create(asked)
    return { keyId: key.keyId, secret: credentials.secret.reveal() }
  }

  /** What the handlers answer. Dispatched on the route as declared, so what was judged is what runs. */
  async function answer({ route, principal, body }: Access): Promise<string> {
    if (route !== 'POST /v1/keys') {
      const text = new TextDecoder().decode(body)
      return JSON.stringify({ route, keyId: principal?.keyId, body: text })
    }
    visits += 1
    const made: HouseKeys = {
      trader: await issue('trade', null),
      reader: await issue('read', null),
      local: await issue('read', ['127.0.0.1', '::1']),
      remote: await issue('read', ['192.0.2.1']),
    }
    return JSON.stringify(made)
  }

  const errors: string[] = []
  const onError = (error: unknown) => void errors.push(String(error))
  return { options: { verifier, routes, onError, maxBodyBytes: MAX_BODY_BYTES }, answer, errors }
}

/** The exchange as a function of platforms that speak `Request`. `ip`: who sent it, where the platform knows. */
export type House = ReturnType<typeof createHouse>

/** What every process of a house is built of: the same secrets and rules everywhere. */

import { createSigner, type Signer } from '../../../src/client/index.js'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  defineOperations,
  type KeyManager,
  type KeyManagerOptions,
  standardKeyPolicy,
  type Verifier,
  type VerifierOptions,
} from '../../../src/index.js'
import { withoutStepUp } from '../../../src/insecure.js'
import { standard } from '../../../src/presets/standard.js'
import { hmacV1 } from '../../../src/schemes/hmac-v1.js'
import type { OpenStores } from './backends.js'

/** Keys an owner may have. */
export const LIMIT = 16

export const BROWSER = 'a-cookie-of-this-browser'

/** What a process is told of a key, to use it. */
export interface Handout {
  readonly owner: string
  readonly keyId: string
  readonly secret: string
}

type P = 'read' | 'trade' | 'withdraw' | 'full'

export const permissions = standard.permissions

const shared = {
  schemes: [hmacV1({ audience: 'api.example.com' })],
  permissions,
  sealer: createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } }),
} as const

export const wanted = { label: 'bot', permissions: ['read'], accounts: null, ipAllowlist: null } as const

/** A manager for whom every second factor is good, and which mails nothing but what `createdBy` is told. */
export function createManager(
  stores: Pick<OpenStores, 'keys' | 'replay'>,
  options: Partial<KeyManagerOptions<'read' | 'trade' | 'withdraw', 'full'>> = {},
): KeyManager<P> {
  return createKeyManager({
    ...shared,
    keys: stores.keys,
    policy: defineKeyPolicy({ ...standardKeyPolicy, keysPerOwner: LIMIT, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
    ...options,
  })
}

/** A manager that has requests for keys confirmed by mail; the tokens end up in `tokens`. */
export function createMailingManager(stores: Pick<OpenStores, 'keys' | 'replay'>, tokens: string[]): KeyManager<P> {
  const request = { by: ['owner'], needs: 'second-factor-and-mail' } as const
  return createManager(stores, {
    policy: defineKeyPolicy({
      ...{ ...standardKeyPolicy, keysPerOwner: LIMIT },
      operations: defineOperations({ ...withoutStepUp, request }),
    }),
    replay: stores.replay,
    secondFactor: () => true,
    hasSecondFactor: () => true,
    sendConfirmation: ({ token }) => void tokens.push(token),
  })
}

export function createJudge(
  stores: Pick<OpenStores, 'keys' | 'replay'>,
  options: Partial<VerifierOptions<'read' | 'trade' | 'withdraw'>> = {},
): Verifier<'read' | 'trade' | 'withdraw'> {
  return createVerifier({ ...shared, keys: stores.keys, replay: stores.replay, ...options })
}

export function signerOf({ keyId, secret }: Handout): Signer {
  return createSigner({ scheme: shared.schemes[0], keyId, secret })
}

export async function issue(manager: KeyManager<P>, owner: string): Promise<Handout> {
  const { key, credentials } = await manager.create({ ...wanted, owner })
  return { owner, keyId: key.keyId, secret: credentials.secret.reveal() }
}

/** Asks for a key, which has no secret until it is revealed. */
export async function ask(manager: KeyManager<P>, owner: string): Promise<string> {
  const { key } = await manager.request({ ...wanted, owner, proof: `good ${crypto.randomUUID()}`, browser: BROWSER })
  return key.keyId
}

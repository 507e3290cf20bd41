import { expect } from 'vitest'
import { createSigner, type Signer } from '../../../src/client/index.js'
import type {
  Actor,
  ConfirmationMail,
  Credentials,
  DenialCode,
  KeyManager,
  KeyManagerOptions,
  KeyView,
  Preset,
  RouteDeclarations,
  Scheme,
  StepUpRequest,
  VerifierOptions,
  WithdrawalAddress,
} from '../../../src/index.js'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineRoutes,
  publicRoute,
} from '../../../src/index.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../../../src/stores/memory.js'
import { createFakeClock, type FakeClock } from '../../../src/testing/index.js'

export const CUSTOMER = 'customer-1'
export const STRANGER = 'customer-2'
/** Somebody who works for the house. */
export const STAFF: Actor = { role: 'operator', id: 'staff-7' }
/** A cookie of the browser that the customer uses. */
export const BROWSER = 'cookie-of-the-first-browser'
export const MINUTE = 60_000
export const DAY = 1440 * MINUTE

/** 2026-03-02T09:00:00Z. */
const OPENING = 1_772_442_000_000

export interface Setting<P extends string, A extends string> {
  readonly preset: Preset<P, A>
  /** As the verifier takes it: with its gaps accepted. */
  readonly scheme: Scheme
  readonly routes: RouteDeclarations<P | A>
  readonly manager?: Partial<KeyManagerOptions<P, A>>
  readonly verifier?: Partial<VerifierOptions<P>>
}

/** One call of the API. */
export interface Call {
  readonly from?: string
  readonly account?: string
  readonly withdrawal?: WithdrawalAddress
}

export interface House<P extends string> {
  readonly clock: FakeClock
  readonly manager: KeyManager<P>
  /** The next six digits of everybody's authenticator. The house itself would take them again. */
  readonly code: () => string
  /** What the second factor was asked to approve. */
  readonly approvals: readonly StepUpRequest[]
  /** What was mailed, oldest first. */
  readonly mails: readonly ConfirmationMail[]
  /** The token of the latest mail. */
  readonly link: () => string
  readonly signerOf: (credentials: Credentials) => Signer
  /** Makes one call of the API; a call without a signer carries no credentials. */
  readonly call: (signer: Signer | undefined, line: string, call?: Call) => Promise<'allowed' | DenialCode>
}

interface Stores {
  readonly kept: Pick<KeyManagerOptions, 'keys' | 'replay' | 'sealer'> & { readonly clock: FakeClock }
  /** Codes that authenticators have shown. */
  readonly codes: Set<string>
}

/** What a house keeps, in memory, and its clock, which stands still until it is moved. */
export function createStores(): Stores {
  const clock = createFakeClock(OPENING)
  const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
  const replay = createMemoryReplayStore({ clock })
  return { kept: { keys: createMemoryKeyStore(), replay, sealer, clock }, codes: new Set() }
}

/** Manager, verifier and client of a house. */
export function openHouse<P extends string, A extends string>(
  setting: Setting<P, A>,
  { kept, codes }: Stores = createStores(),
): House<P | A> {
  const { permissions, policy } = setting.preset
  const approvals: StepUpRequest[] = []
  const mails: ConfirmationMail[] = []
  const manager = createKeyManager<P, A>({
    ...{ ...kept, permissions, policy, schemes: [setting.scheme] },
    mint: createMint({ brand: 'house', environment: 'live' }),
    ceiling: () => ({ permissions: permissions.names, accounts: null }),
    secondFactor: request => approvals.push(request) > 0 && codes.has(request.proof),
    sendConfirmation: mail => void mails.push(mail),
    ...setting.manager,
  })
  return {
    ...{ clock: kept.clock, manager, approvals, mails, link: () => mails.at(-1)?.token ?? '' },
    code: () => {
      const code = String(100_000 + codes.size)
      codes.add(code)
      return code
    },
    signerOf: ({ keyId, secret }) => createSigner({ scheme: setting.scheme, keyId, secret, clock: kept.clock }),
    call: createApi(setting, kept),
  }
}

function createApi<P extends string, A extends string>(
  setting: Setting<P, A>,
  kept: Stores['kept'],
): House<P | A>['call'] {
  const { permissions } = setting.preset
  const routes = defineRoutes(permissions, setting.routes as RouteDeclarations<NoInfer<P | A>>)
  const verifier = createVerifier<P | A>({
    ...{ ...kept, permissions, schemes: [setting.scheme] },
    ...(setting.verifier as Partial<VerifierOptions<P | A>>),
  })
  return async (signer, line, { from = '203.0.113.7', ...asked } = {}) => {
    const [method = '', target = ''] = line.split(' ')
    const permission = routes.match(method, target)?.permission
    if (permission === undefined || permission === publicRoute) return 'route_not_declared'
    const body = method === 'POST' ? '{}' : ''
    const unsigned = { method, target, headers: {}, body: new TextEncoder().encode(body) }
    const request = (await signer?.sign({ method, target, body })) ?? unsigned
    const verdict = await verifier.verify({ ...request, ip: from }, { permission, ...asked })
    return verdict.ok ? 'allowed' : verdict.denial
  }
}

/** Names a key as its owner does. */
export const owned = ({ owner, keyId }: KeyView): { owner: string; keyId: string } => ({ owner, keyId })

/** Matches the `KeyError` that a refusal is. */
export const refusal = (code: string, field?: string): Error =>
  expect.objectContaining(field === undefined ? { code } : { code, field })

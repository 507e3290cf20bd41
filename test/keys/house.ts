import { expect } from 'vitest'
import { keyPairsOf } from '#key-pairs'
import { generateKeyPair, type KeyPairTexts, provePossession } from '../../src/client/index.js'
import type {
  AuditEntry,
  ConfirmationMail,
  CreateKey,
  KeyManager,
  KeyManagerOptions,
  KeyPolicy,
  KeyStore,
  OperationEvent,
  OperationRule,
  OperationTable,
  StepUpRequest,
} from '../../src/index.js'
import { defineKeyPolicy, defineOperations, readAuditEntry, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { isMalformed, type Proof, type Scheme } from '../../src/scheme.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMemoryKeyStore, createMemoryReplayStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import { createFakeClock } from '../../src/testing/index.js'
import { createWorld, OWNER, START } from '../world.js'

export type P = 'read' | 'trade' | 'withdraw' | 'full'
type Given = Partial<KeyManagerOptions<'read' | 'trade' | 'withdraw', 'full'>>

export interface HouseOptions {
  /** Rows that differ from a table that asks for nothing. */
  readonly rows?: Partial<OperationTable>
  readonly rules?: Partial<KeyPolicy>
  readonly manager?: Given
  readonly keys?: KeyStore
  readonly schemes?: readonly Scheme[]
}

export const BROWSER = 'a-cookie-of-this-browser'
export const OPERATOR = { role: 'operator', id: 'op-1' } as const
export const withMail: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' }
export const withFactor: OperationRule = { by: ['owner', 'operator'], needs: 'second-factor' }

export const wanted: CreateKey<P> = {
  ...{ owner: OWNER, label: 'bot', permissions: ['read', 'trade'], accounts: null, ipAllowlist: null },
}

export const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })
export const owned = ({ owner, keyId }: { readonly owner: string; readonly keyId: string }) => ({ owner, keyId })

const hmac = hmacV1({ audience: 'api.example.com' })
/** hmac-v1 whose keys may have a key pair instead, as those of Binance may. */
export const dual: Scheme = {
  ...hmac,
  proof: {
    ...(hmac.proof as Extract<Proof, { kind: 'mac' }>),
    keyPairs: keyPairsOf(['ed25519', 'rsa-v1_5-sha256']),
  },
  read(request) {
    const { 'x-api-signature': signature, ...headers } = request.headers
    const claim = hmac.read({ ...request, headers: { ...headers, 'x-api-signature': '0'.repeat(64) } })
    if (claim === undefined || isMalformed(claim)) return claim
    return { ...claim, tag: Uint8Array.from(Buffer.from(String(signature), 'hex')) }
  },
}

/** What an owner sends to have a public key registered. */
export async function offer(
  scheme: Scheme,
  { owner, keyId }: { readonly owner: string; readonly keyId: string },
  { version = 1, pair }: { readonly version?: number; readonly pair?: KeyPairTexts } = {},
) {
  const algorithm = scheme.proof.kind === 'bearer' ? undefined : scheme.proof.keyPairs?.algorithms[0]
  const { publicKey, privateKey } = pair ?? (await generateKeyPair(algorithm ?? 'ed25519'))
  const possession = await provePossession({ scheme, owner, keyId, publicKey, privateKey, version })
  return { publicKey, privateKey, offered: { publicKey, possession } }
}

/** A house with a second factor (any proof that begins with `good`), a mailer, and an audit trail, all to look at. */
export function createHouse({
  rows = {},
  rules = {},
  manager = {},
  keys = createMemoryKeyStore(),
  schemes = [dual],
}: HouseOptions = {}) {
  const asked: StepUpRequest[] = []
  const mails: ConfirmationMail[] = []
  const trail: AuditEntry[] = []
  const clock = createFakeClock(START)
  const replay = manager.replay ?? createMemoryReplayStore({ clock })
  const policy = defineKeyPolicy({
    ...{ ...standardKeyPolicy, childDepth: 2, ...rules },
    operations: defineOperations({ ...withoutStepUp, ...rows }),
  })
  const world = createWorld({
    keys,
    schemes,
    verifier: { clock, replay },
    manager: {
      ...{ clock, replay, policy, usage: createMemoryUsageStore() },
      secondFactor: request => asked.push(request) > 0 && request.proof.startsWith('good'),
      sendConfirmation: letter => void mails.push(letter),
      audit: { append: entry => void trail.push(entry) },
      ...manager,
    },
  })
  const events = () => trail.map(entry => readAuditEntry(entry) as OperationEvent)
  /** The token of the latest mail. */
  const token = () => mails.at(-1)?.token ?? ''
  const manage: KeyManager<P> = world.manager
  return { ...world, manager: manage, clock, replay, asked, mails, trail, events, token }
}

export type House = ReturnType<typeof createHouse>

/** Everything the store holds, as text. */
export async function rowsOf({ keys }: Pick<House, 'keys'>): Promise<string> {
  return JSON.stringify(await keys.scan({ limit: 1000 }))
}

/** What each attempt came to: `done`, or the code of its error. */
export async function outcomesOf(attempts: readonly Promise<unknown>[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const outcome of await Promise.allSettled(attempts)) {
    const name = outcome.status === 'fulfilled' ? 'done' : String(outcome.reason.code ?? outcome.reason)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** A house whose every secret is planted, and of which all that it shows to anybody is kept, to be searched. */

import { randomBytes } from 'node:crypto'
import { generateKeyPair, provePossession } from '../../src/client/index.js'
import type {
  AuditSink,
  KeyManager,
  KeyManagerOptions,
  KeyStore,
  KeyView,
  Mint,
  OperationRule,
  OperationTable,
  ReplayStore,
  Scheme,
  Sealer,
  UsageStore,
} from '../../src/index.js'
import {
  createKeyManager,
  createMint,
  createSealer,
  defineKeyPolicy,
  defineOperations,
  standardKeyPolicy,
} from '../../src/index.js'
import { bearer } from '../../src/schemes/bearer.js'
import { bitfinex } from '../../src/schemes/bitfinex.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { kucoin } from '../../src/schemes/kucoin.js'
import { okx } from '../../src/schemes/okx.js'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createFakeClock, type FakeClock } from '../../src/testing/index.js'
import { permissions, START } from '../world.js'
import { type Canaries, type Finding, traceOf } from './canary-search.js'

/** Where a secret could come to light, apart from the files of a database. */
export const PLACES = ['output', 'errors', 'results', 'decisions', 'audit', 'callbacks', 'answers', 'store'] as const
export type Place = (typeof PLACES)[number]

/** All that came to light. */
export interface Record {
  /** Keeps all that could be seen of a value, now: it may be wiped later. */
  note(place: Place, value: unknown): void
  findings(canaries: Canaries): readonly Finding[]
  count(place: Place): number
}

export function createRecord(): Record {
  const kept = new Map<Place, string[]>(PLACES.map(place => [place, []]))
  return {
    note(place, value) {
      kept.get(place)?.push(typeof value === 'string' ? value : traceOf(value))
    },
    findings: canaries => [...kept].flatMap(([place, texts]) => canaries.search(place, texts.join('\n'))),
    count: place => kept.get(place)?.length ?? 0,
  }
}

/** What a house keeps its keys in. */
export interface Stores {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly audit: AuditSink
}

export type Given = Partial<KeyManagerOptions<'read' | 'trade' | 'withdraw', 'full'>>
export type Manager = KeyManager<'read' | 'trade' | 'withdraw' | 'full'>

export interface Stage {
  readonly canaries: Canaries
  readonly record: Record
  readonly owner: string
  readonly operator: { readonly role: 'operator'; readonly id: string }
  readonly browser: string
  readonly clock: FakeClock
  readonly stores: Stores
  readonly sealer: Sealer
  /** Tokens that were mailed. */
  readonly tokens: string[]
  /** A new secret that is good for nothing. */
  secret(kind: string): string
  /** A new passphrase, short enough to be one. */
  passphrase(): string
  /** A secret of ours that belongs to no key. */
  mint(): string
  /** A manager that steps up everywhere: with a mail wherever that can be, or without. */
  manager(by: 'mail' | 'proof', given?: Given): Manager
  /** What goes with every request: a second factor that is accepted, and the browser. */
  asking(): { readonly proof: string; readonly browser: string }
}

const audience = 'api.example.com'
export const SCHEMES: readonly Scheme[] = [
  ...[hmacV1({ audience }), ed25519V1({ audience, headerPrefix: 'X-Pair-' }), bearer(), bitfinex(), okx(), kucoin()],
]

/** What outlives a stage: the canaries, the record, and the master keys, which are canaries too. */
export interface Ground {
  readonly canaries: Canaries
  readonly record: Record
  readonly ring: { readonly k1: Uint8Array; readonly k2: Uint8Array }
}

export function createGround(canaries: Canaries): Ground {
  const ring = { k1: Uint8Array.from(randomBytes(32)), k2: Uint8Array.from(randomBytes(32)) }
  for (const key of Object.values(ring)) canaries.plantBytes('master key', key)
  return { canaries, record: createRecord(), ring }
}

let stages = 0

export function createStage({ canaries, record, ring }: Ground, given?: Stores): Stage {
  const clock = createFakeClock(START)
  const stores = watched(given ?? createMemoryStore({ clock }), record)
  const number = stages++
  const random = () => randomBytes(24).toString('hex')
  const secret = (kind: string) => `${kind.replaceAll(' ', '-')}-${canaries.plant(kind, random())}`
  const mint = plantingMint(canaries)
  const browser = canaries.plant('browser', random())
  const tokens: string[] = []
  const sealer = createSealer({ primary: 'k1', keys: ring })

  const manager: Stage['manager'] = (by, more = {}) =>
    createKeyManager({
      ...{ keys: stores.keys, replay: stores.replay, usage: stores.usage, audit: stores.audit },
      ...{ schemes: SCHEMES, permissions, sealer, clock, mint },
      policy: policyOf(by),
      ceiling: () => ({ permissions: ['full'], accounts: null }),
      eligible: () => true,
      secondFactor: ({ proof, ...told }) => {
        record.note('callbacks', told)
        return !proof.startsWith('wrong')
      },
      sendConfirmation: ({ token, ...told }) => {
        record.note('callbacks', told)
        tokens.push(token)
        canaries.plant('confirmation token', token.slice(token.indexOf('~') + 1))
      },
      ...more,
    })

  return {
    ...{ canaries, record, clock, stores, sealer, tokens, browser, secret, manager },
    ...{ owner: `owner-${number}`, operator: { role: 'operator', id: `ops-${number}` } },
    passphrase: () => canaries.plant('passphrase', randomBytes(16).toString('hex')),
    mint: () => Buffer.from(mint.mintSecret()).toString(),
    asking: () => ({ proof: secret('proof'), browser }),
  }
}

/** What registers a public key, and the private one, as base64 of its seed, which is a canary in all its forms. */
export async function offerFor({ canaries }: Stage, { owner, keyId }: KeyView, version: number) {
  const scheme = SCHEMES.find(({ id }) => id === 'ed25519-v1') as Scheme
  const { publicKey, privateKey } = await generateKeyPair('ed25519')
  const seed = Buffer.from(privateKey.split('\n')[1] ?? '', 'base64').subarray(-32)
  canaries.plantBytes('private key', seed)
  const possession = await provePossession({ scheme, owner, keyId, publicKey, privateKey, version })
  return { owner, keyId, publicKey, possession, privateKey: seed.toString('base64') }
}

function policyOf(by: 'mail' | 'proof') {
  const { operations: strict, ...rest } = standardKeyPolicy
  const mailed = by === 'mail' ? ['request', 'edit', 'renew', 'rotate'] : []
  const rule = (name: string): OperationRule => ({
    by: ['owner', 'operator'],
    needs: mailed.includes(name) ? 'second-factor-and-mail' : 'second-factor',
  })
  const rows = Object.fromEntries(Object.keys(strict).map(name => [name, rule(name)])) as OperationTable
  return defineKeyPolicy({ ...rest, keysPerOwner: 1000, eligibility: true, operations: defineOperations(rows) })
}

/** Every secret it makes is planted, also one that is lost on its way. */
function plantingMint(canaries: Canaries): Mint {
  const mint = createMint({ brand: 'kl', environment: 'test' })
  return {
    mintKeyId: () => mint.mintKeyId(),
    mintSecret: encoding => {
      const bytes = mint.mintSecret(encoding)
      canaries.plant('minted secret', Buffer.from(bytes).toString())
      return bytes
    },
    mintPassphrase: () => {
      // Twice as long as our own, so that pieces of it can be looked for.
      const text = canaries.plant('minted passphrase', randomBytes(16).toString('hex'))
      return Uint8Array.from(Buffer.from(text))
    },
  }
}

/** What a store is asked, and does not keep. */
const READS = ['get', 'list', 'scan']

/** The same stores; what they are given to keep is noted. */
function watched(stores: Stores, record: Record): Stores {
  return Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [
      name,
      new Proxy(store as object, {
        get(target, method) {
          const member: unknown = Reflect.get(target, method)
          if (typeof member !== 'function' || READS.includes(String(method))) return member
          return (...args: unknown[]) => {
            record.note(name === 'audit' ? 'audit' : 'store', args.map(shown).join(' '))
            return member.apply(target, args)
          }
        },
      }),
    ]),
  ) as unknown as Stores
}

/** Numbers above 2^53 have no JSON. */
const shown = (value: unknown): string => (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? ''))

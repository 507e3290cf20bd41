import { describe, expect, it } from 'vitest'
import { createSigner, generateKeyPair } from '../../src/client/index.js'
import type { KeyManager, KeyRecord, KeyRow, KeyState, KeyStore, Scheme, Sealer } from '../../src/index.js'
import {
  createKeyManager,
  createMint,
  createVerifier,
  defineKeyPolicy,
  KeyError,
  StoreError,
  standardKeyPolicy,
} from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../../src/stores/memory.js'
import { createFakeClock } from '../../src/testing/index.js'
import { dual, offer } from '../keys/house.js'
import { OWNER, permissions, START, unsigned } from '../world.js'
import { exploreInterleavings, type Fault } from './interleaving.js'

type P = 'read' | 'trade' | 'withdraw' | 'full'
const LIMIT = 2
const scheme: Scheme = dual
const pair = await generateKeyPair('ed25519')
const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, keysPerOwner: LIMIT, childDepth: 1 })
const mint = createMint({ brand: 'kl', environment: 'test' })
// Sealing is not what is explored here, and its cost would be most of the time.
const sealer: Sealer = {
  seal: plaintext => `x${Buffer.from(plaintext).toString('hex')}`,
  open: sealed => Uint8Array.from(Buffer.from(sealed.slice(1), 'hex')),
  keyIdOf: () => 'k1',
} as Sealer

const START_STATES = ['fresh', 'active', 'suspended'] as const
type StartState = (typeof START_STATES)[number]

/** The operations, each on the one key that exists when they start. */
const OPERATIONS: Readonly<
  Record<string, (manager: KeyManager<P>, key: { owner: string; keyId: string }) => Promise<unknown>>
> = {
  create: manager =>
    manager.create({ owner: OWNER, label: 'new', permissions: ['read'], accounts: null, ipAllowlist: null }),
  reveal: (manager, key) => manager.reveal(key),
  register: async (manager, key) => manager.register({ ...key, ...(await offer(scheme, key, { pair })).offered }),
  narrow: async (manager, key) =>
    manager.edit({ ...key, version: (await manager.get(key)).version, permissions: ['read'] }),
  exceed: async (manager, key) =>
    manager.edit({ ...key, version: (await manager.get(key)).version, permissions: ['full'] }),
  renew: (manager, key) => manager.renew(key),
  rotate: (manager, key) => manager.rotate({ ...key, overlapMs: 0 }),
  derive: (manager, key) =>
    manager.derive({ ...key, label: 'child', permissions: ['read'], accounts: null, ipAllowlist: null }),
  suspend: (manager, key) => manager.suspend({ ...key, reason: 'check' }),
  resume: (manager, key) => manager.resume(key),
  revoke: (manager, key) => manager.revoke({ ...key, reason: 'leaked' }),
  revokeAll: manager => manager.revokeAll({ owner: OWNER, reason: 'leaked' }),
  destroy: (manager, key) => manager.destroy({ ...key, reason: 'tidy' }),
}
const ENDING = ['revoke', 'revokeAll', 'destroy']

interface Trial {
  readonly names: readonly [string, string]
  readonly state: StartState
  readonly fault: Fault | undefined
}

/** What a trial leaves behind. */
interface Outcome {
  readonly trial: Trial
  readonly results: readonly PromiseSettledResult<unknown>[]
  readonly rows: readonly KeyRow[]
  readonly keyId: string
  /** States the first key was seen in, in order of the writes. */
  readonly history: readonly (KeyState | 'gone')[]
  readonly secrets: readonly { keyId: string; version: number; text: string }[]
  readonly passes: (secret: string) => Promise<boolean>
}

async function prepare(store: KeyStore, state: StartState): Promise<{ keyId: string; secret: string | undefined }> {
  const { manager } = createManager(store)
  const { key } = await manager.request({
    owner: OWNER,
    label: 'first',
    permissions: ['trade'],
    accounts: null,
    ipAllowlist: null,
  })
  const owned = { owner: OWNER, keyId: key.keyId }
  if (state === 'fresh') return { keyId: key.keyId, secret: undefined }
  const secret = (await manager.reveal(owned)).credentials.secret.reveal()
  if (state === 'suspended') await manager.suspend({ ...owned, reason: 'check' })
  return { keyId: key.keyId, secret }
}

function createManager(keys: KeyStore) {
  const clock = createFakeClock(START)
  const ceiling = () => ({ permissions: ['trade' as const], accounts: null })
  const manager = createKeyManager({ keys, schemes: [scheme], permissions, policy, ceiling, mint, sealer, clock })
  return { manager, clock }
}

async function conduct(trial: Trial, check: (outcome: Outcome) => Promise<void>): Promise<number> {
  let calls = 0
  await exploreInterleavings(async make => {
    const memory = createMemoryKeyStore()
    const { keyId, secret } = await prepare(memory, trial.state)
    const history: (KeyState | 'gone')[] = []
    const watched = watch(memory, keyId, history, () => calls++)
    const schedule = make(watched, trial.fault)
    const managers = [createManager(schedule.lane(0)).manager, createManager(schedule.lane(1)).manager] as const
    const owned = { owner: OWNER, keyId }
    const start = (lane: 0 | 1) => async () => OPERATIONS[trial.names[lane]]?.(managers[lane], owned)
    const results = await schedule.run([start(0), start(1)])
    const rows = await memory.list({ owner: OWNER, limit: 1000 })
    const secrets = results.flatMap(secretsOf)
    if (secret !== undefined) secrets.push({ keyId, version: 1, text: secret })
    const passes = (text: string) => canUse(memory, keyId, text)
    await check({ trial, results, rows, keyId, history, secrets, passes })
  })
  return calls
}

function counted(store: KeyStore, count: () => void): KeyStore {
  const entries = Object.entries(store).map(([name, method]) => [
    name,
    (...args: never[]) => {
      count()
      return (method as (...a: never[]) => unknown)(...args)
    },
  ])
  return Object.fromEntries(entries) as KeyStore
}

/** Records every state a key is written in, and counts calls. */
function watch(store: KeyStore, keyId: string, history: (KeyState | 'gone')[], count: () => void): KeyStore {
  return {
    ...counted(store, count),
    replace: async (row, version) => {
      count()
      const done = await store.replace(row, version)
      if (done && row.keyId === keyId) history.push(row.state)
      return done
    },
    remove: async (id, version) => {
      count()
      const done = await store.remove(id, version)
      if (done && id === keyId) history.push('gone')
      return done
    },
  }
}

function secretsOf(result: PromiseSettledResult<unknown>): { keyId: string; version: number; text: string }[] {
  const issued =
    result.status === 'fulfilled'
      ? (result.value as { credentials?: { keyId: string; secret: { reveal(): string } } } | undefined)
      : undefined
  if (!issued?.credentials) return []
  return [{ keyId: issued.credentials.keyId, version: 0, text: issued.credentials.secret.reveal() }]
}

async function canUse(keys: KeyStore, keyId: string, secret: string): Promise<boolean> {
  const clock = createFakeClock(START)
  const verifier = createVerifier({
    schemes: [scheme],
    permissions,
    keys,
    sealer,
    replay: createMemoryReplayStore({ clock }),
    clock,
  })
  const signer = createSigner({ scheme, keyId, secret, clock })
  return (await verifier.verify(await signer.sign(unsigned()), { permission: 'read' })).ok
}

async function holds({ trial, results, rows, keyId, history, secrets, passes }: Outcome): Promise<void> {
  const told = () =>
    JSON.stringify({
      ...trial,
      history,
      results: results.map(r => (r.status === 'rejected' ? String(r.reason) : 'done')),
    })
  for (const result of results) {
    if (result.status === 'fulfilled') continue
    if (!(result.reason instanceof KeyError || result.reason instanceof StoreError))
      throw new Error(`a foreign exception: ${told()}`)
  }
  const first = rows.find(row => row.keyId === keyId)
  const ended = trial.names.some((name, lane) => ENDING.includes(name) && results[lane]?.status === 'fulfilled')
  if (ended && first !== undefined && first.state !== 'revoked') throw new Error(`an ended key lives: ${told()}`)
  const revokedAt = history.findIndex(state => state === 'revoked' || state === 'gone')
  if (revokedAt >= 0 && history.slice(revokedAt).some(state => state !== 'revoked' && state !== 'gone'))
    throw new Error(`a revoked key came back: ${told()}`)
  for (const { keyId: of, text } of secrets) {
    if ((ended || first?.state === 'revoked') && of === keyId && (await passes(text)))
      throw new Error(`a request of a revoked key passed: ${told()}`)
  }
  if (rows.filter(row => row.state !== 'revoked').length > LIMIT) throw new Error(`more keys than the limit: ${told()}`)
  for (const row of rows) {
    const record = JSON.parse(row.record) as KeyRecord
    if (record.permissions.some(name => name !== 'read' && name !== 'trade'))
      throw new Error(`a grant above its ceiling: ${told()}`)
    if (record.secrets.length > 2) throw new Error(`more than two secrets: ${told()}`)
  }
  const isReveal = (name: string) => name === 'reveal' || name === 'register'
  const reveals = trial.names.filter((name, lane) => isReveal(name) && results[lane]?.status === 'fulfilled').length
  if (reveals > 1 || (reveals > 0 && trial.state !== 'fresh')) throw new Error(`a second reveal: ${told()}`)
  if (new Set(secrets.map(({ text }) => text)).size !== secrets.length) throw new Error(`one secret twice: ${told()}`)
  trial.names.forEach((name, lane) => {
    const result = results[lane]
    if ((name !== 'create' && name !== 'derive') || result?.status !== 'fulfilled') return
    const made = (result.value as { key: { keyId: string } }).key.keyId
    const others = trial.names[1 - lane] ?? ''
    if (!rows.some(row => row.keyId === made) && !['destroy'].includes(others))
      throw new Error(`a committed key was lost: ${told()}`)
  })
}

const NAMES = Object.keys(OPERATIONS)
const PAIRS = NAMES.flatMap((a, i) => NAMES.slice(i).map(b => [a, b] as const))

describe.each(START_STATES)('over every interleaving of two operations on a key that is %s', state => {
  it.each(PAIRS)(
    '%s and %s keep the laws, also when any one store call fails before or after its effect',
    async (a, b) => {
      const names = [a, b] as const
      const calls = await conduct({ names, state, fault: undefined }, holds)
      expect(calls).toBeGreaterThan(0)
      // More calls than any order of the two makes; a fault that is never reached changes nothing.
      for (let call = 0; call < 6; call++) {
        for (const side of ['before', 'after'] as const) await conduct({ names, state, fault: { call, side } }, holds)
      }
    },
  )
})

describe('the laws notice', () => {
  const broken = (change: (store: KeyStore) => Partial<KeyStore>) => async (store: KeyStore) => ({
    ...store,
    ...change(store),
  })

  it('a store whose replace does not compare versions', async () => {
    const spoil = await broken(store => ({
      replace: async row => {
        const current = await store.get(row.keyId)
        return current === undefined ? false : store.replace(row, current.version)
      },
    }))
    await expect(conductOver(spoil, ['narrow', 'revoke'])).rejects.toThrow(/came back|ended key lives/)
  })

  it('a store whose limit is counted before the insert', async () => {
    const spoil = await broken(store => ({ insert: row => store.insert(row, 1000) }))
    await expect(conductOver(spoil, ['create', 'create'])).rejects.toThrow(/limit/)
  })
})

async function conductOver(
  spoil: (store: KeyStore) => Promise<KeyStore>,
  names: readonly [string, string],
): Promise<void> {
  await exploreInterleavings(async make => {
    const memory = createMemoryKeyStore()
    const { keyId, secret } = await prepare(memory, 'active')
    const history: (KeyState | 'gone')[] = []
    const schedule = make(watch(await spoil(memory), keyId, history, () => 0))
    const managers = [createManager(schedule.lane(0)).manager, createManager(schedule.lane(1)).manager] as const
    const start = (lane: 0 | 1) => async () => OPERATIONS[names[lane]]?.(managers[lane], { owner: OWNER, keyId })
    const results = await schedule.run([start(0), start(1)])
    const rows = await memory.list({ owner: OWNER, limit: 1000 })
    const secrets = [...results.flatMap(secretsOf), { keyId, version: 1, text: secret ?? '' }]
    const trial: Trial = { names, state: 'active', fault: undefined }
    await holds({ trial, results, rows, keyId, history, secrets, passes: text => canUse(memory, keyId, text) })
  })
}

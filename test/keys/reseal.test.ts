import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyRow, KeyStore, KeyView, SealContext, Sealer, StoredSecret } from '../../src/index.js'
import { createKeyManager, createMint, createSealer, defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { bearer } from '../../src/schemes/bearer.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { createWorld, OWNER, permissions, unsigned } from '../world.js'

const actor = { role: 'operator', id: 'op-1' } as const
const DAY = 86_400_000
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

const bytes = (fill: number) => new Uint8Array(32).fill(fill)
const [k1, k2, k3] = [bytes(7), bytes(8), bytes(9)]
const oldRing = createSealer({ primary: 'k1', keys: { k1 } })
const newRing = createSealer({ primary: 'k2', keys: { k1, k2 } })
const policy = defineKeyPolicy({ ...standardKeyPolicy, keysPerOwner: null, operations: withoutStepUp })

/** Managers of one store, before and after the primary master key was changed. */
function createHouse(keys: KeyStore = createMemoryKeyStore()) {
  const before = createWorld({ keys, manager: { sealer: oldRing, policy } })
  const after = createWorld({
    keys,
    manager: { sealer: newRing, policy, clock: before.clock },
    verifier: { sealer: newRing, clock: before.clock },
  })
  return { keys, before, after, clock: before.clock }
}

async function resealAll({ after: { manager } }: ReturnType<typeof createHouse>, limit = 100) {
  const total = { scanned: 0, resealed: 0, skipped: 0, failed: [] as string[] }
  for (let after: string | null = null, done = false; !done; done = after === null) {
    const step = await manager.reseal({ actor, after, limit })
    total.scanned += step.scanned
    total.resealed += step.resealed
    total.skipped += step.skipped
    total.failed.push(...step.failed.map(({ keyId }) => keyId))
    after = step.next
  }
  return total
}

function readRow(keys: KeyStore, keyId: string) {
  return keys.get(keyId) as KeyRow
}

/** The secrets of a stored key in clear, by what holds these master keys. */
function secretsOf(keys: KeyStore, keyId: string, sealer: Sealer): readonly string[] {
  const { owner, secrets } = JSON.parse(readRow(keys, keyId).record)
  return secrets.map(({ value, version }: { value: string; version: number }) =>
    new TextDecoder().decode(sealer.open(value, { owner, keyId, field: 'secret', version }) as Uint8Array),
  )
}

describe('reseal', () => {
  it('seals every secret under the primary master key, whatever the key’s state', async () => {
    const house = createHouse()
    const { before, after, keys } = house
    const { manager } = before
    const issued = await Promise.all([0, 1, 2, 3].map(() => before.issue()))
    const [active, suspended, revoked, rotating] = issued.map(({ key: { owner, keyId } }) => ({ owner, keyId }))
    await manager.suspend({ ...suspended!, reason: 'holiday' })
    await manager.revoke({ ...revoked!, reason: 'done' })
    const rotated = await manager.rotate({ ...rotating!, overlapMs: DAY })
    const was = [active, suspended, revoked, rotating].map(one => readRow(keys, one!.keyId))
    expect(await resealAll(house)).toEqual({ scanned: 4, resealed: 4, skipped: 0, failed: [] })
    const onlyNew = createSealer({ primary: 'k2', keys: { k2 } })
    for (const [i, { keyId, state, version }] of was.entries()) {
      expect(readRow(keys, keyId)).toMatchObject({ state, version: version + 1 })
      expect(secretsOf(keys, keyId, onlyNew)[0]).toBe(issued[i]!.secret)
    }
    expect(secretsOf(keys, rotating!.keyId, onlyNew)[1]).toBe(rotated.credentials?.secret.reveal())
    const verdict = await after.verifier.verify(await issued[0]!.signer.sign(unsigned()), { permission: 'read' })
    expect(verdict).toMatchObject({ ok: true })
  })

  it('changes nothing that an owner sees but the version', async () => {
    const house = createHouse()
    const { key } = await house.before.issue()
    house.clock.advance(DAY)
    await resealAll(house)
    expect(await house.after.manager.get(owned(key))).toEqual({ ...key, version: 2 })
  })

  it('leaves alone what is under the primary master key already', async () => {
    const house = createHouse()
    const { key } = await house.after.issue()
    const row = readRow(house.keys, key.keyId)
    expect(await resealAll(house)).toEqual({ scanned: 1, resealed: 0, skipped: 1, failed: [] })
    expect(readRow(house.keys, key.keyId)).toBe(row)
  })

  it('drops a secret that no longer passes instead of sealing it anew', async () => {
    const house = createHouse()
    const { key } = await house.before.issue()
    const { credentials } = await house.before.manager.rotate({ owner: OWNER, keyId: key.keyId, overlapMs: DAY })
    house.clock.advance(DAY)
    await resealAll(house)
    expect(secretsOf(house.keys, key.keyId, newRing)).toEqual([credentials?.secret.reveal()])
  })

  it('does not touch a link that waits for its confirmation', async () => {
    const mails: string[] = []
    const row = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' } as const
    const mailing = {
      policy: defineKeyPolicy({ ...policy, sameBrowser: false, operations: { ...policy.operations, renew: row } }),
      secondFactor: () => true,
      sendConfirmation: ({ token }: { token: string }) => void mails.push(token),
    }
    const keys = createMemoryKeyStore()
    const before = createWorld({ keys })
    const options = { ...mailing, replay: before.replay, clock: before.clock }
    const first = createWorld({ keys, manager: { ...options, sealer: oldRing } }).manager
    const second = createWorld({ keys, manager: { ...options, sealer: newRing } }).manager
    const { key } = await before.issue()
    before.clock.advance(DAY)
    await first.renew({ owner: OWNER, keyId: key.keyId, proof: '123456' })
    expect(await second.reseal({ actor })).toMatchObject({ resealed: 1 })
    const renewed = await second.confirm({ token: mails[0]! })
    expect(renewed.key.expiresAt).toBe(before.clock() + 90 * DAY)
  })

  it('overwrites the secret in clear', async () => {
    const opened: Uint8Array[] = []
    const watched: Sealer = {
      ...newRing,
      open: (sealed: string, context: SealContext) => {
        opened.push(newRing.open(sealed, context) as Uint8Array)
        return opened.at(-1)!
      },
    }
    const house = createHouse()
    await house.before.issue()
    const { manager } = createWorld({ keys: house.keys, manager: { sealer: watched } })
    expect(await manager.reseal({ actor })).toMatchObject({ resealed: 1 })
    expect(opened.map(secret => secret.length)).toEqual([58])
    expect(opened[0]?.every(byte => byte === 0)).toBe(true)
  })

  it('is an operator’s, and takes a page size and a place to go on', async () => {
    const { manager } = createHouse().after
    const reseal = (given: object) => manager.reseal(given as Parameters<typeof manager.reseal>[0])
    await expect(reseal({})).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(reseal({ actor: { role: 'owner', id: OWNER } })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    for (const nobody of [{ role: 'operator' }, { role: 'operator', id: '' }, 'operator', null]) {
      await expect(reseal({ actor: nobody })).rejects.toThrow(code('ERR_INPUT_INVALID', 'actor'))
    }
    for (const limit of [0, 1001, 1.5, Number.NaN]) {
      await expect(reseal({ actor, limit })).rejects.toThrow(code('ERR_INPUT_INVALID', 'limit'))
    }
    await expect(reseal({ actor, after: 7 })).rejects.toThrow(code('ERR_INPUT_INVALID', 'after'))
    await expect(reseal({ actor, owner: OWNER })).rejects.toThrow(code('ERR_OPTION_UNKNOWN', 'owner'))
    await expect(reseal({ actor, limit: 1000, after: null })).resolves.toMatchObject({ scanned: 0, next: null })
  })

  it('needs a sealer', async () => {
    const { clock } = createWorld()
    const house = { keys: createMemoryKeyStore(), schemes: [bearer()], permissions, policy, clock }
    const ceiling = () => ({ permissions: ['full' as const], accounts: null })
    const manager = createKeyManager({ ...house, ceiling, mint: createMint({ brand: 'kl', environment: 'test' }) })
    await expect(manager.reseal({ actor })).rejects.toThrow(code('ERR_OPTION_MISSING', 'sealer'))
    await expect(manager.countMasterKeys({ actor })).rejects.toThrow(code('ERR_OPTION_MISSING', 'sealer'))
  })
})

describe('a reseal that is stopped', () => {
  it('has left every key readable, and goes on where it was: 1,000 keys, stopped again and again', async () => {
    const faults = createFaults()
    const store = createMemoryKeyStore()
    const house = createHouse(faults.wrap(store))
    const secrets = new Map<string, string>()
    for (let i = 0; i < 1000; i++) {
      const { key, secret } = await house.before.issue({ owner: `owner-${i % 37}` })
      secrets.set(key.keyId, secret)
    }
    const expectReadable = () => {
      for (const [keyId, secret] of secrets) expect(secretsOf(store, keyId, newRing)).toEqual([secret])
    }
    let [after, stops, resealed, scanned] = [null as string | null, 0, 0, 0]
    for (let tries = 0, isDone = false; !isDone; tries++) {
      // Never the same place in a page, and now before, now after the effect.
      faults.fail(faults.calls() + 1 + ((tries * 7) % 29), tries % 2 === 0 ? 'before' : 'after')
      const step = await house.after.manager.reseal({ actor, limit: 20, after }).catch((error: unknown) => {
        expect(error).toEqual(code('ERR_STORE_UNAVAILABLE'))
      })
      if (step === undefined) {
        if (stops++ % 16 === 0) expectReadable()
        continue
      }
      expect(step.failed).toEqual([])
      resealed += step.resealed
      scanned += step.scanned
      after = step.next
      isDone = after === null
    }
    faults.fail(0, 'before')
    expect(stops).toBeGreaterThan(30)
    expect(scanned).toBe(1000)
    // Some were sealed by a step whose answer got lost.
    expect(resealed).toBeLessThan(1000)
    expectReadable()
    const { secrets: counted, unreadable } = await house.after.manager.countMasterKeys({ actor })
    expect([...counted]).toEqual([['k2', 1000]])
    expect(unreadable).toEqual([])
  }, 120_000)

  it('has left every key as it was or sealed anew, wherever the store fails', async () => {
    const faults = createFaults()
    const store = createMemoryKeyStore()
    const { before, after } = createHouse(faults.wrap(store))
    const issued = await Promise.all([1, 2, 3, 4, 5].map(() => before.issue()))
    const rows = issued.map(({ key }) => readRow(store, key.keyId))
    const restore = () => {
      for (const row of rows) {
        store.remove(row.keyId, readRow(store, row.keyId).version)
        store.insert(row, 100)
      }
    }
    const from = faults.calls()
    await after.manager.reseal({ actor })
    const calls = faults.calls() - from
    expect(calls).toBe(6)
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; call <= calls; call++) {
        restore()
        faults.fail(faults.calls() + call, when)
        await expect(after.manager.reseal({ actor })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
        for (const { key, secret } of issued) expect(secretsOf(store, key.keyId, newRing)).toEqual([secret])
        const { resealed, skipped, failed } = await after.manager.reseal({ actor })
        expect({ sum: resealed + skipped, failed }).toEqual({ sum: 5, failed: [] })
        const behind = call === 1 ? 0 : call - (when === 'before' ? 2 : 1)
        expect(skipped).toBe(behind)
      }
    }
  })
})

describe('several reseals at once', () => {
  it('do no harm: each key is sealed anew by one of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 25 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 4 }),
        async (count, limits) => {
          const house = createHouse(slowly(createMemoryKeyStore()))
          const issued = []
          for (let i = 0; i < count; i++) issued.push(await house.before.issue({ owner: `owner-${i % 3}` }))
          const totals = await Promise.all(limits.map(limit => resealAll(house, limit)))
          expect(totals.map(({ resealed }) => resealed).reduce((a, b) => a + b)).toBe(count)
          expect(totals.flatMap(({ failed }) => failed)).toEqual([])
          for (const { key } of issued) expect(await house.after.manager.get(owned(key))).toMatchObject({ version: 2 })
          expect([...(await house.after.manager.countMasterKeys({ actor })).secrets]).toEqual([['k2', count]])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('yield to an owner who edits at the same moment, and seal what the owner left', async () => {
    const store = createMemoryKeyStore()
    const before = createWorld({ keys: store })
    const { key, secret } = await before.issue()
    let edits = 0
    const racing: KeyStore = {
      ...store,
      async replace(row, version) {
        if (edits++ === 0) await before.manager.edit({ ...owned(key), version, label: 'edited' })
        return store.replace(row, version)
      },
    }
    const { manager } = createWorld({ keys: racing, manager: { sealer: newRing, policy } })
    expect(await manager.reseal({ actor })).toMatchObject({ resealed: 1, failed: [] })
    expect(edits).toBe(2)
    expect(await manager.get(owned(key))).toMatchObject({ label: 'edited', version: 3 })
    expect(secretsOf(store, key.keyId, newRing)).toEqual([secret])
  })

  it('reports a key that others never stop writing, and goes on', async () => {
    const store = createMemoryKeyStore()
    const before = createWorld({ keys: store })
    const [first, second] = [await before.issue(), await before.issue()].toSorted((a, b) =>
      a.key.keyId < b.key.keyId ? -1 : 1,
    )
    const contended: KeyStore = {
      ...store,
      replace: (row, version) => row.keyId !== first!.key.keyId && store.replace(row, version),
    }
    const { manager } = createWorld({ keys: contended, manager: { sealer: newRing } })
    const step = await manager.reseal({ actor })
    expect(step).toMatchObject({ scanned: 2, resealed: 1, skipped: 0 })
    expect(step.failed).toEqual([{ keyId: first!.key.keyId, error: code('ERR_KEY_CONFLICT') }])
    expect(secretsOf(store, second!.key.keyId, newRing)).toEqual([second!.secret])
  })

  it('skip a key that was destroyed in between', async () => {
    const store = createMemoryKeyStore()
    await createWorld({ keys: store }).issue()
    const emptied: KeyStore = { ...store, replace: () => false, get: () => undefined }
    const { manager } = createWorld({ keys: emptied, manager: { sealer: newRing } })
    expect(await manager.reseal({ actor })).toMatchObject({ scanned: 1, resealed: 0, skipped: 1, failed: [] })
  })
})

describe('a ciphertext that was moved', () => {
  /** Stores a key's record with something changed, as somebody with access to the database could. */
  function tamper(keys: KeyStore, keyId: string, change: object): void {
    const row = readRow(keys, keyId)
    const changed = { ...JSON.parse(row.record), ...change }
    keys.remove(keyId, row.version)
    keys.insert({ ...row, owner: changed.owner, record: JSON.stringify(changed) }, 1000)
  }

  type Move = (own: StoredSecret, others: { readonly other: string; readonly elsewhere: string }) => object
  const moves: readonly (readonly [string, Move])[] = [
    ['another key', (own, { other }) => ({ secrets: [{ ...own, value: other }] })],
    ['another owner', () => ({ owner: 'owner-2' })],
    ['another version', own => ({ secrets: [{ ...own, version: 2 }] })],
    ['another master key', own => ({ secrets: [{ ...own, value: own.value.replace('v1.k2.', 'v1.k1.') }] })],
    ['another field', (own, { elsewhere }) => ({ secrets: [{ ...own, value: elsewhere }] })],
  ]

  it.each(moves)('to %s does not open: the key is reported, refused, and left as it is', async (_, move) => {
    const house = createHouse()
    const [one, other] = [await house.before.issue(), await house.before.issue()]
    await resealAll(house)
    const secretOf = (keyId: string): StoredSecret => JSON.parse(readRow(house.keys, keyId).record).secrets[0]
    const elsewhere = newRing.seal(new TextEncoder().encode(one.secret), {
      ...{ owner: OWNER, keyId: one.key.keyId, field: 'passphrase', version: 1 },
    }) as string
    const others = { other: secretOf(other.key.keyId).value, elsewhere }
    tamper(house.keys, one.key.keyId, move(secretOf(one.key.keyId), others))
    const moved = readRow(house.keys, one.key.keyId)
    const newest = createSealer({ primary: 'k3', keys: { k1, k2, k3 } })
    const world = createWorld({
      keys: house.keys,
      manager: { sealer: newest },
      verifier: { sealer: newest, clock: house.clock },
    })
    const step = await world.manager.reseal({ actor })
    expect(step).toMatchObject({ scanned: 2, resealed: 1, skipped: 0, next: null })
    expect(step.failed).toEqual([{ keyId: one.key.keyId, error: code('ERR_SEAL_REFUSED') }])
    expect(readRow(house.keys, one.key.keyId)).toBe(moved)
    const refused = await world.verifier.verify(await one.signer.sign(unsigned()), { permission: 'read' })
    expect(refused).toMatchObject({ ok: false })
    const passes = await world.verifier.verify(await other.signer.sign(unsigned()), { permission: 'read' })
    expect(passes).toMatchObject({ ok: true })
  })
})

describe('a key that cannot be read', () => {
  it('is reported and stops no other', async () => {
    const house = createHouse()
    const issued = await Promise.all([1, 2, 3].map(() => house.before.issue()))
    const [unknown, broken] = issued.map(({ key }) => key.keyId) as [string, string]
    const overwrite = (keyId: string, edit: (record: string) => string) => {
      const row = readRow(house.keys, keyId)
      house.keys.replace({ ...row, record: edit(row.record) }, row.version)
    }
    overwrite(unknown, record => record.replace('v1.k1.', 'v1.gone.'))
    overwrite(broken, () => '{')
    const step = await house.after.manager.reseal({ actor })
    expect(step).toMatchObject({ scanned: 3, resealed: 1, skipped: 0 })
    expect(new Map(step.failed.map(({ keyId, error }) => [keyId, error.code]))).toEqual(
      new Map([
        [unknown, 'ERR_SEAL_KEY_UNKNOWN'],
        [broken, 'ERR_KEY_CORRUPT'],
      ]),
    )
    const count = await house.after.manager.countMasterKeys({ actor })
    expect(count.primary).toBe('k2')
    expect(count.secrets).toEqual(
      new Map([
        ['k2', 1],
        ['gone', 1],
      ]),
    )
    expect(count.unreadable).toEqual([{ keyId: broken, error: code('ERR_KEY_CORRUPT') }])
  })

  it('is no reason to go on when the sealer is down', async () => {
    const house = createHouse()
    const { key } = await house.before.issue()
    const down: Sealer = { ...newRing, open: () => Promise.reject(new Error('no route to the key service')) }
    const { manager } = createWorld({ keys: house.keys, manager: { sealer: down } })
    await expect(manager.reseal({ actor })).rejects.toThrow('no route')
    expect(await house.after.manager.get(owned(key))).toMatchObject({ version: 1 })
  })
})

describe('countMasterKeys', () => {
  it('counts secrets, those of a rotation both, by any name a master key can have', async () => {
    const keys = createMemoryKeyStore()
    const ring = createSealer({ primary: 'constructor', keys: { constructor: k3, k1 } })
    const old = createWorld({ keys })
    const { key } = await old.issue()
    const renamed = createWorld({ keys, manager: { sealer: ring } })
    await renamed.manager.rotate({ owner: OWNER, keyId: key.keyId, overlapMs: DAY })
    await renamed.issue()
    const { secrets, primary } = await renamed.manager.countMasterKeys({ actor })
    expect(primary).toBe('constructor')
    expect(secrets).toEqual(
      new Map([
        ['k1', 1],
        ['constructor', 2],
      ]),
    )
    await renamed.manager.reseal({ actor })
    expect((await renamed.manager.countMasterKeys({ actor })).secrets).toEqual(new Map([['constructor', 3]]))
  })

  it('counts every page, and is an operator’s', async () => {
    const house = createHouse()
    for (let i = 0; i < 230; i++) await house.before.issue({ owner: `owner-${i}` })
    const { manager } = house.after
    expect((await manager.countMasterKeys({ actor })).secrets).toEqual(new Map([['k1', 230]]))
    const asOwner = { actor: { role: 'owner', id: OWNER } } as const
    await expect(manager.countMasterKeys(asOwner)).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
  })
})

/** The same store, answering a turn later, so that others come between. */
function slowly(store: KeyStore): KeyStore {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => unknown
      return async (...args: unknown[]) => {
        await new Promise(resolve => setImmediate(resolve))
        return member(...args)
      }
    },
  })
}

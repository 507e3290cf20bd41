import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyPolicy, KeyRow, KeyStore, KeyView, SweptKeys, UsageStore } from '../../src/index.js'
import { defineKeyPolicy, definePermissions, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryKeyStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'
import { createWorld, OWNER, START, unsigned, type WorldOptions } from '../world.js'

const actor = { role: 'operator', id: 'op-1' } as const
const DAY = 86_400_000
const READ = { permission: 'read' } as const
const TRADE = { permission: 'trade' } as const
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

/** A house where a renewal and a new key wait for a mail, and whose keys never idle, unless told otherwise. */
function createHouse(rules: Partial<KeyPolicy> = {}, given: WorldOptions = {}) {
  const mails: string[] = []
  const usage = createMemoryUsageStore()
  const mailed = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' } as const
  const policy = defineKeyPolicy({
    ...{ ...standardKeyPolicy, sameBrowser: false, idleMs: null, keysPerOwner: null },
    operations: { ...withoutStepUp, renew: mailed },
    ...rules,
  })
  const world = createWorld({
    ...given,
    manager: {
      ...{ policy, usage, secondFactor: () => true, sendConfirmation: ({ token }) => void mails.push(token) },
      ...{ replay: { claim: () => true, advance: () => true } },
      ...given.manager,
    },
  })
  return { ...world, usage, mails }
}

const EMPTY: SweptKeys = {
  ...{ until: START, scanned: 0, removed: [], cleared: [], lapsed: [], revoked: [], notices: [], conflicts: 0 },
  ...{ unreadable: [], next: null },
}

describe('a sweep', () => {
  it('of keys that time has done nothing to does nothing', async () => {
    const { manager, issue, keys, clock } = createHouse()
    const { key } = await issue()
    const row = keys.get(key.keyId)
    clock.advance(DAY)
    expect(await manager.sweep({ actor, since: START })).toEqual({ ...EMPTY, until: START + DAY, scanned: 1 })
    expect(keys.get(key.keyId)).toBe(row)
  })

  it('goes over all owners, page by page', async () => {
    const { manager, issue } = createHouse()
    const keyIds: string[] = []
    for (let i = 0; i < 7; i++) keyIds.push((await issue({ owner: `owner-${i % 3}` })).key.keyId)
    const pages: string[] = []
    let after: string | null = null
    do {
      const step: SweptKeys = await manager.sweep({ actor, since: 0, until: START, after, limit: 3 })
      pages.push(`${step.scanned}`)
      after = step.next
    } while (after !== null)
    expect(pages).toEqual(['3', '3', '1'])
  })

  it('is an operator’s, and takes no nonsense', async () => {
    const { manager } = createHouse()
    const sweep = (given: object) => manager.sweep(given as Parameters<typeof manager.sweep>[0])
    await expect(sweep({ since: 0 })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    await expect(sweep({ since: 0, actor: { role: 'owner', id: OWNER } })).rejects.toThrow(
      code('ERR_OPERATION_FORBIDDEN'),
    )
    await expect(sweep({ actor })).rejects.toThrow(code('ERR_OPTION_MISSING', 'since'))
    for (const [field, given] of [
      ['since', { since: START + 1 }],
      ['since', { since: -1 }],
      ['since', { since: Number.NaN }],
      ['since', { since: '0' }],
      ['until', { since: 0, until: START + 1 }],
      ['until', { since: 0, until: 1.5 }],
      ['until', { since: 0, after: 'kl_test_x' }],
      ['noticesMs', { since: 0, noticesMs: DAY }],
      ['noticesMs', { since: 0, noticesMs: [-1] }],
      ['noticesMs', { since: 0, noticesMs: [36_526 * DAY] }],
      ['noticesMs', { since: 0, noticesMs: Array.from({ length: 17 }, (_, i) => i) }],
      ['limit', { since: 0, limit: 0 }],
      ['after', { since: 0, until: 0, after: 7 }],
    ] as const) {
      await expect(sweep({ actor, ...given })).rejects.toThrow(code('ERR_INPUT_INVALID', field))
    }
    await expect(sweep({ actor, since: START, until: START, noticesMs: [] })).resolves.toEqual(EMPTY)
  })
})

describe('a key that was asked for', () => {
  const request = { owner: OWNER, label: 'bot', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
  const mailedRequest = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' } as const
  const house = () => createHouse({ operations: { ...withoutStepUp, request: mailedRequest }, keysPerOwner: 1 })

  it('goes when its link is dead, to the millisecond, and makes room for another', async () => {
    const { manager, clock, keys } = house()
    const { key } = await manager.request({ ...request, proof: '1' })
    clock.advance(30 * 60_000 - 1)
    expect((await manager.sweep({ actor, since: START })).removed).toEqual([])
    await expect(manager.request({ ...request, proof: '2' })).rejects.toThrow(code('ERR_KEY_LIMIT'))
    clock.advance(1)
    expect((await manager.sweep({ actor, since: START })).removed).toEqual([owned(key)])
    expect(keys.get(key.keyId)).toBeUndefined()
    await expect(manager.request({ ...request, proof: '3' })).resolves.toBeDefined()
  })

  it('stays when it was confirmed', async () => {
    const { manager, clock, mails } = house()
    const { key } = await manager.request({ ...request, proof: '1' })
    await manager.confirm({ token: mails[0]! })
    clock.advance(DAY)
    expect((await manager.sweep({ actor, since: START })).removed).toEqual([])
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active' })
  })

  it('stays when its link was sent anew at the same moment', async () => {
    const store = createMemoryKeyStore()
    const racing: KeyStore = { ...store, remove: (keyId, version) => store.remove(keyId, version - 1) }
    const rules = { operations: { ...withoutStepUp, request: mailedRequest } }
    const { manager, clock } = createHouse(rules, { keys: racing })
    const { key } = await manager.request({ ...request, proof: '1' })
    clock.advance(DAY)
    expect(await manager.sweep({ actor, since: START })).toMatchObject({ removed: [], conflicts: 1 })
    expect(store.get(key.keyId)).toBeDefined()
  })
})

describe('a change that was asked for', () => {
  it('is forgotten when its link is dead, and the key is as it was', async () => {
    const { manager, issue, clock, mails } = createHouse()
    const { key } = await issue()
    await manager.renew({ ...owned(key), proof: '1' })
    clock.advance(30 * 60_000 - 1)
    expect((await manager.sweep({ actor, since: START })).cleared).toEqual([])
    expect(await manager.get(owned(key))).toMatchObject({ awaits: { operation: 'renew' } })
    clock.advance(1)
    expect((await manager.sweep({ actor, since: START })).cleared).toEqual([owned(key)])
    const swept = await manager.get(owned(key))
    expect(swept).toEqual({ ...key, version: 3, updatedAt: clock() })
    await expect(manager.confirm({ token: mails[0]! })).rejects.toThrow(code('ERR_CONFIRMATION_INVALID'))
    expect((await manager.sweep({ actor, since: START })).cleared).toEqual([])
  })
})

describe('a permission that lapses', () => {
  const lapse = { permissions: ['trade'], afterMs: 30 * DAY }

  it('is gone for good once it has lapsed, and not a millisecond before', async () => {
    const { manager, issue, clock, verifier } = createHouse({ lapse })
    const { key, signer } = await issue({ permissions: ['read', 'trade'] })
    clock.advance(30 * DAY - 1)
    expect((await manager.sweep({ actor, since: START })).lapsed).toEqual([])
    expect(await verifier.verify(await signer.sign(unsigned()), TRADE)).toMatchObject({ ok: true })
    clock.advance(1)
    expect(await verifier.verify(await signer.sign(unsigned()), TRADE)).toMatchObject({ ok: false })
    expect((await manager.sweep({ actor, since: START })).lapsed).toEqual([owned(key)])
    expect(await manager.get(owned(key))).toMatchObject({ permissions: ['read'], lapse: null, state: 'active' })
    expect(await verifier.verify(await signer.sign(unsigned()), TRADE)).toMatchObject({ ok: false })
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
    expect((await manager.sweep({ actor, since: START })).lapsed).toEqual([])
  })

  it('stays with a key that has an allowlist', async () => {
    const { manager, issue, clock } = createHouse({ lapse })
    const { key } = await issue({ ipAllowlist: ['10.0.0.1'] })
    clock.advance(60 * DAY)
    expect((await manager.sweep({ actor, since: START })).lapsed).toEqual([])
    expect(await manager.get(owned(key))).toMatchObject({ permissions: ['read', 'trade'] })
  })

  it.each([
    [['full'], ['trade'], ['withdraw']],
    [['full'], ['read'], []],
    [['trade', 'withdraw'], ['trade'], ['withdraw']],
    [['trade'], ['trade'], ['read']],
    [['read', 'trade'], ['withdraw', 'trade'], ['read']],
  ])('leaves of %j, without %j, exactly %j', async (permissions, lapsing, left) => {
    const { manager, issue, clock } = createHouse({ lapse: { permissions: lapsing, afterMs: DAY } })
    const { key } = await issue({ permissions: permissions as ['read'] })
    clock.advance(DAY)
    await manager.sweep({ actor, since: START })
    expect(await manager.get(owned(key))).toMatchObject({ permissions: left, lapse: null })
  })

  it('takes with it what implies it, and leaves an alias that did not hold it', async () => {
    const model = definePermissions({
      permissions: { view: [], history: ['view'], order: ['view'], margin: ['order'], pay: [] },
      aliases: { watcher: ['history'], everything: 'top' },
    })
    const house = (permissions: readonly string[], lapsing: readonly string[]) => {
      const rules = { lapse: { permissions: lapsing, afterMs: DAY } }
      const manager = { permissions: model, ceiling: () => ({ permissions: ['everything'], accounts: null }) }
      const given = { verifier: { permissions: model }, manager } as unknown as WorldOptions
      return { ...createHouse(rules, given), permissions: permissions as ['read'] }
    }
    for (const [permissions, lapsing, left] of [
      [['watcher', 'margin', 'pay'], ['order'], ['watcher', 'pay']],
      [['everything'], ['order'], ['history', 'pay']],
      [['watcher', 'everything'], ['margin'], ['watcher', 'order', 'pay']],
      [['watcher', 'pay'], ['view'], ['pay']],
    ] as const) {
      const { manager, issue, clock, permissions: wanted } = house(permissions, lapsing)
      const { key } = await issue({ permissions: wanted })
      clock.advance(DAY)
      await manager.sweep({ actor, since: START })
      expect((await manager.get(owned(key))).permissions).toEqual(left)
    }
  })

  it('lapses together with a dead change, in one write', async () => {
    const { manager, issue, clock } = createHouse({ lapse })
    const { key } = await issue()
    await manager.renew({ ...owned(key), proof: '1' })
    clock.advance(30 * DAY)
    const { lapsed, cleared } = await manager.sweep({ actor, since: START })
    expect([lapsed, cleared]).toEqual([[owned(key)], [owned(key)]])
    expect(await manager.get(owned(key))).toMatchObject({ version: 3, awaits: null, permissions: ['read'] })
  })

  it('waits for the next sweep when the owner changes the key at the same moment', async () => {
    const store = createMemoryKeyStore()
    let isRacing = false
    const racing: KeyStore = { ...store, replace: (row, version) => !isRacing && store.replace(row, version) }
    const { manager, issue, clock } = createHouse({ lapse }, { keys: racing })
    const { key } = await issue()
    clock.advance(30 * DAY)
    isRacing = true
    expect(await manager.sweep({ actor, since: START })).toMatchObject({ lapsed: [], cleared: [], conflicts: 1 })
    isRacing = false
    expect(await manager.sweep({ actor, since: START })).toMatchObject({ lapsed: [owned(key)], conflicts: 0 })
  })
})

describe('an idle key', () => {
  const rules = { idleMs: 14 * DAY }
  const use = (usage: UsageStore, key: KeyView, at: number) =>
    usage.touch({ keyId: key.keyId, lastUsedAt: at, lastAddress: null, count: 1 })

  it('is revoked when it was not used for as long as the policy allows, to the millisecond', async () => {
    const { manager, issue, clock, usage, verifier } = createHouse(rules)
    const { key, signer } = await issue()
    clock.advance(DAY)
    await use(usage, key, clock())
    clock.advance(14 * DAY - 1)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([])
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
    clock.advance(1)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([owned(key)])
    expect(await manager.get(owned(key))).toMatchObject({ state: 'revoked', reason: 'idle' })
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({
      ok: false,
      denial: 'key_revoked',
    })
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([])
  })

  it('counts from its creation when it was never used, or from when it first could be', async () => {
    const { manager, issue, clock } = createHouse(rules)
    const { key: never } = await issue()
    const { key: later } = await issue({ notBefore: START + 10 * DAY })
    clock.advance(14 * DAY)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([owned(never)])
    clock.advance(10 * DAY)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([owned(later)])
  })

  it('is not kept alive by being looked at, edited or sealed anew', async () => {
    const { manager, issue, clock } = createHouse(rules)
    const { key } = await issue()
    clock.advance(14 * DAY - 1)
    await manager.edit({ ...owned(key), version: 1, label: 'renamed' })
    await manager.get(owned(key))
    await manager.reseal({ actor })
    clock.advance(1)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([owned(key)])
  })

  it('lives for ever where the policy says so', async () => {
    const { manager, issue, clock } = createHouse({ idleMs: null }, { manager: { usage: createMemoryUsageStore() } })
    await issue()
    clock.advance(80 * DAY)
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([])
  })

  it('is in use while a key made from it is', async () => {
    const { manager, issue, clock, usage } = createHouse(rules)
    const { key: parent } = await issue()
    const derived = await manager.derive({
      ...{ ...owned(parent), label: 'child', permissions: ['read'], accounts: null, ipAllowlist: null },
    })
    clock.advance(20 * DAY)
    await use(usage, derived.key, clock())
    expect((await manager.sweep({ actor, since: START })).revoked).toEqual([])
    clock.advance(14 * DAY)
    const { revoked } = await manager.sweep({ actor, since: START })
    expect(revoked.map(({ keyId }) => keyId)).toContain(parent.keyId)
    for (const each of [parent, derived.key]) {
      expect(await manager.get(owned(each))).toMatchObject({ state: 'revoked', reason: 'idle' })
    }
  })

  it('is not judged without a count of uses, for then all would look idle', async () => {
    const given = { manager: { usage: undefined } } as unknown as WorldOptions
    const { manager, issue, clock } = createHouse(rules, given)
    const { key } = await issue()
    clock.advance(30 * DAY)
    await expect(manager.sweep({ actor, since: START })).rejects.toThrow(code('ERR_OPTION_MISSING', 'usage'))
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active' })
  })

  it('is not revoked while nobody can tell when it was used', async () => {
    const down: UsageStore = { touch: () => undefined, get: () => Promise.reject(new Error('down')) }
    const { manager, issue, clock } = createHouse(rules, { manager: { usage: down } })
    const { key } = await issue()
    clock.advance(30 * DAY)
    await expect(manager.sweep({ actor, since: START })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active' })
  })
})

describe('notices of expiry', () => {
  it('come 30, 7 and 1 days before, each in the sweep its instant falls into', async () => {
    const { manager, issue, clock } = createHouse()
    const { key } = await issue({ expiresAt: START + 90 * DAY })
    const given: (readonly [number, number])[] = []
    let since = START
    for (let day = 1; day <= 95; day++) {
      clock.advance(DAY)
      const { notices, until } = await manager.sweep({ actor, since })
      for (const { noticeMs, ...rest } of notices) {
        expect(rest).toEqual({ ...owned(key), expiresAt: START + 90 * DAY })
        given.push([day, noticeMs])
      }
      since = until
    }
    expect(given).toEqual([
      [60, 30 * DAY],
      [83, 7 * DAY],
      [89, DAY],
    ])
  })

  it('come to the millisecond: after since, up to and with until', async () => {
    const { manager, issue, clock } = createHouse()
    await issue({ expiresAt: START + 10 * DAY })
    const at = START + 9 * DAY
    clock.set(START + 20 * DAY)
    const due = async (since: number, until: number) =>
      (await manager.sweep({ actor, since, until, noticesMs: [DAY] })).notices.length
    expect(await due(START, at - 1)).toBe(0)
    expect(await due(at - 1, at)).toBe(1)
    expect(await due(at, at + 1)).toBe(0)
    expect(await due(at, at)).toBe(0)
    expect(await due(0, at + DAY)).toBe(1)
  })

  it('do not come for keys that are revoked, pending, or without end', async () => {
    const request = { by: ['owner', 'operator'], needs: 'second-factor-and-mail' } as const
    const rules = { maxLifetimeMs: null, operations: { ...withoutStepUp, request } }
    const keys = createMemoryKeyStore()
    const { manager, clock } = createHouse(rules, { keys })
    const made = createHouse({ maxLifetimeMs: null }, { keys })
    const asked = { owner: OWNER, label: 'bot', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
    await manager.request({ ...asked, proof: '1', expiresAt: START + DAY })
    await made.issue({ expiresAt: null })
    const { key: revoked } = await made.issue({ expiresAt: START + DAY })
    await made.manager.revoke({ ...owned(revoked), reason: 'done' })
    const { key: suspended } = await made.issue({ expiresAt: START + DAY })
    await made.manager.suspend({ ...owned(suspended), reason: 'holiday' })
    clock.advance(DAY)
    const { notices } = await manager.sweep({ actor, since: START, noticesMs: [0] })
    expect(notices).toEqual([{ ...owned(suspended), expiresAt: START + DAY, noticeMs: 0 }])
  })

  it('come exactly once, however sweeps and pages are cut', async () => {
    const { manager, issue, clock } = createHouse({ minLifetimeMs: 0 })
    const noticesMs = [30 * DAY, 7 * DAY, DAY, 0]
    for (let i = 0; i < 12; i++) {
      await issue({ owner: `owner-${i % 5}`, expiresAt: START + 1 + ((i * 7919 * 1_000_003) % (120 * DAY)) })
    }
    clock.set(START + 200 * DAY)
    const textOf = ({ notices }: SweptKeys) => notices.map(({ keyId, noticeMs }) => `${keyId} ${noticeMs}`)
    const whole = textOf(await manager.sweep({ actor, since: 0, noticesMs }))
    expect(whole).toHaveLength(48)
    const cut = fc.array(fc.integer({ min: 0, max: START + 200 * DAY }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(cut, fc.integer({ min: 1, max: 13 }), async (cuts, limit) => {
        const given: string[] = []
        let since = 0
        for (const until of [...cuts.toSorted((a, b) => a - b), START + 200 * DAY]) {
          let after: string | null = null
          do {
            const step: SweptKeys = await manager.sweep({ actor, since, until, after, limit, noticesMs })
            given.push(...textOf(step))
            after = step.next
          } while (after !== null)
          since = until
        }
        expect(given.toSorted()).toEqual(whole.toSorted())
      }),
      { numRuns: 40 },
    )
  })
})

describe('a sweep that fails', () => {
  it('leaves each key as it was or swept, wherever the store fails, and is done by the next', async () => {
    const lapse = { permissions: ['trade'], afterMs: DAY }
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; call <= 6; call++) {
        const faults = createFaults()
        const store = createMemoryKeyStore()
        const house = createHouse({ lapse, idleMs: 5 * DAY }, { keys: faults.wrap(store) })
        const issued = [await house.issue(), await house.issue(), await house.issue(), await house.issue()]
        const idle = issued[0]!.key
        for (const { key } of issued.slice(1)) {
          await house.usage.touch({ keyId: key.keyId, lastUsedAt: START + 5 * DAY, lastAddress: null, count: 1 })
        }
        house.clock.advance(5 * DAY)
        faults.fail(faults.calls() + call, when)
        await expect(house.manager.sweep({ actor, since: START })).rejects.toThrow(code('ERR_STORE_UNAVAILABLE'))
        const states = issued.map(({ key }) => JSON.parse((store.get(key.keyId) as KeyRow).record))
        for (const { state, permissions, lapse: left } of states) {
          const kept = left === null ? 'read' : 'read,trade'
          expect(state === 'revoked' || permissions.join() === kept).toBe(true)
        }
        await house.manager.sweep({ actor, since: START })
        expect(await house.manager.get(owned(idle))).toMatchObject({ state: 'revoked' })
        for (const { key } of issued.slice(1)) {
          expect(await house.manager.get(owned(key))).toMatchObject({ state: 'active', permissions: ['read'] })
        }
      }
    }
  })

  it('at one key reports it and sweeps the others', async () => {
    const { manager, issue, keys, clock } = createHouse({ lapse: { permissions: ['trade'], afterMs: DAY } })
    const issued = [await issue(), await issue(), await issue()]
    const [broken, foreign, good] = issued.map(({ key }) => key) as [KeyView, KeyView, KeyView]
    const overwrite = ({ keyId }: KeyView, edit: (record: string) => string) => {
      const row = keys.get(keyId) as KeyRow
      keys.replace({ ...row, record: edit(row.record) }, row.version)
    }
    overwrite(broken, () => 'null')
    overwrite(foreign, record => record.replace('"trade"', '"fly"'))
    clock.advance(DAY)
    const { unreadable, lapsed, scanned } = await manager.sweep({ actor, since: START })
    expect({ scanned, lapsed }).toEqual({ scanned: 3, lapsed: [owned(good)] })
    expect(new Map(unreadable.map(({ keyId, error }) => [keyId, error.code]))).toEqual(
      new Map([
        [broken.keyId, 'ERR_KEY_CORRUPT'],
        [foreign.keyId, 'ERR_PERMISSION_UNKNOWN'],
      ]),
    )
  })
})

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { KeyRow, KeyStore, KeyView } from '../../src/index.js'
import { ConfigError, createKeyManager, createMint, defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createWorld, OWNER, permissions, START, unsigned } from '../world.js'

const READ = { permission: 'read' } as const
const HOUR = 3_600_000
const DAY = 24 * HOUR
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

describe('create', () => {
  it('issues a key whose secret is nowhere but in the answer', async () => {
    const { manager, keys } = createWorld()
    const issued = await manager.create({
      ...{
        owner: OWNER,
        label: 'market maker',
        permissions: ['trade'],
        accounts: ['spot'],
        ipAllowlist: ['10.0.0.1/32'],
      },
      ...{ notBefore: START + HOUR, expiresAt: START + DAY },
    })
    expect(issued.key).toMatchObject({
      ...{
        owner: OWNER,
        label: 'market maker',
        permissions: ['trade'],
        accounts: ['spot'],
        state: 'active',
        version: 1,
      },
      ...{ notBefore: START + HOUR, expiresAt: START + DAY, createdAt: START, scheme: 'hmac-v1', rotationEndsAt: null },
    })
    expect(issued.key.keyId).toMatch(/^kl_test_[0-9A-Za-z]{28}$/)
    const row = JSON.stringify(await keys.get(issued.key.keyId))
    expect(inspect(issued, { depth: 9, showHidden: true }) + JSON.stringify(issued)).not.toContain('kls_test')
    const secret = issued.credentials.secret.reveal()
    expect(secret).toMatch(/^kls_test_[0-9A-Za-z]{49}$/)
    expect(row).not.toContain(secret)
    expect(JSON.stringify(issued.key)).not.toMatch(/secret|sealed|v1\./)
    expect(() => issued.credentials.secret.reveal()).toThrow(code('ERR_SECRET_REVEALED'))
  })

  it('gives the policy’s default life when none is asked for', async () => {
    const { issue } = createWorld()
    expect((await issue()).key.expiresAt).toBe(START + 90 * DAY)
  })

  it.each([
    ['ERR_INPUT_INVALID', 'owner', { owner: '' }],
    ['ERR_INPUT_INVALID', 'owner', { owner: 'a\nb' }],
    ['ERR_INPUT_INVALID', 'owner', { owner: 'o'.repeat(257) }],
    ['ERR_INPUT_INVALID', 'owner', { owner: ['owner-1'] }],
    ['ERR_INPUT_INVALID', 'label', { label: 'a\u0000b' }],
    ['ERR_INPUT_INVALID', 'label', { label: 'l'.repeat(129) }],
    ['ERR_INPUT_INVALID', 'label', { label: '\ud800' }],
    ['ERR_INPUT_INVALID', 'label', { label: 7 }],
    ['ERR_PERMISSION_UNKNOWN', undefined, { permissions: ['READ'] }],
    ['ERR_PERMISSION_UNKNOWN', undefined, { permissions: ['__proto__'] }],
    ['ERR_PERMISSION_UNKNOWN', undefined, { permissions: ['constructor'] }],
    ['ERR_INPUT_INVALID', undefined, { permissions: 'read' }],
    ['ERR_INPUT_INVALID', undefined, { permissions: null }],
    ['ERR_INPUT_INVALID', 'permissions', { permissions: ['read', 'read'] }],
    ['ERR_INPUT_INVALID', 'accounts', { accounts: 'spot' }],
    ['ERR_INPUT_INVALID', 'accounts', { accounts: ['spot', 'spot'] }],
    ['ERR_INPUT_INVALID', 'accounts[0]', { accounts: [7] }],
    ['ERR_INPUT_INVALID', 'ipAllowlist[0]', { ipAllowlist: ['010.0.0.1'] }],
    ['ERR_INPUT_INVALID', 'ipAllowlist[1]', { ipAllowlist: ['10.0.0.1', '10.0.0.1/8'] }],
    ['ERR_POLICY_VIOLATED', undefined, { ipAllowlist: ['0.0.0.0/1', '128.0.0.0/1'] }],
    ['ERR_INPUT_INVALID', 'scheme', { scheme: 'nonesuch' }],
    ['ERR_INPUT_INVALID', 'expiresAt', { expiresAt: START - 1 }],
    ['ERR_INPUT_INVALID', 'expiresAt', { expiresAt: Number.NaN }],
    ['ERR_INPUT_INVALID', 'expiresAt', { expiresAt: START / 1000 + 3600 }],
    ['ERR_POLICY_VIOLATED', 'expiresAt', { expiresAt: null }],
    ['ERR_POLICY_VIOLATED', 'expiresAt', { expiresAt: START + 400 * DAY }],
    ['ERR_INPUT_INVALID', 'notBefore', { notBefore: '2026-01-01' }],
    ['ERR_OPTION_UNKNOWN', 'isAdmin', { isAdmin: true }],
    ['ERR_OPTION_MISSING', 'accounts', { accounts: undefined }],
    ['ERR_OPTION_MISSING', 'ipAllowlist', { ipAllowlist: undefined }],
  ])('refuses with %s, naming %s', async (error, field, fields) => {
    const { issue, manager } = createWorld()
    await expect(issue(fields as never)).rejects.toThrow(code(error, field))
    expect((await manager.list({ owner: OWNER })).keys).toEqual([])
  })

  it('never prints the value that failed', async () => {
    const { issue } = createWorld()
    for (const fields of [
      { label: 'x\u0007hunter2' },
      { permissions: ['hunter2'] },
      { ipAllowlist: ['hunter2'] },
      { scheme: 'hunter2' },
    ]) {
      const error = await issue(fields as never).catch((caught: unknown) => caught)
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
    }
  })

  it('keeps keys per owner at the policy’s number, also when 64 are asked for at once', async () => {
    const { issue, manager } = createWorld({
      manager: { policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, keysPerOwner: 3 }) },
    })
    await Promise.all([issue(), issue()])
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => issue()))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_KEY_LIMIT' })
    }
    const [first] = (await manager.list({ owner: OWNER })).keys
    await expect(issue()).rejects.toThrow(code('ERR_KEY_LIMIT'))
    await manager.revoke({ ...owned(first as KeyView), reason: 'room' })
    await expect(issue()).resolves.toBeDefined()
    await expect(issue({ owner: 'somebody else' })).resolves.toBeDefined()
  })
})

describe('the ceiling', () => {
  const limited = (ceiling: { permissions: ('read' | 'trade' | 'withdraw' | 'full')[]; accounts: string[] | null }) =>
    createWorld({ manager: { ceiling: () => ceiling } })

  it('admits what the owner has, and refuses what it has not', async () => {
    const { issue } = limited({ permissions: ['trade'], accounts: ['spot', 'margin'] })
    await expect(issue({ permissions: ['read'], accounts: ['spot'] })).resolves.toBeDefined()
    await expect(issue({ permissions: ['trade'], accounts: ['spot', 'margin'] })).resolves.toBeDefined()
    await expect(issue({ permissions: ['withdraw'], accounts: ['spot'] })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(issue({ permissions: ['full'], accounts: ['spot'] })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(issue({ permissions: ['read'], accounts: ['spot', 'vault'] })).rejects.toThrow(
      code('ERR_CEILING_EXCEEDED', 'accounts[1]'),
    )
    await expect(issue({ permissions: ['read'], accounts: null })).rejects.toThrow(
      code('ERR_CEILING_EXCEEDED', 'accounts'),
    )
  })

  it('holds on every path that leaves a living key', async () => {
    const ceiling = { permissions: ['full' as 'full' | 'read'], accounts: null }
    const { issue, manager } = limited(ceiling)
    const { key } = await issue({ permissions: ['trade'] })
    const suspended = await issue({ permissions: ['trade'] })
    await manager.suspend({ ...owned(suspended.key), reason: 'check' })
    ceiling.permissions = ['read']
    await expect(manager.edit({ ...owned(key), version: 1, label: 'x' })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.renew(owned(key))).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.rotate({ ...owned(key), overlapMs: 0 })).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.resume(owned(suspended.key))).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    await expect(manager.edit({ ...owned(key), version: 1, permissions: ['read'] })).resolves.toMatchObject({
      key: { permissions: ['read'] },
    })
    await expect(manager.revoke({ ...owned(suspended.key), reason: 'done' })).resolves.toMatchObject({
      state: 'revoked',
    })
  })

  it('is asked again before a secret is minted for a key that waited for it', async () => {
    const ceiling = { permissions: ['full' as 'full' | 'read'], accounts: null }
    const { manager } = limited(ceiling)
    const fields = { owner: OWNER, label: '', permissions: ['trade'], accounts: null, ipAllowlist: null } as const
    const { key } = await manager.request(fields)
    ceiling.permissions = ['read']
    await expect(manager.reveal(owned(key))).rejects.toThrow(code('ERR_CEILING_EXCEEDED', 'permissions'))
    expect(await manager.get(owned(key))).toMatchObject({ revealed: false, version: 1 })
    ceiling.permissions = ['full']
    await expect(manager.reveal(owned(key))).resolves.toBeDefined()
  })
})

describe('another owner', () => {
  it('finds nothing, by any method, in the same words as for no key', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    const calls = (keyId: string) => {
      const theirs = { owner: 'mallory', keyId }
      return [
        manager.get(theirs),
        manager.edit({ ...theirs, version: 1, label: 'x' }),
        manager.renew(theirs),
        manager.rotate({ ...theirs, overlapMs: 0 }),
        manager.suspend({ ...theirs, reason: 'x' }),
        manager.resume(theirs),
        manager.revoke({ ...theirs, reason: 'x' }),
        manager.destroy({ ...theirs, reason: 'x' }),
      ]
    }
    const messages = async (keyId: string) =>
      (await Promise.allSettled(calls(keyId))).map(outcome =>
        outcome.status === 'rejected' ? String(outcome.reason) : 'done',
      )
    expect(await messages(key.keyId)).toEqual(await messages('kl_test_nonesuch'))
    expect(new Set(await messages(key.keyId))).toEqual(new Set(['KeyError: no such key']))
    expect((await manager.list({ owner: 'mallory' })).keys).toEqual([])
    expect(await manager.revokeAll({ owner: 'mallory', reason: 'x' })).toMatchObject({ ended: 0 })
    expect(await manager.get(owned(key))).toMatchObject({ state: 'active', version: 1 })
  })
})

describe('edit', () => {
  it('changes what is given and nothing else; absent, null and empty are three things', async () => {
    const { issue, manager, clock } = createWorld()
    const { key } = await issue({ ipAllowlist: ['10.0.0.1'], accounts: ['spot'] })
    clock.advance(10)
    const { key: first } = await manager.edit({ ...owned(key), version: 1, label: 'renamed', permissions: ['read'] })
    expect(first).toMatchObject({
      label: 'renamed',
      permissions: ['read'],
      ipAllowlist: key.ipAllowlist,
      accounts: ['spot'],
      version: 2,
    })
    expect(first).toMatchObject({ expiresAt: key.expiresAt, updatedAt: START + 10, createdAt: START })
    const { key: second } = await manager.edit({ ...owned(key), version: 2, ipAllowlist: [], accounts: null })
    expect(second).toMatchObject({ ipAllowlist: [], accounts: null, label: 'renamed', version: 3 })
    const { key: third } = await manager.edit({
      ...owned(key),
      version: 3,
      ipAllowlist: null,
      label: undefined as never,
    })
    expect(third).toMatchObject({ ipAllowlist: null, label: 'renamed' })
  })

  it('is compare-and-set: of two edits of one version, one is refused', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    const edits = [1, 2].map(n => manager.edit({ ...owned(key), version: 1, label: `edit ${n}` }))
    const outcomes = await Promise.allSettled(edits)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ERR_KEY_CONFLICT' } })
    await expect(manager.edit({ ...owned(key), version: 1, label: 'late' })).rejects.toThrow(code('ERR_KEY_CONFLICT'))
    await expect(manager.edit({ ...owned(key), version: 99, label: 'early' })).rejects.toThrow(code('ERR_KEY_CONFLICT'))
  })

  it('takes the same limits as create, and cannot touch what no operation changes', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    const edit = (change: object) => manager.edit({ ...owned(key), version: 1, ...change })
    await expect(edit({ expiresAt: START + 400 * DAY })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'expiresAt'))
    await expect(edit({ expiresAt: null })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'expiresAt'))
    await expect(edit({ ipAllowlist: ['0.0.0.0/0'] })).rejects.toThrow(code('ERR_POLICY_VIOLATED'))
    await expect(edit({ notBefore: (key.expiresAt ?? 0) + 1 })).rejects.toThrow(code('ERR_INPUT_INVALID', 'expiresAt'))
    for (const field of ['state', 'scheme', 'secrets', 'parent', 'createdAt', 'keyid']) {
      await expect(edit({ [field]: 'active' })).rejects.toThrow(code('ERR_OPTION_UNKNOWN', field))
    }
    expect(await manager.get(owned(key))).toEqual(key)
  })

  it('shows in the next verdict', async () => {
    const { issue, manager, verifier } = createWorld()
    const { key, signer } = await issue()
    const trade = async () => (await verifier.verify(await signer.sign(unsigned()), { permission: 'trade' })).ok
    expect(await trade()).toBe(true)
    await manager.edit({ ...owned(key), version: 1, permissions: ['read'] })
    expect(await trade()).toBe(false)
  })
})

describe('renew', () => {
  it('gives a new life from now, also to an expired key', async () => {
    const { issue, manager, clock, verifier } = createWorld()
    const { key, signer } = await issue({ expiresAt: START + DAY })
    clock.set(START + 2 * DAY)
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ denial: 'key_expired' })
    expect(await manager.renew(owned(key))).toMatchObject({ key: { expiresAt: START + 92 * DAY } })
    expect(await verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
    await expect(manager.renew({ ...owned(key), expiresAt: START })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'expiresAt'),
    )
    await expect(manager.renew({ ...owned(key), expiresAt: START + 900 * DAY })).rejects.toThrow(
      code('ERR_POLICY_VIOLATED'),
    )
  })
})

describe('rotate', () => {
  it('lets both secrets pass during the overlap, to the millisecond, and then the new one only', async () => {
    const { issue, manager, verifier, clock, schemes } = createWorld()
    const { key, signer: old } = await issue({ ipAllowlist: ['10.0.0.1'], accounts: ['spot'] })
    const { createSigner } = await import('../../src/client/index.js')
    const rotated = await manager.rotate({ ...owned(key), overlapMs: HOUR })
    expect(rotated.key).toMatchObject({ keyId: key.keyId, rotationEndsAt: START + HOUR, version: 2 })
    expect(rotated.key).toMatchObject({
      permissions: key.permissions,
      accounts: key.accounts,
      ipAllowlist: key.ipAllowlist,
      expiresAt: key.expiresAt,
    })
    const fresh = createSigner({
      scheme: schemes[0] as never,
      keyId: key.keyId,
      secret: String(rotated.credentials?.secret.reveal()),
      clock,
    })
    const passes = async (signer: typeof old) =>
      (
        await verifier.verify(
          { ...(await signer.sign(unsigned())), ip: '10.0.0.1' },
          { permission: 'read', account: 'spot' },
        )
      ).ok
    for (const at of [0, HOUR - 1]) {
      clock.set(START + at)
      expect([await passes(old), await passes(fresh)]).toEqual([true, true])
    }
    clock.set(START + HOUR)
    expect([await passes(old), await passes(fresh)]).toEqual([false, true])
    expect((await manager.get(owned(key))).rotationEndsAt).toBeNull()
  })

  it('ends the old secret at once with overlap zero, and a third secret always', async () => {
    const { issue, manager, verifier, clock, schemes } = createWorld()
    const { createSigner } = await import('../../src/client/index.js')
    const { key, signer: first } = await issue()
    const rotate = async (overlapMs: number) => {
      const { credentials } = await manager.rotate({ ...owned(key), overlapMs })
      return createSigner({
        scheme: schemes[0] as never,
        keyId: key.keyId,
        secret: String(credentials?.secret.reveal()),
        clock,
      })
    }
    const passes = async (signer: typeof first) => (await verifier.verify(await signer.sign(unsigned()), READ)).ok
    const second = await rotate(0)
    expect([await passes(first), await passes(second)]).toEqual([false, true])
    const third = await rotate(HOUR)
    expect([await passes(second), await passes(third)]).toEqual([true, true])
    const fourth = await rotate(HOUR)
    expect([await passes(second), await passes(third), await passes(fourth)]).toEqual([false, true, true])
  })

  it('never lets the old secret outlive the key, nor the policy’s longest overlap', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue({ expiresAt: START + HOUR })
    expect((await manager.rotate({ ...owned(key), overlapMs: 2 * HOUR })).key.rotationEndsAt).toBe(START + HOUR)
    await expect(manager.rotate({ ...owned(key), overlapMs: 4 * DAY })).rejects.toThrow(
      code('ERR_POLICY_VIOLATED', 'overlapMs'),
    )
    await expect(manager.rotate({ ...owned(key), overlapMs: -1 })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'overlapMs'),
    )
  })

  it('gives one secret to one of two callers', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    const outcomes = await Promise.allSettled([1, 2].map(() => manager.rotate({ ...owned(key), overlapMs: 0 })))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('suspend, resume, revoke, destroy', () => {
  it('goes through its states and refuses what does not start from one', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    const one = owned(key)
    expect(await manager.suspend({ ...one, reason: 'odd traffic' })).toMatchObject({
      state: 'suspended',
      reason: 'odd traffic',
    })
    expect(await manager.suspend({ ...one, reason: 'again' })).toMatchObject({
      state: 'suspended',
      reason: 'odd traffic',
    })
    expect(await manager.resume(one)).toMatchObject({ state: 'active', reason: null })
    expect(await manager.resume(one)).toMatchObject({ state: 'active' })
    const revoked = await manager.revoke({ ...one, reason: 'leaked' })
    expect(revoked).toMatchObject({ state: 'revoked', reason: 'leaked' })
    expect(await manager.revoke({ ...one, reason: 'again' })).toEqual(revoked)
    for (const late of [
      manager.edit({ ...one, version: revoked.version, label: 'x' }),
      manager.renew(one),
      manager.rotate({ ...one, overlapMs: 0 }),
      manager.suspend({ ...one, reason: 'x' }),
      manager.resume(one),
    ]) {
      await expect(late).rejects.toThrow(code('ERR_KEY_STATE', 'state'))
    }
    expect(await manager.get(one)).toEqual(revoked)
    await manager.destroy({ ...one, reason: 'tidy' })
    await expect(manager.get(one)).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
  })

  it('destroys a living key by revoking it first', async () => {
    const writes: string[] = []
    const store = createMemoryKeyStore()
    const watched: KeyStore = {
      ...store,
      replace: (row, version) => {
        writes.push(`replace ${row.state}`)
        return store.replace(row, version)
      },
      remove: (id, version) => {
        writes.push('remove')
        return store.remove(id, version)
      },
    }
    const { issue, manager } = createWorld({ keys: watched })
    const { key } = await issue()
    await manager.destroy({ ...owned(key), reason: 'tidy' })
    expect(writes).toEqual(['replace revoked', 'remove'])
  })

  it('needs a reason to end a key', async () => {
    const { issue, manager } = createWorld()
    const { key } = await issue()
    await expect(manager.revoke(owned(key) as never)).rejects.toThrow(ConfigError)
    await expect(manager.revoke({ ...owned(key), reason: 'a\nb' })).rejects.toThrow(code('ERR_INPUT_INVALID', 'reason'))
  })

  it('revokes even while others keep writing', async () => {
    const store = createMemoryKeyStore()
    const world = createWorld({ keys: store })
    const { key } = await world.issue()
    let interruptions = 5
    const busy: KeyStore = {
      ...store,
      replace: async (row, version) => {
        if (row.state === 'revoked' && interruptions-- > 0) {
          const current = await world.manager.get(owned(key))
          await world.manager.edit({ ...owned(key), version: current.version, label: `edit ${interruptions}` })
        }
        return store.replace(row, version)
      },
    }
    const { manager } = createWorld({ keys: busy })
    expect(await manager.revoke({ ...owned(key), reason: 'leaked' })).toMatchObject({ state: 'revoked' })
  })

  it('revokes all of an owner’s keys, also one created meanwhile, and nobody else’s', async () => {
    const store = createMemoryKeyStore()
    const world = createWorld({ keys: store })
    const other = await world.issue({ owner: 'other' })
    for (let i = 0; i < 5; i++) await world.issue()
    let late = 1
    const racing: KeyStore = {
      ...store,
      replace: async (row, version) => {
        if (late-- > 0) await world.issue()
        return store.replace(row, version)
      },
    }
    const { manager } = createWorld({ keys: racing })
    expect(await manager.revokeAll({ owner: OWNER, reason: 'account closed' })).toEqual({ ended: 6, unreadable: [] })
    expect((await manager.list({ owner: OWNER })).keys.map(key => key.state)).toEqual(Array(6).fill('revoked'))
    expect(await manager.get(owned(other.key))).toMatchObject({ state: 'active' })
  })
})

describe('list', () => {
  it('pages through all keys once, newest pages included', async () => {
    const { issue, manager } = createWorld()
    const made = await Promise.all(Array.from({ length: 7 }, () => issue()))
    const seen: string[] = []
    let after: string | null = null
    do {
      const page = await manager.list({ owner: OWNER, limit: 3, after })
      seen.push(...page.keys.map(key => key.keyId))
      after = page.next
    } while (after !== null)
    expect(seen.sort()).toEqual(made.map(({ key }) => key.keyId).sort())
    await expect(manager.list({ owner: OWNER, limit: 0 })).rejects.toThrow(code('ERR_INPUT_INVALID', 'limit'))
    await expect(manager.list({ owner: OWNER, limit: 1001 })).rejects.toThrow(code('ERR_INPUT_INVALID', 'limit'))
  })

  it('reports an unreadable key beside the readable ones, and lets it be destroyed', async () => {
    const store = createMemoryKeyStore()
    let sick = ''
    const spoil = (row: KeyRow): KeyRow => (row.keyId === sick ? { ...row, record: '{"format":1}' } : row)
    const spoiled: KeyStore = {
      ...store,
      get: async id => {
        const row = await store.get(id)
        return row && spoil(row)
      },
      list: async query => (await store.list(query)).map(spoil),
    }
    const { issue, manager } = createWorld({ keys: spoiled })
    const [a, b] = [await issue(), await issue()]
    sick = a.key.keyId
    const page = await manager.list({ owner: OWNER })
    expect(page.keys.map(key => key.keyId)).toEqual([b.key.keyId])
    expect(page.unreadable).toMatchObject([{ keyId: sick, error: { code: 'ERR_KEY_CORRUPT' } }])
    await expect(manager.get(owned(a.key))).rejects.toThrow(code('ERR_KEY_CORRUPT'))
    expect(await manager.revokeAll({ owner: OWNER, reason: 'x' })).toMatchObject({
      ended: 1,
      unreadable: [{ keyId: sick }],
    })
    await manager.destroy({ ...owned(a.key), reason: 'corrupt' })
    expect((await manager.list({ owner: OWNER })).unreadable).toEqual([])
  })
})

describe('failures of the store', () => {
  const methods = ['get', 'insert', 'replace', 'remove', 'list'] as const

  it.each(methods)('surface as StoreError when %s fails', async method => {
    const store = createMemoryKeyStore()
    let down = false
    const failing = {
      ...store,
      [method]: (...args: never[]) => {
        if (down) throw new TypeError('socket closed')
        return (store[method] as (...a: never[]) => unknown)(...args)
      },
    } as KeyStore
    const { issue, manager } = createWorld({ keys: failing })
    const { key } = await issue()
    const call = {
      get: () => manager.get(owned(key)),
      insert: () => issue(),
      replace: () => manager.revoke({ ...owned(key), reason: 'x' }),
      remove: () => manager.destroy({ ...owned(key), reason: 'x' }),
      list: () => manager.list({ owner: OWNER }),
    }[method]
    down = true
    await expect(call()).rejects.toMatchObject({
      name: 'StoreError',
      code: 'ERR_STORE_UNAVAILABLE',
      cause: { message: 'socket closed' },
    })
  })
})

describe('createKeyManager', () => {
  const { keys, schemes, sealer } = createWorld()
  const mint = createMint({ brand: 'kl', environment: 'test' })
  const ceiling = () => ({ permissions: ['full' as const], accounts: null })
  const good = {
    keys,
    schemes,
    sealer,
    permissions,
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    mint,
    ceiling,
  }

  it('accepts good options', () => {
    expect(() => createKeyManager(good)).not.toThrow()
  })

  const refusals: readonly (readonly [code: string, field: string, value: unknown])[] = [
    ...['keys', 'schemes', 'permissions', 'policy', 'ceiling', 'mint'].map(
      field => ['ERR_OPTION_MISSING', field, undefined] as const,
    ),
    ['ERR_OPTION_UNKNOWN', 'allowEverything', true],
    ['ERR_OPTION_INVALID', 'sealer', undefined],
    ['ERR_OPTION_INVALID', 'schemes', []],
    ['ERR_OPTION_INVALID', 'ceiling', { permissions: ['full'], accounts: null }],
    ['ERR_OPTION_INVALID', 'clock', 0],
  ]

  it.each(refusals)('refuses with %s, naming %s', (error, field, value) => {
    expect(() => createKeyManager({ ...good, [field]: value } as never)).toThrow(code(error, field))
  })
})

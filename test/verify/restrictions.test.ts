import { describe, expect, it } from 'vitest'
import type { KeyPolicy, KeyView, Verdict, WithdrawalAddress } from '../../src/index.js'
import { defineKeyPolicy, StoreError, standardKeyPolicy } from '../../src/index.js'
import { acceptUncovered, withoutStepUp } from '../../src/insecure.js'
import { bearer } from '../../src/schemes/bearer.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { createWorld, OWNER, START, unsigned } from '../world.js'

const DAY = 86_400_000
const READ = { permission: 'read' } as const
const TRADE = { permission: 'trade' } as const
const denialOf = (verdict: Verdict) => (verdict.ok ? 'allowed' : verdict.denial)
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const policyWith = (rules: Partial<KeyPolicy>) =>
  defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, ...rules })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })

describe('withdrawal addresses', () => {
  const mine: WithdrawalAddress = { asset: 'BTC', network: 'bitcoin', address: 'bc1qexample', memo: null }
  const bound = { addressPermissions: ['withdraw'] } as const
  const withdraw = (withdrawal?: WithdrawalAddress) => ({ permission: 'withdraw', withdrawal }) as const

  it('of a key admit what is listed, exactly, and nothing else', async () => {
    const world = createWorld({ manager: { policy: policyWith({ addressRule: 'key', ...bound }) } })
    const { signer } = await world.issue({ permissions: ['withdraw'], addresses: [mine] })
    const judge = async (address?: WithdrawalAddress) =>
      denialOf(await world.verifier.verify(await signer.sign(unsigned()), withdraw(address)))
    expect(await judge(mine)).toBe('allowed')
    expect(await judge({ ...mine, address: 'bc1qEXAMPLE' })).toBe('address_not_allowed')
    expect(await judge({ ...mine, asset: 'LTC' })).toBe('address_not_allowed')
    expect(await judge({ ...mine, network: 'lightning' })).toBe('address_not_allowed')
    expect(await judge({ ...mine, memo: '' })).toBe('address_not_allowed')
    expect(await judge(undefined)).toBe('address_not_allowed')
    expect(denialOf(await world.verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
  })

  it('are required of a key that needs them, and refused where the house has none', async () => {
    const perKey = createWorld({ manager: { policy: policyWith({ addressRule: 'key', ...bound }) } })
    await expect(perKey.issue({ permissions: ['withdraw'] })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'addresses'))
    await expect(perKey.issue({ permissions: ['trade'] })).resolves.toBeDefined()
    await expect(createWorld().issue({ addresses: [mine] })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'addresses'))
  })

  it('of an owner are looked up in the host’s book, and nothing is listed without one', async () => {
    const policy = policyWith({ addressRule: 'owner', ...bound })
    const addressBook = (owner: string, { address }: WithdrawalAddress) => owner === OWNER && address === mine.address
    const world = createWorld({ manager: { policy }, verifier: { addressBook } })
    const { signer } = await world.issue({ permissions: ['withdraw'] })
    const judge = async (address: WithdrawalAddress) =>
      denialOf(await world.verifier.verify(await signer.sign(unsigned()), withdraw(address)))
    expect(await judge(mine)).toBe('allowed')
    expect(await judge({ ...mine, address: 'elsewhere' })).toBe('address_not_allowed')
    const bookless = createWorld({ manager: { policy } })
    const other = await bookless.issue({ permissions: ['withdraw'] })
    expect(denialOf(await bookless.verifier.verify(await other.signer.sign(unsigned()), withdraw(mine)))).toBe(
      'address_not_allowed',
    )
  })
})

describe('permissions that need or lose', () => {
  it('an IP allowlist are refused without one, by name and by implication', async () => {
    const { issue, manager } = createWorld({ manager: { policy: policyWith({ needAllowlist: ['withdraw'] }) } })
    await expect(issue({ permissions: ['withdraw'] })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'ipAllowlist'))
    await expect(issue({ permissions: ['full'] })).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'ipAllowlist'))
    await expect(issue({ permissions: ['trade'] })).resolves.toBeDefined()
    const { key } = await issue({ permissions: ['withdraw'], ipAllowlist: ['10.0.0.1'] })
    const drop = manager.edit({ ...owned(key), version: key.version, ipAllowlist: null })
    await expect(drop).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'ipAllowlist'))
  })

  it('lapse without an allowlist after the term, to the millisecond, and come back with one', async () => {
    const policy = policyWith({ lapse: { permissions: ['trade'], afterMs: 30 * DAY } })
    const { issue, manager, verifier, clock } = createWorld({ manager: { policy } })
    const { key, signer } = await issue({ permissions: ['trade'] })
    const listed = await issue({ permissions: ['trade'], ipAllowlist: ['10.0.0.1'] })
    const judge = async (by: typeof signer, required: typeof READ | typeof TRADE) =>
      verifier.verify({ ...(await by.sign(unsigned())), ip: '10.0.0.1' }, required)
    clock.set(START + 30 * DAY - 1)
    expect(denialOf(await judge(signer, TRADE))).toBe('allowed')
    clock.set(START + 30 * DAY)
    expect(denialOf(await judge(signer, TRADE))).toBe('permission_denied')
    expect(await judge(signer, READ)).toMatchObject({ ok: true, principal: { permissions: ['read'] } })
    expect(denialOf(await judge(listed.signer, TRADE))).toBe('allowed')
    const { key: renamed } = await manager.edit({ ...owned(key), version: key.version, label: 'renamed' })
    expect(denialOf(await judge(signer, TRADE))).toBe('permission_denied')
    await manager.edit({ ...owned(key), version: renamed.version, ipAllowlist: ['10.0.0.1'] })
    expect(denialOf(await judge(signer, TRADE))).toBe('allowed')
  })
})

describe('a cool-down', () => {
  it('withholds a new permission until it ends, and nothing the key had', async () => {
    const { issue, manager, verifier, clock } = createWorld({ manager: { policy: policyWith({ cooldownMs: DAY }) } })
    const { key, signer } = await issue({ permissions: ['read'] })
    const judge = async (permission: 'read' | 'trade') =>
      denialOf(await verifier.verify(await signer.sign(unsigned()), { permission }))
    await manager.edit({ ...owned(key), version: key.version, permissions: ['trade'] })
    clock.set(START + DAY - 1)
    expect([await judge('read'), await judge('trade')]).toEqual(['allowed', 'permission_denied'])
    clock.set(START + DAY)
    expect([await judge('read'), await judge('trade')]).toEqual(['allowed', 'allowed'])
  })

  it('starts anew with every widening, and not with a narrowing', async () => {
    const { issue, manager, verifier, clock } = createWorld({ manager: { policy: policyWith({ cooldownMs: DAY }) } })
    const { key, signer } = await issue({ permissions: ['trade'] })
    const trade = async () => denialOf(await verifier.verify(await signer.sign(unsigned()), TRADE))
    const { key: narrow } = await manager.edit({ ...owned(key), version: key.version, permissions: ['read'] })
    const { key: wide } = await manager.edit({ ...owned(key), version: narrow.version, permissions: ['trade'] })
    expect(await trade()).toBe('permission_denied')
    clock.set(START + DAY / 2)
    await manager.edit({ ...owned(key), version: wide.version, permissions: ['full'] })
    clock.set(START + DAY)
    expect(await trade()).toBe('permission_denied')
    clock.set(START + DAY + DAY / 2)
    expect(await trade()).toBe('allowed')
  })

  it('withholds what an allowlist guards when the list is widened', async () => {
    const policy = policyWith({ cooldownMs: DAY, needAllowlist: ['withdraw'] })
    const { issue, manager, verifier, clock } = createWorld({ manager: { policy } })
    const { key, signer } = await issue({ permissions: ['withdraw', 'trade'], ipAllowlist: ['10.0.0.1'] })
    const judge = async (permission: 'trade' | 'withdraw') =>
      denialOf(await verifier.verify({ ...(await signer.sign(unsigned())), ip: '10.0.0.1' }, { permission }))
    await manager.edit({ ...owned(key), version: key.version, ipAllowlist: ['10.0.0.1', '10.0.0.2'] })
    expect([await judge('trade'), await judge('withdraw')]).toEqual(['allowed', 'permission_denied'])
    clock.advance(DAY)
    expect([await judge('trade'), await judge('withdraw')]).toEqual(['allowed', 'allowed'])
  })

  it('leaves what the allowlist does not guard, also where a guarded permission implied it', async () => {
    const policy = policyWith({ cooldownMs: DAY, needAllowlist: ['withdraw'] })
    const { issue, manager, verifier } = createWorld({ manager: { policy } })
    const { key, signer } = await issue({ permissions: ['withdraw'], ipAllowlist: ['10.0.0.1'] })
    const judge = async (permission: 'read' | 'withdraw') =>
      denialOf(await verifier.verify({ ...(await signer.sign(unsigned())), ip: '10.0.0.1' }, { permission }))
    await manager.edit({ ...owned(key), version: key.version, ipAllowlist: ['10.0.0.1', '10.0.0.2'] })
    expect([await judge('read'), await judge('withdraw')]).toEqual(['allowed', 'permission_denied'])
  })

  it('withholds a permission that was given up and taken back while another cool-down runs', async () => {
    const { issue, manager, verifier } = createWorld({ manager: { policy: policyWith({ cooldownMs: DAY }) } })
    const { key, signer } = await issue({ permissions: ['trade'] })
    const edit = async (version: number, permissions: readonly ('read' | 'trade' | 'full')[]) =>
      (await manager.edit({ ...owned(key), version, permissions })).key.version
    const trade = async () => denialOf(await verifier.verify(await signer.sign(unsigned()), TRADE))
    const wide = await edit(key.version, ['full'])
    expect(await trade()).toBe('allowed')
    await edit(await edit(wide, ['read']), ['trade'])
    expect(await trade()).toBe('permission_denied')
  })

  it('withholds a permission that had lapsed and that an allowlist brings back', async () => {
    const policy = policyWith({ cooldownMs: DAY, lapse: { permissions: ['trade'], afterMs: 30 * DAY } })
    const { issue, manager, verifier, clock } = createWorld({ manager: { policy } })
    const [lapsed, early] = [await issue({ permissions: ['trade'] }), await issue({ permissions: ['trade'] })]
    const trade = async (by: typeof lapsed) =>
      denialOf(await verifier.verify({ ...(await by.signer.sign(unsigned())), ip: '10.0.0.1' }, TRADE))
    const list = ({ key }: typeof lapsed) =>
      manager.edit({ ...owned(key), version: key.version, ipAllowlist: ['10.0.0.1'] })
    await list(early)
    clock.set(START + 30 * DAY)
    await list(lapsed)
    expect([await trade(early), await trade(lapsed)]).toEqual(['allowed', 'permission_denied'])
    clock.advance(DAY)
    expect([await trade(early), await trade(lapsed)]).toEqual(['allowed', 'allowed'])
  })
})

describe('what an owner may do now', () => {
  it('bounds every key of the owner, at once', async () => {
    let ceiling: { permissions: ('read' | 'trade')[]; accounts: string[] | null } | null = {
      permissions: ['trade'],
      accounts: null,
    }
    const { issue, verifier } = createWorld({ verifier: { ownerCeiling: () => ceiling } })
    const { signer } = await issue({ permissions: ['trade'] })
    const judge = async (required: Parameters<typeof verifier.verify>[1]) =>
      verifier.verify(await signer.sign(unsigned()), required)
    expect(denialOf(await judge(TRADE))).toBe('allowed')
    ceiling = { permissions: ['read'], accounts: ['spot'] }
    expect(denialOf(await judge({ permission: 'trade', account: 'spot' }))).toBe('permission_denied')
    expect(await judge({ permission: 'read', account: 'spot' })).toMatchObject({
      ok: true,
      principal: { permissions: ['read'] },
    })
    expect(denialOf(await judge({ permission: 'read', account: 'margin' }))).toBe('account_not_allowed')
    expect(denialOf(await judge(READ))).toBe('account_not_allowed')
    ceiling = null
    expect(denialOf(await judge({ permission: 'read', account: 'spot' }))).toBe('owner_frozen')
  })
})

describe('a bearer key', () => {
  const open = ['method', 'host', 'path', 'query', 'content-type', 'body'] as const

  it('is found by the id its token leads with, rotates, and is stored as a hash', async () => {
    const { issue, manager, verifier, keys } = createWorld({ schemes: [acceptUncovered(bearer(), open)] })
    const { key, secret, signer } = await issue()
    expect(secret.startsWith(`${key.keyId}.kls_test_`)).toBe(true)
    expect(JSON.stringify(await keys.get(key.keyId))).not.toContain(secret.slice(40))
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
    const rotated = await manager.rotate({ ...owned(key), overlapMs: 0 })
    const token = String(rotated.credentials?.secret.reveal())
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('wrong_signature')
    const fresh = unsigned({ headers: { authorization: `Bearer ${token}` } })
    expect(denialOf(await verifier.verify(fresh, READ))).toBe('allowed')
    const forged = unsigned({
      headers: { authorization: `Bearer ${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}` },
    })
    expect(denialOf(await verifier.verify(forged, READ))).toBe('wrong_signature')
  })
})

describe('a row the store itself cannot read', () => {
  it('harms its own key only; any other failure is an outage', async () => {
    const store = createMemoryKeyStore()
    let failure: StoreError | undefined
    const get: typeof store.get = id => {
      if (failure !== undefined) throw failure
      return store.get(id)
    }
    const { issue, verifier } = createWorld({ keys: store, verifier: { keys: { get } } })
    const { signer } = await issue()
    failure = new StoreError('ERR_STORE_CORRUPT', 'wrong type', { field: 'version' })
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('key_corrupt')
    failure = new StoreError('ERR_STORE_SCHEMA', 'newer')
    await expect(verifier.verify(await signer.sign(unsigned()), READ)).rejects.toBe(failure)
    failure = undefined
    expect(denialOf(await verifier.verify(await signer.sign(unsigned()), READ))).toBe('allowed')
  })
})

describe('describe', () => {
  it('tells a caller what it is, what it may, and how its clock is off', async () => {
    const { issue, verifier, clock } = createWorld()
    const { key, signer } = await issue({ accounts: ['spot'], ipAllowlist: ['10.0.0.1'] })
    const request = { ...(await signer.sign(unsigned())), ip: '10.0.0.1' }
    clock.advance(250)
    const verdict = await verifier.verify(request, { permission: 'read', account: null })
    if (!verdict.ok) throw new Error(verdict.denial)
    expect(verifier.describe(verdict.principal, request)).toEqual({
      ...{ keyId: key.keyId, owner: OWNER, label: 'bot', scheme: 'hmac-v1', permissions: ['read', 'trade'] },
      ...{ accounts: ['spot'], expiresAt: key.expiresAt, ipRestricted: true, address: '10.0.0.1' },
      ...{ serverTime: START + 250, clockOffsetMs: 250 },
    })
  })
})

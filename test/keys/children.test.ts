import { describe, expect, it } from 'vitest'
import { createSigner } from '../../src/client/index.js'
import type { DeriveKey, KeyPolicy, KeyView, Scheme, Verdict } from '../../src/index.js'
import { defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createWorld, OWNER, START, unsigned } from '../world.js'

type P = 'read' | 'trade' | 'withdraw' | 'full'
const DAY = 86_400_000
const owned = (key: KeyView) => ({ owner: key.owner, keyId: key.keyId })
const code = (error: string, field?: string) =>
  expect.objectContaining(field === undefined ? { code: error } : { code: error, field })
const denialOf = (verdict: Verdict) => (verdict.ok ? 'allowed' : verdict.denial)

function createFamily(rules: Partial<KeyPolicy> = {}) {
  const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, childDepth: 2, ...rules })
  const world = createWorld({ manager: { policy } })
  const derive = async (parent: KeyView, fields: Partial<DeriveKey<P>> = {}) => {
    const { key, credentials } = await world.manager.derive({
      ...{
        ...owned(parent),
        label: 'child',
        permissions: ['read'],
        accounts: parent.accounts,
        ipAllowlist: parent.ipAllowlist,
      },
      ...fields,
    })
    const secret = credentials?.secret.reveal() ?? ''
    return {
      key,
      signer: createSigner({ scheme: world.schemes[0] as Scheme, keyId: key.keyId, secret, clock: world.clock }),
    }
  }
  return { ...world, derive }
}

describe('a child key', () => {
  it('works like its parent, within it', async () => {
    const { issue, derive, verifier } = createFamily()
    const parent = await issue({ permissions: ['trade'] })
    const child = await derive(parent.key)
    expect(child.key).toMatchObject({
      parent: parent.key.keyId,
      owner: OWNER,
      permissions: ['read'],
      expiresAt: parent.key.expiresAt,
    })
    expect(denialOf(await verifier.verify(await child.signer.sign(unsigned()), { permission: 'read' }))).toBe('allowed')
    expect(denialOf(await verifier.verify(await child.signer.sign(unsigned()), { permission: 'trade' }))).toBe(
      'permission_denied',
    )
  })

  it.each<[string, Partial<DeriveKey<P>>]>([
    ['permissions', { permissions: ['withdraw'] }],
    ['permissions', { permissions: ['full'] }],
    ['accounts', { accounts: ['margin'] }],
    ['accounts', { accounts: null }],
    ['ipAllowlist', { ipAllowlist: ['10.0.1.0/24'] }],
    ['ipAllowlist', { ipAllowlist: ['10.0.0.0/23'] }],
    ['ipAllowlist', { ipAllowlist: null }],
    ['expiresAt', { expiresAt: START + 11 * DAY }],
  ])('never exceeds its parent in %s', async (_, fields) => {
    const { issue, derive, manager } = createFamily()
    const { key } = await issue({
      permissions: ['trade'],
      accounts: ['spot'],
      ipAllowlist: ['10.0.0.0/24'],
      expiresAt: START + 10 * DAY,
    })
    await expect(derive(key, fields)).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
    const within = {
      permissions: ['trade'] as const,
      accounts: ['spot'],
      ipAllowlist: ['10.0.0.0/25', '10.0.0.128/25'],
      expiresAt: START + 10 * DAY,
    }
    const child = await derive(key, within)
    const { permissions, accounts, ipAllowlist, expiresAt } = fields
    const widened = {
      ...(permissions && { permissions }),
      ...(accounts !== undefined && { accounts }),
      ...(ipAllowlist !== undefined && { ipAllowlist }),
      ...(expiresAt !== undefined && { expiresAt }),
    }
    const edit = manager.edit({ ...owned(child.key), version: child.key.version, ...widened })
    await expect(edit).rejects.toThrow(code('ERR_CEILING_EXCEEDED'))
  })

  it('narrows when its parent is narrowed', async () => {
    const { issue, derive, manager, verifier, clock } = createFamily()
    const { key } = await issue({ permissions: ['trade'] })
    const { signer } = await derive(key, { permissions: ['trade'] })
    const judge = async (permission: 'read' | 'trade') =>
      denialOf(await verifier.verify({ ...(await signer.sign(unsigned())), ip: '10.0.0.1' }, { permission }))
    expect(await judge('trade')).toBe('allowed')
    const { key: narrow } = await manager.edit({ ...owned(key), version: key.version, permissions: ['read'] })
    expect([await judge('read'), await judge('trade')]).toEqual(['allowed', 'permission_denied'])
    const { key: bound } = await manager.edit({ ...owned(key), version: narrow.version, ipAllowlist: ['10.0.0.2'] })
    expect(await judge('read')).toBe('ip_not_allowed')
    await manager.edit({ ...owned(key), version: bound.version, ipAllowlist: null, expiresAt: START + DAY })
    clock.set(START + DAY)
    expect(await judge('read')).toBe('key_expired')
  })

  it('ends with its parent, in every generation', async () => {
    const { issue, derive, manager, verifier } = createFamily()
    const parent = await issue()
    const child = await derive(parent.key)
    const grandchild = await derive(child.key)
    const judge = async () =>
      denialOf(await verifier.verify(await grandchild.signer.sign(unsigned()), { permission: 'read' }))
    expect(await judge()).toBe('allowed')
    await manager.suspend({ ...owned(parent.key), reason: 'check' })
    expect(await judge()).toBe('key_suspended')
    await manager.resume(owned(parent.key))
    expect(await judge()).toBe('allowed')
    await manager.revoke({ ...owned(parent.key), reason: 'leaked' })
    expect(await judge()).toBe('key_revoked')
    expect(await manager.get(owned(grandchild.key))).toMatchObject({ state: 'revoked', reason: 'leaked' })
  })

  it('is refused even when only the parent’s own record was ended', async () => {
    const { issue, derive, verifier, keys } = createFamily()
    const parent = await issue()
    const child = await derive(parent.key)
    const row = await keys.get(parent.key.keyId)
    await keys.remove(parent.key.keyId, row?.version ?? 0)
    expect(denialOf(await verifier.verify(await child.signer.sign(unsigned()), { permission: 'read' }))).toBe(
      'key_revoked',
    )
  })

  it('has no more generations than the policy allows, and none where it allows none', async () => {
    const { issue, derive } = createFamily()
    const parent = await issue()
    const grandchild = await derive((await derive(parent.key)).key)
    await expect(derive(grandchild.key)).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'parent'))
    const none = createFamily({ childDepth: 0 })
    await expect(none.derive((await none.issue()).key)).rejects.toThrow(code('ERR_POLICY_VIOLATED', 'parent'))
  })

  it('comes from a living key of the same owner only, and counts as a key', async () => {
    const { issue, derive, manager } = createFamily({ keysPerOwner: 2 })
    const { key } = await issue()
    await expect(derive({ ...key, owner: 'mallory' })).rejects.toThrow(code('ERR_KEY_NOT_FOUND'))
    await derive(key)
    await expect(derive(key)).rejects.toThrow(code('ERR_KEY_LIMIT'))
    await manager.suspend({ ...owned(key), reason: 'x' })
    await expect(derive(key)).rejects.toThrow(code('ERR_KEY_STATE'))
  })
})

describe('freeze and thaw', () => {
  it('stop an owner’s active keys, and wake those and no others', async () => {
    const { issue, manager, verifier } = createFamily()
    const operator = { role: 'operator', id: 'ops-1' } as const
    const [active, paused] = [await issue(), await issue()]
    const foreign = await issue({ owner: 'other' })
    await manager.suspend({ ...owned(paused.key), reason: 'odd traffic' })
    expect(await manager.freeze({ owner: OWNER, reason: 'password changed' })).toMatchObject({ ended: 1 })
    expect(denialOf(await verifier.verify(await active.signer.sign(unsigned()), { permission: 'read' }))).toBe(
      'key_suspended',
    )
    expect(denialOf(await verifier.verify(await foreign.signer.sign(unsigned()), { permission: 'read' }))).toBe(
      'allowed',
    )
    await expect(manager.thaw({ owner: OWNER })).rejects.toThrow(code('ERR_OPERATION_FORBIDDEN'))
    expect(await manager.thaw({ owner: OWNER, actor: operator })).toEqual({ resumed: 1, refused: [] })
    expect(denialOf(await verifier.verify(await active.signer.sign(unsigned()), { permission: 'read' }))).toBe(
      'allowed',
    )
    expect(await manager.get(owned(paused.key))).toMatchObject({ state: 'suspended', reason: 'odd traffic' })
  })

  it('are not taken for a suspension that looks like one', async () => {
    const { issue, manager } = createFamily()
    const { key } = await issue()
    await expect(manager.suspend({ ...owned(key), reason: 'frozen: by me' })).rejects.toThrow(
      code('ERR_INPUT_INVALID', 'reason'),
    )
  })
})

describe('destroyAll', () => {
  it('removes every key of an owner and nobody else’s', async () => {
    const { issue, manager } = createFamily()
    for (let i = 0; i < 3; i++) await issue()
    const other = await issue({ owner: 'other' })
    expect(await manager.destroyAll({ owner: OWNER, reason: 'Delete all' })).toEqual({ destroyed: 3 })
    expect((await manager.list({ owner: OWNER })).keys).toEqual([])
    expect(await manager.get(owned(other.key))).toMatchObject({ state: 'active' })
  })
})

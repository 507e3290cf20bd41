import { describe, expect, it } from 'vitest'
import type { CreateKey, EditKey, KeyView, RouteDeclarations } from '../../src/index.js'
import { type StandardPermission, standard } from '../../src/presets/standard.js'
import { createMemoryUsageStore } from '../../src/stores/memory.js'
import { BROWSER, CUSTOMER, DAY, type House, openHouse, owned, refusal, STAFF } from './scenarios/house.js'

type P = StandardPermission | 'full'

const READ = 'GET /v1/balances'
const TRADE = 'POST /v1/orders'
const WITHDRAW = 'POST /v1/withdrawals'
const HOME = '203.0.113.7'
const routes: RouteDeclarations<P> = { [READ]: 'read', [TRADE]: 'trade', [WITHDRAW]: 'withdraw' }

function open() {
  const usage = createMemoryUsageStore()
  const setting = { preset: standard, scheme: standard.scheme({ audience: 'api.example.com' }), routes }
  return { ...openHouse({ ...setting, manager: { usage } }), usage }
}

const form = (fields: Partial<CreateKey<P>> = {}): CreateKey<P> => ({
  ...{ owner: CUSTOMER, label: 'bot', permissions: standard.defaultPermissions, accounts: null, ipAllowlist: [HOME] },
  ...{ browser: BROWSER },
  ...fields,
})

async function createKey(house: House<P>, fields: Partial<CreateKey<P>> = {}) {
  const { key } = await house.manager.request(form({ proof: house.code(), ...fields }))
  await house.manager.confirm({ token: house.link(), browser: BROWSER })
  const { credentials } = await house.manager.reveal(owned(key))
  const signer = house.signerOf(credentials)
  return { key, call: (line: string) => house.call(signer, line, { from: HOME }) }
}

/** An edit with all that it needs. */
async function edit(house: House<P>, key: KeyView, change: Partial<EditKey<P>>): Promise<void> {
  const { version } = await house.manager.get(owned(key))
  await house.manager.edit({ ...owned(key), version, ...change, proof: house.code(), browser: BROWSER })
  await house.manager.confirm({ token: house.link(), browser: BROWSER })
}

describe('A key of the standard house', () => {
  it('reads, unless more was asked for', async () => {
    const { call } = await createKey(open())
    expect([await call(READ), await call(TRADE)]).toEqual(['allowed', 'permission_denied'])
  })

  it('withdraws with an IP allowlist', async () => {
    const { call } = await createKey(open(), { permissions: ['withdraw'] })
    expect(await call(WITHDRAW)).toBe('allowed')
  })

  it('does not come to withdraw without one: not when it is made, not under the alias, not by an edit', async () => {
    const house = open()
    for (const permissions of [['withdraw'], ['full']] as const) {
      await expect(
        house.manager.request(form({ permissions, ipAllowlist: null, proof: house.code() })),
      ).rejects.toThrow(refusal('ERR_POLICY_VIOLATED', 'ipAllowlist'))
    }
    const { key } = await createKey(house, { permissions: ['withdraw'] })
    await expect(edit(house, key, { ipAllowlist: null })).rejects.toThrow(refusal('ERR_POLICY_VIOLATED', 'ipAllowlist'))
  })

  it('trades for 30 days without an IP allowlist, and goes on reading', async () => {
    const house = open()
    const { key, call } = await createKey(house, { permissions: ['trade'], ipAllowlist: null })
    house.clock.set(key.createdAt + 30 * DAY - 1)
    expect(await call(TRADE)).toBe('allowed')
    house.clock.advance(1)
    expect([await call(TRADE), await call(READ)]).toEqual(['permission_denied', 'allowed'])
  })

  it('trades on with one', async () => {
    const house = open()
    const { key, call } = await createKey(house, { permissions: ['trade'] })
    house.clock.set(key.createdAt + 31 * DAY)
    expect(await call(TRADE)).toBe('allowed')
  })

  it('has what an edit adds after 24 hours, and loses at once what it takes', async () => {
    const house = open()
    const { key, call } = await createKey(house, { permissions: ['trade'] })
    await edit(house, key, { permissions: ['trade', 'withdraw'] })
    house.clock.advance(DAY - 1)
    expect([await call(TRADE), await call(WITHDRAW)]).toEqual(['allowed', 'permission_denied'])
    house.clock.advance(1)
    expect(await call(WITHDRAW)).toBe('allowed')
    await edit(house, key, { permissions: ['read'] })
    expect(await call(TRADE)).toBe('permission_denied')
  })

  it.each(['edit', 'renew', 'rotate'] as const)('is changed by code and mail, as it was made: %s', async operation => {
    const house = open()
    const { key } = await createKey(house)
    const { version } = await house.manager.get(owned(key))
    const ask = (shown: { proof?: string; browser?: string }) => {
      const mine = { ...owned(key), ...shown }
      if (operation === 'edit') return house.manager.edit({ ...mine, version, permissions: ['trade'] })
      return operation === 'renew' ? house.manager.renew(mine) : house.manager.rotate({ ...mine, overlapMs: 0 })
    }
    await expect(ask({ browser: BROWSER })).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    const asked = await ask({ browser: BROWSER, proof: house.code() })
    expect(asked).toMatchObject({ credentials: null, mailed: true, key: { awaits: { operation } } })
    expect(await house.manager.confirm({ token: house.link(), browser: BROWSER })).toMatchObject({
      key: { awaits: null },
    })
  })

  it.each([
    ['suspend', 'key_suspended'],
    ['revoke', 'key_revoked'],
    ['destroy', 'unknown_key'],
  ] as const)('loses power at once and without proof: %s', async (operation, denial) => {
    const house = open()
    const { key, call } = await createKey(house)
    await house.manager[operation]({ ...owned(key), reason: 'urgent' })
    expect(await call(READ)).toBe(denial)
  })

  it('lives for 90 days unless asked otherwise, a year at most, and never without end', async () => {
    const house = open()
    const { key } = await createKey(house)
    expect(key.expiresAt).toBe(key.createdAt + 90 * DAY)
    for (const expiresAt of [null, house.clock() + 366 * DAY]) {
      await expect(house.manager.request(form({ expiresAt, proof: house.code() }))).rejects.toThrow(
        refusal('ERR_POLICY_VIOLATED', 'expiresAt'),
      )
    }
  })

  it('ends after 90 days without use, and not before', async () => {
    const house = open()
    const expiresAt = house.clock() + 365 * DAY
    const [used, idle] = [await createKey(house, { expiresAt }), await createKey(house, { expiresAt })]
    house.clock.advance(DAY)
    const seen = { lastUsedAt: house.clock(), lastAddress: HOME, count: 1 }
    await house.usage.touch({ keyId: used.key.keyId, ...seen })
    house.clock.set(idle.key.createdAt + 90 * DAY)
    await house.manager.sweep({ actor: STAFF, since: 0 })
    expect([await used.call(READ), await idle.call(READ)]).toEqual(['allowed', 'key_revoked'])
  })
})

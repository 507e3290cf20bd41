import { describe, expect, it } from 'vitest'
import { type CreateKey, definePermissions, type Preset, type RouteDeclarations } from '../../../src/index.js'
import { acceptUncovered } from '../../../src/insecure.js'
import { type BitpandaProPermission, bitpandaPro } from '../../../src/presets/bitpanda-pro.js'
import {
  CUSTOMER,
  createStores,
  DAY,
  type House,
  MINUTE,
  openHouse,
  owned,
  refusal,
  type Setting,
  STRANGER,
} from './house.js'

type P = BitpandaProPermission

const GETS = [
  'GET /public/v1/account/balances',
  'GET /public/v1/market-ticker',
  'GET /public/v1/account/orders',
  'GET /public/v1/account/trades',
] as const
const TRADES = [
  'POST /public/v1/account/orders',
  'DELETE /public/v1/account/orders',
  'DELETE /public/v1/account/orders/:id',
] as const
const WITHDRAWALS = ['POST /public/v1/account/deposit/crypto', 'POST /public/v1/account/withdraw/crypto'] as const

const each = (lines: readonly string[], permission: P) => Object.fromEntries(lines.map(line => [line, permission]))
const routes: RouteDeclarations<P> = {
  ...each(GETS, 'read'),
  ...each(TRADES, 'trade'),
  ...each(WITHDRAWALS, 'withdraw'),
}
const ALL = [...GETS, ...TRADES, ...WITHDRAWALS].map(line => line.replace(':id', '7'))
const setting = {
  preset: bitpandaPro,
  scheme: acceptUncovered(bitpandaPro.scheme(), ['method', 'host', 'path', 'query', 'content-type', 'body']),
  routes,
} satisfies Setting<P, never>

const open = (manager: Setting<P, never>['manager'] = {}, stores = createStores()) =>
  openHouse({ ...setting, manager: { hasSecondFactor: () => true, ...manager } }, stores)

const form = (fields: Partial<CreateKey<P>> = {}): CreateKey<P> => ({
  ...{ owner: CUSTOMER, label: 'my bot', permissions: ['read'], accounts: null, ipAllowlist: null },
  ...fields,
})

/** The whole way: form, code, mail, link, pop-up. */
async function createKey(house: House<P>, fields: Partial<CreateKey<P>> = {}) {
  const { key } = await house.manager.request(form({ proof: house.code(), ...fields }))
  await house.manager.confirm({ token: house.link() })
  const { credentials } = await house.manager.reveal(owned(key))
  return { key, signer: house.signerOf(credentials) }
}

/** Which of these calls a key may make. */
async function allowed(house: House<P>, { signer }: Pick<Awaited<ReturnType<typeof createKey>>, 'signer'>) {
  const answers = await Promise.all(ALL.map(line => house.call(signer, line)))
  return ALL.filter((_, at) => answers[at] === 'allowed')
}

describe('Bitpanda Pro: Creating an API key', () => {
  it('“Choose a name for your API key”: it is listed under that name', async () => {
    const house = open()
    await createKey(house, { label: 'Märkte & mehr' })
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toMatchObject([{ label: 'Märkte & mehr' }])
  })

  it.each<{ chosen: readonly P[] }>([
    { chosen: ['read'] },
    { chosen: ['trade'] },
    { chosen: ['withdraw'] },
    { chosen: ['read', 'trade'] },
    { chosen: ['read', 'withdraw'] },
    { chosen: ['trade', 'withdraw'] },
    { chosen: ['read', 'trade', 'withdraw'] },
  ])('“either the Read, Trade, or Withdraw permission, or any combination thereof”: $chosen', async ({ chosen }) => {
    const house = open()
    const lines = { read: GETS, trade: TRADES, withdraw: WITHDRAWALS }
    const expected = chosen.flatMap(name => lines[name]).map(line => line.replace(':id', '7'))
    expect((await allowed(house, await createKey(house, { permissions: chosen }))).toSorted()).toEqual(
      expected.toSorted(),
    )
  })

  const five = ['203.0.113.1', '203.0.113.2', '198.51.100.9', '2001:db8::1', '2001:db8::2']

  it('“You can use IP restrictions for up to five ipv4/ipv6 addresses”: from those, and from no other', async () => {
    const house = open()
    const { signer } = await createKey(house, { ipAllowlist: five })
    for (const from of five) expect(await house.call(signer, GETS[0], { from })).toBe('allowed')
    for (const from of ['203.0.113.3', '2001:db8::3']) {
      expect(await house.call(signer, GETS[0], { from })).toBe('ip_not_allowed')
    }
  })

  it('“up to five”: the sixth address is refused, and so is a range, which is many', async () => {
    const house = open()
    const withList = (ipAllowlist: readonly string[]) => house.manager.request(form({ ipAllowlist, proof: '123456' }))
    await expect(withList([...five, '203.0.113.6'])).rejects.toThrow(refusal('ERR_POLICY_VIOLATED', 'ipAllowlist'))
    await expect(withList(['203.0.113.0/30'])).rejects.toThrow(refusal('ERR_POLICY_VIOLATED', 'ipAllowlist[0]'))
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toEqual([])
  })

  it('“(Optional)”: without restrictions, from anywhere', async () => {
    const house = open()
    const { signer } = await createKey(house, { ipAllowlist: null })
    for (const from of ['192.0.2.77', '2001:db8::77']) {
      expect(await house.call(signer, GETS[0], { from })).toBe('allowed')
    }
  })

  it('“If you have two-factor authentication (2FA) activated, enter the six-digit 2FA code”', async () => {
    const house = open()
    await expect(house.manager.request(form())).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    await expect(house.manager.request(form({ proof: '000000' }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
    )
    expect(house.mails).toEqual([])
    await house.manager.request(form({ proof: house.code() }))
    expect(house.approvals.at(-1)).toMatchObject({ owner: CUSTOMER, operation: 'request' })
    expect(house.mails).toHaveLength(1)
  })

  it('“If you have two-factor authentication (2FA) activated”: if not, the mail alone is asked for', async () => {
    const house = open({ hasSecondFactor: owner => owner !== CUSTOMER })
    const { key } = await house.manager.request(form())
    expect([key.state, house.mails.length]).toEqual(['pending', 1])
    await expect(house.manager.request(form({ owner: STRANGER }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'),
    )
  })

  it('“enter the six-digit 2FA code”: one that was used is not taken for another key', async () => {
    const house = open()
    const proof = house.code()
    await house.manager.request(form({ proof }))
    await expect(house.manager.request(form({ proof, permissions: ['withdraw'] }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
    )
  })

  it('“You will now receive a confirmation email”: until then there is no key to use', async () => {
    const house = open()
    const { key, mailed } = await house.manager.request(form({ proof: house.code() }))
    expect(mailed).toBe(true)
    expect(house.mails).toMatchObject([{ owner: CUSTOMER, operation: 'request', key: { label: 'my bot' } }])
    expect(key).toMatchObject({ state: 'pending', revealed: false })
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_KEY_STATE', 'state'))
  })

  it('“having trouble receiving emails”: a mail that did not leave can be sent again', async () => {
    let isDown = true
    const sent: string[] = []
    const house = open({
      sendConfirmation: ({ token }) => {
        if (isDown) throw new Error('no mail today')
        sent.push(token)
      },
    })
    const { key, mailed } = await house.manager.request(form({ proof: house.code() }))
    expect(mailed).toBe(false)
    isDown = false
    expect(await house.manager.resend(owned(key))).toMatchObject({ mailed: true })
    await house.manager.confirm({ token: sent[0] ?? '' })
    await expect(house.manager.reveal(owned(key))).resolves.toBeDefined()
  })

  it('“Click on the confirmation link in the email we just sent you”: opened it tells, confirmed it works, once', async () => {
    const house = open()
    const { key } = await house.manager.request(form({ proof: house.code() }))
    const token = house.link()
    expect(await house.manager.inspect({ token })).toMatchObject({ operation: 'request', key: { label: 'my bot' } })
    expect(await house.manager.get(owned(key))).toMatchObject({ state: 'pending' })
    const forged = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
    await expect(house.manager.confirm({ token: forged })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
    expect(await house.manager.confirm({ token })).toMatchObject({ key: { state: 'active', awaits: null } })
    await expect(house.manager.confirm({ token })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
  })

  it('“the confirmation link will expire after 30 minutes”: not a millisecond before', async () => {
    for (const [waited, works] of [
      [30 * MINUTE - 1, true],
      [30 * MINUTE, false],
    ] as const) {
      const house = open()
      await house.manager.request(form({ proof: house.code() }))
      house.clock.advance(waited)
      const confirmed = house.manager.confirm({ token: house.link() })
      if (works) await expect(confirmed).resolves.toBeDefined()
      else await expect(confirmed).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
    }
  })

  it('“you will be shown a pop-up window with your API key”: it works', async () => {
    const house = open()
    const { signer } = await createKey(house)
    expect(await house.call(signer, GETS[0])).toBe('allowed')
    expect(await house.call(undefined, GETS[0])).toBe('missing_credentials')
  })

  it('“the one and only time when you have the chance to see, save and back up the key”', async () => {
    const house = open()
    const { key, signer } = await createKey(house)
    const token =
      (await signer.sign({ method: 'GET', target: '/' })).headers['authorization']?.slice('Bearer '.length) ?? ''
    expect(token.startsWith(`${key.keyId}.`)).toBe(true)
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_SECRET_REVEALED'))
    const seen = [await house.manager.get(owned(key)), await house.manager.list({ owner: CUSTOMER })]
    expect(JSON.stringify(seen)).not.toContain(token.slice(key.keyId.length + 1))
  })

  it('“always using the link from the most recent Bitpanda email you received”: the one before is dead', async () => {
    const house = open()
    const { key } = await house.manager.request(form({ proof: house.code() }))
    const old = house.link()
    await house.manager.resend(owned(key))
    expect(house.link()).not.toBe(old)
    await expect(house.manager.confirm({ token: old })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
    await expect(house.manager.confirm({ token: house.link() })).resolves.toBeDefined()
  })

  it('“and that the link has not timed out”: a new one has its own 30 minutes', async () => {
    const house = open()
    const { key } = await house.manager.request(form({ proof: house.code() }))
    house.clock.advance(31 * MINUTE)
    await expect(house.manager.confirm({ token: house.link() })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
    await house.manager.resend(owned(key))
    house.clock.advance(29 * MINUTE)
    await expect(house.manager.confirm({ token: house.link() })).resolves.toBeDefined()
  })
})

describe('Bitpanda Pro: Permissions', () => {
  it('“Bitpanda Pro provides Read, Trade, and Withdraw key permissions when creating API keys”', () => {
    expect(bitpandaPro.permissions.names).toEqual(['read', 'trade', 'withdraw'])
    expect(bitpandaPro.permissions.aliases).toEqual([])
  })

  it('“The Read permission includes all GET endpoints”: every one there is, and nothing else', async () => {
    const house = open()
    const gets = Object.keys(routes).filter(line => line.startsWith('GET '))
    expect(await allowed(house, await createKey(house, { permissions: ['read'] }))).toEqual(gets)
  })

  it.each([
    ['account balances', GETS[0]],
    ['market prices', GETS[1]],
    ['order history', GETS[2]],
    ['transaction history', GETS[3]],
  ])(
    '“It allows the key to read data (i.e. account balances, market prices, order and transaction history)”: %s',
    async (_what, line) => {
      const house = open()
      const [reader, trader] = [await createKey(house), await createKey(house, { permissions: ['trade', 'withdraw'] })]
      expect(await house.call(reader.signer, line)).toBe('allowed')
      expect(await house.call(trader.signer, line)).toBe('permission_denied')
    },
  )

  it('“The Trade permission allows the API key to place or cancel orders”: not to read them', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['trade'] })
    expect(await house.call(signer, 'POST /public/v1/account/orders')).toBe('allowed')
    expect(await house.call(signer, 'DELETE /public/v1/account/orders/7')).toBe('allowed')
    expect(await house.call(signer, 'GET /public/v1/account/orders')).toBe('permission_denied')
  })

  it('“This includes POST and DELETE order endpoints”: no other method, and no endpoint that is not declared', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['trade'] })
    for (const line of TRADES) expect(await house.call(signer, line.replace(':id', '7'))).toBe('allowed')
    for (const line of ['PUT /public/v1/account/orders/7', 'POST /public/v1/account/orders-all', 'DELETE /public/v1']) {
      expect(await house.call(signer, line)).toBe('route_not_declared')
    }
  })

  it('“The Withdraw scope allows you to deposit and withdraw funds”: not to trade', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['withdraw'] })
    for (const line of WITHDRAWALS) expect(await house.call(signer, line)).toBe('allowed')
    expect(await house.call(signer, TRADES[0])).toBe('permission_denied')
  })

  it('“Additional API key permissions may be added at a later date”: keys that exist have what they had', async () => {
    const stores = createStores()
    const before = open({}, stores)
    const { key, signer } = await createKey(before, { permissions: ['read', 'trade', 'withdraw'] })

    const permissions = definePermissions({ permissions: { stake: [], read: [], trade: [], withdraw: [] } })
    const preset: Preset<P | 'stake', never> = { ...bitpandaPro, permissions }
    const later = openHouse<P | 'stake', never>(
      {
        ...{ preset, scheme: setting.scheme, manager: { hasSecondFactor: () => true } },
        routes: { ...routes, 'POST /public/v1/account/stake': 'stake' },
      },
      stores,
    )
    for (const line of ALL) expect(await later.call(signer, line)).toBe('allowed')
    expect(await later.call(signer, 'POST /public/v1/account/stake')).toBe('permission_denied')

    const widen = {
      ...owned(key),
      version: (await later.manager.get(owned(key))).version,
      permissions: ['stake'],
    } as const
    await later.manager.edit({ ...widen, proof: later.code() })
    await later.manager.confirm({ token: later.link() })
    expect(await later.call(signer, 'POST /public/v1/account/stake')).toBe('allowed')
    expect(await later.call(signer, GETS[0])).toBe('permission_denied')
  })
})

describe('Bitpanda Pro: Deleting an API key', () => {
  it('“Click on Delete on the right side of the respective API key”: that one, and no other', async () => {
    const house = open()
    const [one, other] = [await createKey(house), await createKey(house)]
    await house.manager.destroy({ ...owned(one.key), reason: 'deleted by its owner' })
    expect(await house.call(one.signer, GETS[0])).toBe('unknown_key')
    expect(await house.call(other.signer, GETS[0])).toBe('allowed')
    expect((await house.manager.list({ owner: CUSTOMER })).keys.map(({ keyId }) => keyId)).toEqual([other.key.keyId])
  })

  it('“Click on Delete”: by nobody else', async () => {
    const house = open()
    const { key, signer } = await createKey(house)
    await expect(house.manager.destroy({ owner: STRANGER, keyId: key.keyId, reason: 'mine' })).rejects.toThrow(
      refusal('ERR_KEY_NOT_FOUND'),
    )
    expect(await house.call(signer, GETS[0])).toBe('allowed')
  })

  it('“Once deleted, an API key can not be retrieved”: no way leads back', async () => {
    const house = open()
    const { key } = await createKey(house)
    await house.manager.destroy({ ...owned(key), reason: 'deleted by its owner' })
    const [mine, { version }] = [owned(key), key]
    const ways = [
      () => house.manager.get(mine),
      () => house.manager.reveal(mine),
      () => house.manager.resend(mine),
      () => house.manager.resume({ ...mine, proof: house.code() }),
      () => house.manager.rotate({ ...mine, overlapMs: 0, proof: house.code() }),
      () => house.manager.renew({ ...mine, proof: house.code() }),
      () => house.manager.edit({ ...mine, version, label: 'back', proof: house.code() }),
    ]
    for (const way of ways) await expect(way()).rejects.toThrow(refusal('ERR_KEY_NOT_FOUND'))
    await expect(house.manager.confirm({ token: house.link() })).rejects.toThrow(refusal('ERR_CONFIRMATION_INVALID'))
  })
})

describe('Bitpanda Pro: Troubleshooting', () => {
  it('“If you have lost your Bitpanda Pro API key, then you may delete the key and create a new one”', async () => {
    const house = open()
    const lost = await createKey(house)
    await house.manager.destroy({ ...owned(lost.key), reason: 'lost' })
    house.clock.advance(DAY)
    const { key, signer } = await createKey(house)
    expect(key.keyId).not.toBe(lost.key.keyId)
    expect(await house.call(signer, GETS[0])).toBe('allowed')
    expect(await house.call(lost.signer, GETS[0])).toBe('unknown_key')
  })

  it('“as long as you still have access to your account”: not without its second factor', async () => {
    const house = open()
    await createKey(house)
    await expect(house.manager.request(form({ proof: '000000' }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { CreateKey, KeyManager, RouteDeclarations, WithdrawalAddress } from '../../../src/index.js'
import { type BitexbitPermission, bitexbit } from '../../../src/presets/bitexbit.js'
import { hmacV1 } from '../../../src/schemes/hmac-v1.js'
import { CUSTOMER, type House, openHouse, owned, refusal, type Setting, STRANGER } from './house.js'

type P = BitexbitPermission | 'full-access'

const READS = ['GET /api/v3/balances', 'GET /api/v3/positions', 'GET /api/v3/account'] as const
const TRADES = ['POST /api/v3/orders/buy', 'POST /api/v3/orders/sell'] as const
const WITHDRAWAL = 'POST /api/v3/withdrawals'

const each = (lines: readonly string[], permission: P) => Object.fromEntries(lines.map(line => [line, permission]))
const routes: RouteDeclarations<P> = {
  ...each(READS, 'read-only'),
  ...each(TRADES, 'can-trade'),
  ...each([WITHDRAWAL], 'can-withdraw'),
}
// The house's own way of signing is not part of this package; keys can be issued for any other.
const setting = {
  preset: bitexbit,
  scheme: hmacV1({ audience: 'api.bitexbit.example' }),
  routes,
} satisfies Setting<BitexbitPermission, 'full-access'>

const LISTED: WithdrawalAddress = { asset: 'XRP', network: 'ripple', address: 'rListed', memo: '42' }
const UNLISTED: WithdrawalAddress = { ...LISTED, address: 'rElsewhere' }

interface Customer {
  readonly has2fa?: boolean
  /** Whether Address Management is enabled. */
  readonly manages?: boolean
}

function open({ has2fa = false, manages = true }: Customer = {}) {
  const isListed = (owner: string, { address, memo }: WithdrawalAddress) =>
    owner === CUSTOMER && address === LISTED.address && memo === LISTED.memo
  return openHouse({
    ...setting,
    manager: { hasSecondFactor: owner => has2fa && owner === CUSTOMER },
    verifier: { addressBook: (owner, address) => !manages || isListed(owner, address) },
  })
}

const form = (fields: Partial<CreateKey<P>> = {}): CreateKey<P> => ({
  ...{ owner: CUSTOMER, label: 'bot', permissions: bitexbit.defaultPermissions, accounts: null, ipAllowlist: null },
  ...fields,
})

async function createKey(house: House<P>, fields: Partial<CreateKey<P>> = {}) {
  const { key, credentials } = await house.manager.create(form(fields))
  return { key, signer: house.signerOf(credentials) }
}

describe('bitexbit: What is API Management', () => {
  it('“you can provide algorithmic platforms or operators with access to trading operations on your account”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['can-trade'] })
    expect(await house.call(signer, TRADES[0])).toBe('allowed')
    expect(await house.call(undefined, TRADES[0])).toBe('missing_credentials')
  })

  it('“You give access to certain functions to an additional trading service … without giving it a password”', async () => {
    const house = open()
    const { key, signer } = await createKey(house, { permissions: ['can-withdraw'] })
    expect(await house.call(signer, TRADES[0])).toBe('allowed')

    const actor = { role: 'key', id: key.keyId } as const
    const [mine, reason] = [{ ...owned(key), actor }, 'by the bot'] as const
    const { manager } = house
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => manager.create(form({ actor })),
      () => manager.edit({ ...mine, version: key.version, ipAllowlist: null }),
      () => manager.rotate({ ...mine, overlapMs: 0 }),
      () => manager.derive({ ...mine, label: '', permissions: [], accounts: null, ipAllowlist: null }),
      () => manager.destroyAll({ owner: CUSTOMER, actor, reason }),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toThrow(refusal('ERR_OPERATION_FORBIDDEN'))
  })

  it('“On bitexbit you can create API keys with three types of access”', () => {
    expect(bitexbit.permissions.names).toEqual(['read-only', 'can-trade', 'can-withdraw'])
  })

  it.each(READS)(
    '“the operator will have access to balances, open positions, data on your account”: %s',
    async line => {
      const house = open()
      const { signer } = await createKey(house, { permissions: ['read-only'] })
      expect(await house.call(signer, line)).toBe('allowed')
      expect(await house.call(signer, TRADES[0])).toBe('permission_denied')
      expect(await house.call(signer, WITHDRAWAL, { withdrawal: LISTED })).toBe('permission_denied')
    },
  )

  it('“the operator will be able to make transactions for the purchase or sale of your assets + “read only” access”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['can-trade'] })
    for (const line of [...READS, ...TRADES]) expect(await house.call(signer, line)).toBe('allowed')
    expect(await house.call(signer, WITHDRAWAL, { withdrawal: LISTED })).toBe('permission_denied')
  })

  it('“withdraw funds from the account + “read only” and “can trade” access”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['can-withdraw'] })
    for (const line of [...READS, ...TRADES]) expect(await house.call(signer, line)).toBe('allowed')
    expect(await house.call(signer, WITHDRAWAL, { withdrawal: LISTED })).toBe('allowed')
    expect(await house.call(signer, 'POST /api/v3/password')).toBe('route_not_declared')
  })

  it('“That is, he will receive full access to the functionality of your account”: the two names mean the same', () => {
    const { covers, grant, top } = bitexbit.permissions
    expect(covers(grant('can-withdraw'), top)).toBe(true)
    expect(covers(grant('full-access'), grant('can-withdraw'))).toBe(true)
    expect(covers(grant('can-trade'), top)).toBe(false)
  })

  it('“if you have the Address Management function enabled”: if not, to any address', async () => {
    const house = open({ manages: false })
    const { signer } = await createKey(house, { permissions: ['can-withdraw'] })
    for (const withdrawal of [LISTED, UNLISTED]) {
      expect(await house.call(signer, WITHDRAWAL, { withdrawal })).toBe('allowed')
    }
  })

  it('“the operator will be able to withdraw funds only to addresses from the white list”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['can-withdraw'] })
    const withdrawTo = (withdrawal: WithdrawalAddress) => house.call(signer, WITHDRAWAL, { withdrawal })
    expect(await withdrawTo(LISTED)).toBe('allowed')
    expect(await withdrawTo(UNLISTED)).toBe('address_not_allowed')
    expect(await withdrawTo({ ...LISTED, memo: '43' })).toBe('address_not_allowed')
    expect(await house.call(signer, WITHDRAWAL)).toBe('address_not_allowed')
    const stranger = await createKey(house, { owner: STRANGER, permissions: ['can-withdraw'] })
    expect(await house.call(stranger.signer, WITHDRAWAL, { withdrawal: LISTED })).toBe('address_not_allowed')
  })
})

describe('bitexbit: How to set up API management', () => {
  it('“go through two-factor authentication if it is activated”', async () => {
    const house = open({ has2fa: true })
    await expect(house.manager.create(form())).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    await expect(house.manager.create(form({ proof: '000000' }))).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'),
    )
    await expect(house.manager.create(form({ proof: house.code() }))).resolves.toBeDefined()
  })

  it('“if it is activated”: if not, nothing is asked for', async () => {
    const house = open({ has2fa: false })
    await expect(house.manager.create(form())).resolves.toBeDefined()
    expect([house.approvals, house.mails]).toEqual([[], []])
  })

  it('“choosing the name of the key, the functionality you want to give access to”', async () => {
    const house = open()
    await createKey(house, { label: 'Сетка №1', permissions: ['full-access'] })
    const { keys } = await house.manager.list({ owner: CUSTOMER })
    expect(keys).toMatchObject([{ label: 'Сетка №1', permissions: ['full-access'] }])
    await expect(createKey(house, { permissions: ['can-everything' as P] })).rejects.toThrow(
      refusal('ERR_PERMISSION_UNKNOWN'),
    )
  })

  it('“indicating the list of IPs from which the access can be provided at the same time”', async () => {
    const house = open()
    const { signer } = await createKey(house, { ipAllowlist: ['203.0.113.1', '2001:db8::1'] })
    expect(await house.call(signer, READS[0], { from: '203.0.113.1' })).toBe('allowed')
    expect(await house.call(signer, READS[0], { from: '2001:db8::1' })).toBe('allowed')
    expect(await house.call(signer, READS[0], { from: '203.0.113.2' })).toBe('ip_not_allowed')
  })

  it('“the list of IPs”: what is no address is refused', async () => {
    const house = open()
    await expect(createKey(house, { ipAllowlist: ['203.0.113.0/24'] })).rejects.toThrow(
      refusal('ERR_POLICY_VIOLATED', 'ipAllowlist[0]'),
    )
    await expect(createKey(house, { ipAllowlist: ['203.0.113.1', '0203.0.113.1'] })).rejects.toThrow(
      refusal('ERR_INPUT_INVALID', 'ipAllowlist[1]'),
    )
  })

  it('“If you want to leave “read only”, do not fill in the checkboxes for the functionality”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: bitexbit.defaultPermissions })
    expect(await house.call(signer, READS[0])).toBe('allowed')
    expect(await house.call(signer, TRADES[0])).toBe('permission_denied')
  })

  it('“Click the button Create key. … Copy and save the Access Key and Private Key that will be needed to provide the operator with the access”', async () => {
    const house = open()
    const { key, credentials } = await house.manager.create(form())
    const signer = house.signerOf(credentials)
    expect(await house.call(signer, READS[0])).toBe('allowed')
    expect(() => credentials.secret.reveal()).toThrow(refusal('ERR_SECRET_REVEALED'))
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_SECRET_REVEALED'))
  })

  it('“Never give your private keys to unauthorized persons”: the access key alone is worth nothing', async () => {
    const house = open()
    const [mine, theirs] = [await createKey(house), await house.manager.create(form({ owner: STRANGER }))]
    const { secret } = theirs.credentials
    const thief = house.signerOf({ keyId: mine.key.keyId, secret })
    expect(await house.call(thief, READS[0])).toBe('wrong_signature')
  })

  it('“Click the Create new Key button if you want to create another key”: it is another', async () => {
    const house = open()
    const [one, other] = [await createKey(house), await createKey(house)]
    expect(one.key.keyId).not.toBe(other.key.keyId)
    expect(await house.call(one.signer, READS[0])).toBe('allowed')
    expect(await house.call(other.signer, READS[0])).toBe('allowed')
  })

  it('“The generated key will appear in the list on the API Management page”: in the list of its owner', async () => {
    const house = open()
    const { key } = await createKey(house)
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toEqual([key])
    expect((await house.manager.list({ owner: STRANGER })).keys).toEqual([])
  })

  it('“You can create up to 16 API keys for different types of access”: not a seventeenth', async () => {
    const house = open()
    for (let n = 0; n < 16; n++) await createKey(house, { label: `bot ${n}` })
    await expect(createKey(house)).rejects.toThrow(refusal('ERR_KEY_LIMIT'))
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toHaveLength(16)
    await expect(createKey(house, { owner: STRANGER })).resolves.toBeDefined()
  })

  it('“up to 16 API keys”: also when they are asked for at once', async () => {
    const house = open()
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => createKey(house)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(16)
  })

  it('“To delete one of the keys, click Delete in the corresponding field”: that makes room', async () => {
    const house = open()
    const made = []
    for (let n = 0; n < 16; n++) made.push(await createKey(house))
    const [first, second] = made as [(typeof made)[0], (typeof made)[0]]
    await house.manager.destroy({ ...owned(first.key), reason: 'deleted by its owner' })
    expect(await house.call(first.signer, READS[0])).toBe('unknown_key')
    expect(await house.call(second.signer, READS[0])).toBe('allowed')
    await expect(createKey(house)).resolves.toBeDefined()
    await expect(createKey(house)).rejects.toThrow(refusal('ERR_KEY_LIMIT'))
  })

  it('“To clear the list, click Delete all”: a click, for this owner’s keys and no other’s', async () => {
    const house = open({ has2fa: true })
    const make = () => createKey(house, { proof: house.code() })
    const mine = [await make(), await make(), await make()]
    const theirs = await createKey(house, { owner: STRANGER })
    expect(await deleteAll(house.manager)).toEqual({ destroyed: 3 })
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toEqual([])
    for (const { signer } of mine) expect(await house.call(signer, READS[0])).toBe('unknown_key')
    expect(await house.call(theirs.signer, READS[0])).toBe('allowed')
    expect(await deleteAll(house.manager)).toEqual({ destroyed: 0 })
  })

  it('“To connect your bitexbit account to an additional trading service, use the saved keys”', async () => {
    const house = open()
    const { signer } = await createKey(house, { permissions: ['can-trade'] })
    expect(await house.call(signer, TRADES[1])).toBe('allowed')
    expect(await house.call(undefined, TRADES[1])).toBe('missing_credentials')
  })
})

function deleteAll(manager: KeyManager<P>) {
  return manager.destroyAll({ owner: CUSTOMER, reason: 'Delete all' })
}

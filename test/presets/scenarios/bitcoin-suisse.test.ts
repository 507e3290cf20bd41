import { describe, expect, it } from 'vitest'
import type { CreateKey, RouteDeclarations } from '../../../src/index.js'
import { type BitcoinSuissePermission, bitcoinSuisse } from '../../../src/presets/bitcoin-suisse.js'
import { hmacV1 } from '../../../src/schemes/hmac-v1.js'
import { CUSTOMER, DAY, type House, openHouse, owned, refusal, type Setting, STAFF, STRANGER } from './house.js'

type P = BitcoinSuissePermission | 'full-access'

const READ = 'GET /v1/balances'
const ORDER = 'POST /v1/orders'
const DEPOSIT = 'POST /v1/deposits'
const WITHDRAWAL = 'POST /v1/withdrawals'
const routes: RouteDeclarations<P> = {
  [READ]: 'read-only',
  [ORDER]: 'trading',
  [DEPOSIT]: 'deposit-withdrawal',
  [WITHDRAWAL]: 'deposit-withdrawal',
}
// How the house signs is not known to this package; keys can be issued for any of its schemes.
const setting = {
  preset: bitcoinSuisse,
  scheme: hmacV1({ audience: 'api.bitcoinsuisse.example' }),
  routes,
} satisfies Setting<BitcoinSuissePermission, 'full-access'>

/** The customers that `CUSTOMER`, an institutional client, manages. */
const MANAGED = ['BTCS-CUS-1', 'BTCS-CUS-2', 'BTCS-CUS-3']
const DISCLAIMER = 'disclaimer'

function open(granted: ReadonlySet<string> = new Set([CUSTOMER, STRANGER])) {
  return openHouse<BitcoinSuissePermission, 'full-access'>({
    ...setting,
    manager: {
      eligible: owner => granted.has(owner),
      ceiling: owner => ({ permissions: ['full-access'], accounts: owner === CUSTOMER ? MANAGED : ['BTCS-CUS-9'] }),
    },
  })
}

const form = (fields: Partial<CreateKey<P>> = {}): CreateKey<P> => ({
  ...{ owner: CUSTOMER, label: 'desk', permissions: ['read-only'], ipAllowlist: null },
  ...{ accounts: ['BTCS-CUS-1'], terms: DISCLAIMER },
  ...fields,
})

async function createKey(house: House<P>, fields: Partial<CreateKey<P>> = {}) {
  const { key, credentials } = await house.manager.create(form({ proof: house.code(), ...fields }))
  const signer = house.signerOf(credentials)
  const call = (line: string, account = 'BTCS-CUS-1') => house.call(signer, line, { account })
  return { key, call }
}

describe('Bitcoin Suisse: 1. Activate API usage for your account', () => {
  it('“existing customers can request API access via their Relationship Manager”: nobody else makes a key', async () => {
    const granted = new Set<string>()
    const house = open(granted)
    await expect(createKey(house)).rejects.toThrow(refusal('ERR_OWNER_NOT_ELIGIBLE', 'owner'))
    granted.add(CUSTOMER)
    await expect(createKey(house)).resolves.toBeDefined()
    await expect(createKey(house, { owner: STRANGER, accounts: ['BTCS-CUS-9'] })).rejects.toThrow(
      refusal('ERR_OWNER_NOT_ELIGIBLE', 'owner'),
    )
  })

  it('“You can request multiple API Keys”: each works beside the others', async () => {
    const house = open()
    const keys = [await createKey(house), await createKey(house), await createKey(house)]
    expect(new Set(keys.map(({ key }) => key.keyId)).size).toBe(3)
    for (const { call } of keys) expect(await call(READ)).toBe('allowed')
  })

  describe('“An API Key can have different access rights”', () => {
    it.each<{ words: string; permission: P; may: readonly string[] }>([
      { words: 'Read Only: Can read information.', permission: 'read-only', may: [READ] },
      {
        words:
          'Deposit & Withdrawal: Can read information and create deposits and withdrawals, not allowed to place orders.',
        permission: 'deposit-withdrawal',
        may: [READ, DEPOSIT, WITHDRAWAL],
      },
      {
        words: 'Trading: Can read information and place orders, not allowed to deposit/withdraw funds.',
        permission: 'trading',
        may: [READ, ORDER],
      },
      {
        words: 'Full Access: Full access to all API functionality.',
        permission: 'full-access',
        may: [READ, ORDER, DEPOSIT, WITHDRAWAL],
      },
    ])('“$words”', async ({ permission, may }) => {
      const { call } = await createKey(open(), { permissions: [permission] })
      for (const line of [READ, ORDER, DEPOSIT, WITHDRAWAL]) {
        expect(await call(line), line).toBe(may.includes(line) ? 'allowed' : 'permission_denied')
      }
    })
  })

  it('“Institutional clients with access to multiple customers can create API Keys for specific sub-sets”', async () => {
    const house = open()
    const { call } = await createKey(house, { accounts: ['BTCS-CUS-1', 'BTCS-CUS-3'] })
    expect(await call(READ, 'BTCS-CUS-1')).toBe('allowed')
    expect(await call(READ, 'BTCS-CUS-3')).toBe('allowed')
    expect(await call(READ, 'BTCS-CUS-2')).toBe('account_not_allowed')
  })

  it('“sub-sets of the customers they manage”: not of those that somebody else manages, and not of all there are', async () => {
    const house = open()
    await expect(createKey(house, { accounts: ['BTCS-CUS-1', 'BTCS-CUS-9'] })).rejects.toThrow(
      refusal('ERR_CEILING_EXCEEDED', 'accounts[1]'),
    )
    await expect(createKey(house, { accounts: null })).rejects.toThrow(refusal('ERR_CEILING_EXCEEDED', 'accounts'))
  })
})

describe('Bitcoin Suisse: 2. Create an API Key', () => {
  it('“After API access is granted, a new API Key can be created”: by its owner, with the second factor', async () => {
    const house = open()
    await expect(house.manager.create(form())).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'))
    await expect(createKey(house, { proof: '000000' })).rejects.toThrow(refusal('ERR_SECOND_FACTOR_REFUSED', 'proof'))
    await expect(createKey(house)).resolves.toBeDefined()
  })

  it("“You will not see this menu if you don't have API access”: once it is taken away, no more keys", async () => {
    const granted = new Set([CUSTOMER])
    const house = open(granted)
    await createKey(house)
    granted.delete(CUSTOMER)
    await expect(createKey(house)).rejects.toThrow(refusal('ERR_OWNER_NOT_ELIGIBLE', 'owner'))
  })

  it('“read and confirm the disclaimer”: without it no key, and the key says which was confirmed, and when', async () => {
    const house = open()
    const { terms: _, ...unread } = form({ proof: '000000' })
    await expect(house.manager.create(unread)).rejects.toThrow(refusal('ERR_TERMS_REQUIRED', 'terms'))
    await expect(createKey(house, { terms: 'last year’s' })).rejects.toThrow(refusal('ERR_TERMS_REQUIRED', 'terms'))
    const { key } = await createKey(house)
    expect(key.terms).toEqual({ version: DISCLAIMER, acceptedAt: house.clock() })
  })

  it('“Now you are presented with your API Key and the corresponding Secret”: at once, and they work', async () => {
    const house = open()
    const { key, call } = await createKey(house)
    expect(key).toMatchObject({ state: 'active', awaits: null, revealed: true })
    expect(house.mails).toEqual([])
    expect(await call(READ)).toBe('allowed')
  })

  it("“You won't be able to see it again after you close the pop-up”", async () => {
    const house = open()
    const { key, credentials } = await house.manager.create(form({ proof: house.code() }))
    const secret = credentials.secret.reveal()
    expect(() => credentials.secret.reveal()).toThrow(refusal('ERR_SECRET_REVEALED'))
    await expect(house.manager.reveal(owned(key))).rejects.toThrow(refusal('ERR_SECRET_REVEALED'))
    const seen = [await house.manager.get(owned(key)), await house.manager.list({ owner: CUSTOMER })]
    expect(JSON.stringify(seen)).not.toContain(secret)
  })
})

describe('Bitcoin Suisse: 3. Expiration, renewal and revocation', () => {
  it('“Your API Key is valid for a limited amount of time”: to the millisecond', async () => {
    const house = open()
    const { key, call } = await createKey(house)
    house.clock.set((key.expiresAt ?? 0) - 1)
    expect(await call(READ)).toBe('allowed')
    house.clock.advance(1)
    expect(await call(READ)).toBe('key_expired')
  })

  it('“a limited amount of time”: nobody gets a key without end, or for longer than a year', async () => {
    const house = open()
    for (const expiresAt of [null, house.clock() + 366 * DAY]) {
      await expect(createKey(house, { expiresAt })).rejects.toThrow(refusal('ERR_POLICY_VIOLATED', 'expiresAt'))
    }
    await expect(createKey(house, { expiresAt: house.clock() + 365 * DAY })).resolves.toBeDefined()
  })

  it('“After this, a new API Key has to be generated”: neither its owner nor the house prolongs the old one', async () => {
    const house = open()
    const { key } = await createKey(house)
    const [mine, { version }] = [owned(key), key]
    for (const waited of [0, 91 * DAY]) {
      house.clock.advance(waited)
      const expiresAt = house.clock() + 100 * DAY
      const byStaff = { ...mine, actor: STAFF, proof: house.code() }
      const ways = [
        () => house.manager.renew({ ...mine, expiresAt, proof: house.code() }),
        () => house.manager.renew({ ...byStaff, expiresAt }),
        () => house.manager.edit({ ...byStaff, version, expiresAt }),
      ]
      for (const way of ways) await expect(way()).rejects.toThrow(refusal('ERR_OPERATION_FORBIDDEN'))
    }
    const { credentials } = await house.manager.rotate({ ...mine, overlapMs: 0, proof: house.code() })
    const signer = credentials === null ? undefined : house.signerOf(credentials)
    expect(await house.call(signer, READ, { account: 'BTCS-CUS-1' })).toBe('key_expired')
  })

  it('“If an API Key expires, you can press the Delete button”: its record goes', async () => {
    const house = open()
    const { key } = await createKey(house)
    house.clock.set(key.expiresAt ?? 0)
    await house.manager.destroy({ ...owned(key), reason: 'expired' })
    expect((await house.manager.list({ owner: CUSTOMER })).keys).toEqual([])
    await expect(house.manager.get(owned(key))).rejects.toThrow(refusal('ERR_KEY_NOT_FOUND'))
  })

  it('“After that, you can create a new key as described in”: with the disclaimer again', async () => {
    const house = open()
    const old = await createKey(house)
    house.clock.set(old.key.expiresAt ?? 0)
    await house.manager.destroy({ ...owned(old.key), reason: 'expired' })
    const { terms: _, ...unread } = form({ proof: '000000' })
    await expect(house.manager.create(unread)).rejects.toThrow(refusal('ERR_TERMS_REQUIRED', 'terms'))
    const { key, call } = await createKey(house)
    expect(key.terms).toEqual({ version: DISCLAIMER, acceptedAt: house.clock() })
    expect(await call(READ)).toBe('allowed')
    expect(await old.call(READ)).toBe('unknown_key')
  })

  it("“You can also delete your API Key any time you wish, for example when it's no longer used or you lost”", async () => {
    const house = open()
    const [unused, other] = [await createKey(house), await createKey(house)]
    await house.manager.destroy({ ...owned(unused.key), reason: 'no longer used' })
    expect(await unused.call(READ)).toBe('unknown_key')
    expect(await other.call(READ)).toBe('allowed')
    await expect(
      house.manager.destroy({ owner: STRANGER, keyId: other.key.keyId, reason: 'not mine' }),
    ).rejects.toThrow(refusal('ERR_KEY_NOT_FOUND'))
  })

  it('“If you want to change the permissions of your API Key, please contact your Relationship Manager”', async () => {
    const house = open()
    const { key, call } = await createKey(house)
    const widen = { ...owned(key), version: key.version, permissions: ['trading'] } as const
    await expect(house.manager.edit({ ...widen, proof: house.code() })).rejects.toThrow(
      refusal('ERR_OPERATION_FORBIDDEN'),
    )
    expect(await call(ORDER)).toBe('permission_denied')
  })

  it('“to configure this for you”: the house does, with its own second factor and below what the customer has', async () => {
    const house = open()
    const { key, call } = await createKey(house)
    const edit = { ...owned(key), version: key.version, actor: STAFF } as const
    await expect(house.manager.edit({ ...edit, permissions: ['trading'] })).rejects.toThrow(
      refusal('ERR_SECOND_FACTOR_REQUIRED', 'proof'),
    )
    await expect(house.manager.edit({ ...edit, accounts: ['BTCS-CUS-9'], proof: house.code() })).rejects.toThrow(
      refusal('ERR_CEILING_EXCEEDED', 'accounts[0]'),
    )
    await house.manager.edit({ ...edit, permissions: ['trading'], proof: house.code() })
    expect(house.approvals.at(-1)).toMatchObject({ actor: STAFF, owner: CUSTOMER, operation: 'edit' })
    expect(await call(ORDER)).toBe('allowed')
    expect(await call(WITHDRAWAL)).toBe('permission_denied')
  })
})

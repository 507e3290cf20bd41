/** Bitcoin Suisse: access that the relationship manager grants, a disclaimer, four rights, and keys that expire. */

import { bitcoinSuisse } from 'keylattice/presets/bitcoin-suisse'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { openHouse } from './houses.mjs'
import { expectAnswer, expectRefusal, expectSame } from './transcript.mjs'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const AUDIENCE = 'api.bitcoin-suisse.example'
const HOUSE = {
  preset: bitcoinSuisse,
  scheme: hmacV1({ audience: AUDIENCE }),
  audience: AUDIENCE,
  routes: {
    'GET /v1/customers/:customer/balances': 'read-only',
    'POST /v1/customers/:customer/orders': 'trading',
    'POST /v1/customers/:customer/withdrawals': 'deposit-withdrawal',
  },
  accountOf: ({ target }) => target.split('/')[3],
  // An institutional client, and the customers that it manages.
  ceiling: { permissions: ['full-access'], accounts: ['c-100', 'c-200', 'c-300'] },
}
const BALANCES = ['GET', '/v1/customers/c-100/balances']
const ORDER = ['POST', '/v1/customers/c-100/orders', { side: 'buy', amount: '0.1', price: '20000' }]
const WITHDRAWAL = ['POST', '/v1/customers/c-100/withdrawals', { asset: 'BTC', amount: '0.1' }]

export async function showBitcoinSuisse({ show }, world) {
  const granted = new Set()
  const house = await openHouse({ ...HOUSE, eligible: owner => granted.has(owner) }, world)
  const owner = house.people.add('a fund')
  const form = { owner: owner.id, label: 'order bot', permissions: ['trading'], ipAllowlist: null, terms: 'disclaimer' }
  /** "Create New", in Settings > API Keys. */
  const create = fields =>
    house.manager.create({ ...form, accounts: ['c-100', 'c-200'], proof: owner.phone.code(), ...fields })
  const stage = { ...house, show, create, owner }
  try {
    await showAccess(stage, () => granted.add(owner.id))
    await showRights(stage)
    const key = await showKey(stage)
    await showEdit(stage, key)
    await showRotation(stage, key)
    await showExpiry(stage, key)
  } finally {
    house.close()
  }
}

async function showAccess({ show, create, owner }, grant) {
  await show('asked for before API access is granted', () => expectRefusal(create(), 'ERR_OWNER_NOT_ELIGIBLE'))
  grant()
  await show('asked for, the disclaimer not confirmed', () =>
    expectRefusal(create({ terms: undefined }), 'ERR_TERMS_REQUIRED'),
  )
  await show('asked for, with somebody else’s customer', () =>
    expectRefusal(create({ accounts: ['c-100', 'c-900'] }), 'ERR_CEILING_EXCEEDED'),
  )
  await show('asked for with a wrong code', () =>
    expectRefusal(create({ proof: owner.phone.wrongCode() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
}

async function showRights({ show, create, receive }) {
  const rights = [
    ['Read Only', 'read-only', [200, 403, 403]],
    ['Trading', 'trading', [200, 200, 403]],
    ['Deposit & Withdrawal', 'deposit-withdrawal', [200, 403, 200]],
    ['Full Access', 'full-access', [200, 200, 200]],
  ]
  for (const [label, right, expected] of rights) {
    await show(`a key with ${label}`, async () => {
      const { call } = receive(await create({ label, permissions: [right] }))
      const [read, order, withdrawal] = await Promise.all([BALANCES, ORDER, WITHDRAWAL].map(it => call(...it)))
      expectSame([read.status, order.status, withdrawal.status], expected)
      return `read ${read.status}, order ${order.status}, withdraw ${withdrawal.status}`
    })
  }
}

/** A key in the hands of a bot. */
async function showKey({ show, manager, create, owner, receive }) {
  const key = { owner: owner.id, keyId: undefined, bot: undefined }
  await show('a key for two customers, with its QR code', async () => {
    const issued = await create()
    key.keyId = issued.key.keyId
    key.bot = receive(issued)
    const { accounts, createdAt, expiresAt } = issued.key
    expectSame(expiresAt - createdAt, 90 * DAY_MS)
    return `${accounts.join(' and ')}, until ${new Date(expiresAt).toISOString().slice(0, 10)}`
  })
  await show('its secret again', () =>
    expectRefusal(manager.reveal({ owner: owner.id, keyId: key.keyId }), 'ERR_SECRET_REVEALED'),
  )
  await show('a signed call', async () => expectAnswer(await key.bot.call(...BALANCES), '200'))
  await show('a customer it is not for', async () =>
    expectAnswer(await key.bot.call('GET', '/v1/customers/c-300/balances'), '403 account_not_allowed'),
  )
  await show('a withdrawal', async () => expectAnswer(await key.bot.call(...WITHDRAWAL), '403 permission_denied'))
  return key
}

async function showEdit({ show, manager, people, owner: { phone } }, { owner, keyId, bot }) {
  const officer = people.add('relationship manager', { role: 'operator' })
  const actor = { role: 'operator', id: officer.id }
  const edit = async asking => {
    const { version } = await manager.get({ owner, keyId })
    return manager.edit({ owner, keyId, version, permissions: ['full-access'], ...asking })
  }
  await show('its rights, changed by the owner', () =>
    expectRefusal(edit({ proof: phone.code() }), 'ERR_OPERATION_FORBIDDEN'),
  )
  await show('its rights, changed by a relationship manager', async () => {
    const { key } = await edit({ actor, proof: officer.phone.code() })
    expectSame(key.permissions, ['full-access'])
    return 'full-access'
  })
  await show('the same, with the owner’s code', () =>
    expectRefusal(edit({ actor, proof: phone.code() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
  await show('a withdrawal, after that', async () => expectAnswer(await bot.call(...WITHDRAWAL), '200'))
}

async function showRotation({ show, manager, clock, receive, owner: { phone } }, key) {
  const { owner, keyId, bot } = key
  await show('rotated with a code', async () => {
    key.bot = receive(await manager.rotate({ owner, keyId, overlapMs: HOUR_MS, proof: phone.code() }))
    return 'a new secret, and an hour to bring it out'
  })
  await show('rotated: its old secret, in that hour', async () => expectAnswer(await bot.call(...BALANCES), '200'))
  clock.advance(HOUR_MS)
  await show('rotated: its old secret, after it', async () =>
    expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials'),
  )
  await show('rotated: its new secret', async () => expectAnswer(await key.bot.call(...BALANCES), '200'))
}

/** "If an API Key expires, you can press the Delete button. After that, you can create a new key." */
async function showExpiry({ show, manager, clock, create, receive, owner: { phone } }, { owner, keyId, bot }) {
  clock.advance(90 * DAY_MS)
  await show('90 days later', async () => expectAnswer(await bot.call(...BALANCES), '401 key_expired'))
  await show('renewed', () =>
    expectRefusal(manager.renew({ owner, keyId, proof: phone.code() }), 'ERR_OPERATION_FORBIDDEN'),
  )
  await show('deleted', async () => {
    await manager.destroy({ owner, keyId, reason: 'it expired' })
    return expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials')
  })
  let fresh
  await show('a new key instead', async () => {
    const { key, credentials } = await create()
    fresh = { keyId: key.keyId, bot: receive({ key, credentials }) }
    return expectAnswer(await fresh.bot.call(...BALANCES), '200')
  })
  await show('revoked', async () => {
    await manager.revoke({ owner, keyId: fresh.keyId, reason: 'no longer used' })
    return expectAnswer(await fresh.bot.call(...BALANCES), '401 key_revoked')
  })
  await show('all deleted, with a code', async () => {
    const { destroyed } = await manager.destroyAll({ owner, reason: 'no longer used', proof: phone.code() })
    expectSame(destroyed, 5)
    return `${destroyed} keys`
  })
}

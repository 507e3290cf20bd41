/** bitexbit: a chain of three rights, up to 16 keys, and withdrawals to the addresses of a white list only. */

import { bitexbit } from 'keylattice/presets/bitexbit'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { openHouse } from './houses.mjs'
import { expectAnswer, expectRefusal, expectSame } from './transcript.mjs'

const MINUTE_MS = 60_000
const AUDIENCE = 'api.bitexbit.example'
const WITHDRAWALS = 'POST /v1/withdrawals'

/** The white list of Address Management, for those who have it switched on. */
const addressBooks = new Map([['ivan', ['BTC bitcoin bc1qown']]])

const HOUSE = {
  preset: bitexbit,
  scheme: hmacV1({ audience: AUDIENCE }),
  audience: AUDIENCE,
  routes: { 'GET /v1/balances': 'read-only', 'POST /v1/orders': 'can-trade', [WITHDRAWALS]: 'can-withdraw' },
  ceiling: { permissions: ['full-access'], accounts: null },
  addressBook: (owner, { asset, network, address }) =>
    addressBooks.get(owner)?.includes(`${asset} ${network} ${address}`) ?? true,
  withdrawalOf: ({ body }, route) => (route === WITHDRAWALS ? readWithdrawal(body) : undefined),
}
const BALANCES = ['GET', '/v1/balances']
const ORDER = ['POST', '/v1/orders', { side: 'buy', amount: '0.1', price: '20000' }]
const withdrawalTo = address => ['POST', '/v1/withdrawals', { asset: 'BTC', network: 'bitcoin', address, amount: '1' }]

/** Where a body sends funds. One that cannot be read sends them nowhere, and is refused to a key that is bound. */
function readWithdrawal(body) {
  try {
    const { asset, network, address } = JSON.parse(new TextDecoder().decode(body))
    return { asset, network, address, memo: null }
  } catch {
    return undefined
  }
}

export async function showBitexbit({ show }, world) {
  const house = await openHouse(HOUSE, world)
  const owner = house.people.add('ivan')
  const form = { owner: owner.id, label: 'bot', accounts: null, ipAllowlist: ['127.0.0.1'] }
  /** "Create key". */
  const create = fields => house.manager.create({ ...form, proof: owner.phone.code(), ...fields })
  const stage = { ...house, show, create, owner }
  try {
    await showChain(stage)
    const key = await showKey(stage)
    await showWithdrawals(stage, key)
    await showEdit(stage, key)
    await showRotation(stage, key)
    await showNumber(stage, key)
  } finally {
    house.close()
  }
}

async function showChain({ show, create, receive, owner: { phone } }) {
  await show('asked for with a wrong code', () =>
    expectRefusal(create({ permissions: ['read-only'], proof: phone.wrongCode() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
  const chain = [
    ['read-only', [200, 403, 403]],
    ['can-trade', [200, 200, 403]],
    ['can-withdraw', [200, 200, 200]],
  ]
  for (const [right, expected] of chain) {
    await show(`a key that has ${right}`, async () => {
      const { call } = receive(await create({ label: right, permissions: [right] }))
      const requests = [BALANCES, ORDER, withdrawalTo('bc1qown')]
      const [read, order, withdrawal] = await Promise.all(requests.map(it => call(...it)))
      expectSame([read.status, order.status, withdrawal.status], expected)
      return `read ${read.status}, order ${order.status}, withdraw ${withdrawal.status}`
    })
  }
  await show('a key for 203.0.113.7, from 127.0.0.1', async () => {
    const { call } = receive(await create({ permissions: ['read-only'], ipAllowlist: ['203.0.113.7'] }))
    return expectAnswer(await call(...BALANCES), '403 ip_not_allowed')
  })
}

/** "Copy and save the Access Key and Private Key". */
async function showKey({ show, manager, create, receive, owner: { id: owner } }) {
  const key = { owner, keyId: undefined, bot: undefined }
  await show('access key and private key, with a QR code', async () => {
    const issued = await create({ permissions: ['can-withdraw'] })
    key.keyId = issued.key.keyId
    key.bot = receive(issued)
    return 'scanned by a client'
  })
  await show('its private key again', () =>
    expectRefusal(manager.reveal({ owner, keyId: key.keyId }), 'ERR_SECRET_REVEALED'),
  )
  return key
}

async function showWithdrawals({ show, manager, people, receive }, { bot }) {
  await show('a withdrawal to the white list', async () =>
    expectAnswer(await bot.call(...withdrawalTo('bc1qown')), '200'),
  )
  await show('a withdrawal to another address', async () =>
    expectAnswer(await bot.call(...withdrawalTo('bc1qthief')), '403 address_not_allowed'),
  )
  await show('the same address, in capitals', async () =>
    expectAnswer(await bot.call(...withdrawalTo('BC1QOWN')), '403 address_not_allowed'),
  )
  await show('one without Address Management: anywhere', async () => {
    const { id } = people.add('jana', { hasPhone: false })
    const form = { owner: id, label: 'bot', permissions: ['full-access'], accounts: null, ipAllowlist: null }
    return expectAnswer(await receive(await manager.create(form)).call(...withdrawalTo('bc1qthief')), '200')
  })
}

async function showEdit({ show, manager, owner: { phone } }, { owner, keyId, bot }) {
  const edit = async asking => {
    const { version } = await manager.get({ owner, keyId })
    return manager.edit({ owner, keyId, version, permissions: ['can-trade'], ...asking })
  }
  await show('edited without a code', () => expectRefusal(edit(), 'ERR_SECOND_FACTOR_REQUIRED'))
  await show('edited with a code: trade, not withdraw', async () => {
    await edit({ proof: phone.code() })
    return expectAnswer(await bot.call(...withdrawalTo('bc1qown')), '403 permission_denied')
  })
}

async function showRotation({ show, manager, receive, owner: { phone } }, key) {
  const { owner, keyId, bot } = key
  await show('rotated with a code', async () => {
    key.bot = receive(await manager.rotate({ owner, keyId, overlapMs: 0, proof: phone.code() }))
    return expectAnswer(await key.bot.call(...BALANCES), '200')
  })
  await show('rotated: its old private key', async () =>
    expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials'),
  )
}

/** "You can create up to 16 API keys." */
async function showNumber({ show, manager, clock, create, receive }, { owner, keyId, bot }) {
  const next = () => {
    // A few each hour, as the second factor has it.
    clock.advance(5 * MINUTE_MS)
    return create({ permissions: ['read-only'] })
  }
  let last
  await show('sixteen keys', async () => {
    for (let { keys } = await manager.list({ owner }); keys.length < 16; { keys } = await manager.list({ owner })) {
      last = await next()
    }
    last = receive(last)
    return expectAnswer(await last.call(...BALANCES), '200')
  })
  await show('a seventeenth', () => expectRefusal(next(), 'ERR_KEY_LIMIT'))
  await show('revoked', async () => {
    await manager.revoke({ owner, keyId, reason: 'making room' })
    return expectAnswer(await bot.call(...BALANCES), '401 key_revoked')
  })
  await show('deleted', async () => {
    await manager.destroy({ owner, keyId, reason: 'making room' })
    return expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials')
  })
  await show('a seventeenth, after that', async () =>
    expectAnswer(await receive(await next()).call(...BALANCES), '200'),
  )
  await show('all deleted', async () => {
    const { destroyed } = await manager.destroyAll({ owner, reason: 'moving on' })
    expectSame(destroyed, 16)
    return `${destroyed} keys`
  })
  await show('all deleted: the last one', async () =>
    expectAnswer(await last.call(...BALANCES), '401 invalid_credentials'),
  )
}

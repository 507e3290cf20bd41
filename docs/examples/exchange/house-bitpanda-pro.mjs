/** Bitpanda Pro: any combination of three rights, up to five addresses, a code, and a link that is good for 30 minutes. */

import { acceptUncovered } from 'keylattice/insecure'
import { bitpandaPro } from 'keylattice/presets/bitpanda-pro'
import { openHouse } from './houses.mjs'
import { expectAnswer, expectRefusal, expectSame } from './transcript.mjs'

const MINUTE_MS = 60_000
const UNCOVERED = ['method', 'host', 'path', 'query', 'content-type', 'body']
const HOUSE = {
  preset: bitpandaPro,
  scheme: acceptUncovered(bitpandaPro.scheme(), UNCOVERED),
  routes: {
    'GET /public/v1/account/balances': 'read',
    'POST /public/v1/account/orders': 'trade',
    'DELETE /public/v1/account/orders/:id': 'trade',
    'POST /public/v1/account/withdraw/crypto': 'withdraw',
  },
  ceiling: { permissions: ['read', 'trade', 'withdraw'], accounts: null },
}
const BALANCES = ['GET', '/public/v1/account/balances']
const ORDER = ['POST', '/public/v1/account/orders', { instrument_code: 'BTC_EUR', side: 'BUY', amount: '0.1' }]
const CANCELLATION = ['DELETE', '/public/v1/account/orders/1001']
const WITHDRAWAL = ['POST', '/public/v1/account/withdraw/crypto', { currency: 'BTC', amount: '0.1' }]
const FIVE = ['127.0.0.1', '203.0.113.7', '203.0.113.8', '2001:db8::1', '2001:db8::2']
const FORM = { label: 'order bot', permissions: ['trade', 'withdraw'], accounts: null, ipAllowlist: FIVE }

export async function showBitpandaPro({ show }, world) {
  const house = await openHouse(HOUSE, world)
  const stage = { ...house, show, owner: house.people.add('dora') }
  try {
    const keyId = await showRequest(stage)
    await showLinks(stage, { owner: 'dora', keyId })
    const key = await showKey(stage, { owner: 'dora', keyId })
    await showEdit(stage, key)
    await showRotation(stage, key)
    await showEnd(stage, key)
  } finally {
    house.close()
  }
}

async function showRequest({ show, manager, people, owner: { id: owner, phone } }) {
  const form = { ...FORM, owner }
  let keyId
  await show('asked for with a sixth address', () =>
    expectRefusal(
      manager.request({ ...form, ipAllowlist: [...FIVE, '203.0.113.9'], proof: phone.code() }),
      'ERR_POLICY_VIOLATED',
    ),
  )
  await show('asked for with a range of addresses', () =>
    expectRefusal(
      manager.request({ ...form, ipAllowlist: ['203.0.113.0/24'], proof: phone.code() }),
      'ERR_POLICY_VIOLATED',
    ),
  )
  await show('asked for with a wrong code', () =>
    expectRefusal(manager.request({ ...form, proof: phone.wrongCode() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
  await show('asked for: trade and withdraw, five addresses', async () => {
    const { key } = await manager.request({ ...form, proof: phone.code() })
    keyId = key.keyId
    expectSame([key.state, key.ipAllowlist.length], ['pending', 5])
    return key.state
  })
  await show('asked for by one without a second factor', async () => {
    const { id } = people.add('emil', { hasPhone: false })
    const { key, mailed } = await manager.request({ ...form, owner: id })
    expectSame([key.state, mailed], ['pending', true])
    return `${key.state}: the mail is needed all the same`
  })
  return keyId
}

async function showLinks({ show, manager, mailbox, clock }, owned) {
  let older
  await show('the link, sent anew', async () => {
    await manager.resend(owned)
    older = mailbox.latest()
    await manager.resend(owned)
    return 'and once more'
  })
  await show('the link of the mail before', () =>
    expectRefusal(manager.confirm({ token: older }), 'ERR_CONFIRMATION_INVALID'),
  )
  clock.advance(30 * MINUTE_MS)
  await show('the latest link, after 30 minutes', () =>
    expectRefusal(manager.confirm({ token: mailbox.latest() }), 'ERR_CONFIRMATION_INVALID'),
  )
  await show('its secret, before it is confirmed', () => expectRefusal(manager.reveal(owned), 'ERR_KEY_STATE'))
  await show('a new link, confirmed in time', async () => {
    await manager.resend(owned)
    clock.advance(29 * MINUTE_MS)
    const { key } = await manager.confirm({ token: mailbox.latest() })
    expectSame(key.state, 'active')
    return key.state
  })
  await show('the same link again', () =>
    expectRefusal(manager.confirm({ token: mailbox.latest() }), 'ERR_CONFIRMATION_INVALID'),
  )
}

/** A key in the hands of a bot. */
async function showKey({ show, manager, receive }, owned) {
  const key = { ...owned, bot: undefined }
  await show('its secret, shown with a QR code', async () => {
    key.bot = receive(await manager.reveal(owned))
    return 'scanned by a client'
  })
  await show('its secret again', () => expectRefusal(manager.reveal(owned), 'ERR_SECRET_REVEALED'))
  await show('a signed call: POST an order', async () => expectAnswer(await key.bot.call(...ORDER), '200'))
  await show('a signed call: DELETE it', async () => expectAnswer(await key.bot.call(...CANCELLATION), '200'))
  await show('a signed call: withdraw', async () => expectAnswer(await key.bot.call(...WITHDRAWAL), '200'))
  await show('a signed call: GET, which is not in it', async () =>
    expectAnswer(await key.bot.call(...BALANCES), '403 permission_denied'),
  )
  return key
}

async function showEdit({ show, manager, mailbox, owner: { phone } }, { owner, keyId, bot }) {
  const edit = async change => {
    const { version } = await manager.get({ owner, keyId })
    return manager.edit({ owner, keyId, version, proof: phone.code(), ...change })
  }
  await show('edited with a wrong code', () =>
    expectRefusal(edit({ permissions: ['read'], proof: phone.wrongCode() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
  await show('edited to read and trade: code and mail', async () => {
    await edit({ permissions: ['read', 'trade'] })
    return expectAnswer(await bot.call(...BALANCES), '403 permission_denied')
  })
  await show('edited: the link', async () => {
    const { key } = await manager.confirm({ token: mailbox.latest() })
    expectSame(key.permissions, ['read', 'trade'])
    return 'read and trade'
  })
  await show('edited: GET', async () => expectAnswer(await bot.call(...BALANCES), '200'))
  await show('edited: withdraw', async () => expectAnswer(await bot.call(...WITHDRAWAL), '403 permission_denied'))
}

async function showRotation({ show, manager, mailbox, receive, owner: { phone } }, key) {
  const { owner, keyId, bot } = key
  await show('rotated, since it leaked: code, mail, link', async () => {
    await manager.rotate({ owner, keyId, overlapMs: 0, proof: phone.code() })
    key.bot = receive(await manager.confirm({ token: mailbox.latest() }))
    return expectAnswer(await key.bot.call(...BALANCES), '200')
  })
  await show('rotated: its old secret', async () =>
    expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials'),
  )
}

async function showEnd({ show, manager, mailbox, receive, owner: { phone } }, { owner, keyId, bot }) {
  await show('revoked, since it was lost', async () => {
    await manager.revoke({ owner, keyId, reason: 'lost' })
    return expectAnswer(await bot.call(...BALANCES), '401 key_revoked')
  })
  await show('deleted', async () => {
    await manager.destroy({ owner, keyId, reason: 'lost' })
    return expectAnswer(await bot.call(...BALANCES), '401 invalid_credentials')
  })
  await show('deleted: it cannot be retrieved', () => expectRefusal(manager.get({ owner, keyId }), 'ERR_KEY_NOT_FOUND'))
  await show('a new key instead: code, mail, link', async () => {
    const { key } = await manager.request({ ...FORM, owner, proof: phone.code() })
    await manager.confirm({ token: mailbox.latest() })
    const { call } = receive(await manager.reveal({ owner, keyId: key.keyId }))
    return expectAnswer(await call(...ORDER), '200')
  })
  await show('all deleted, without a code', () =>
    expectRefusal(manager.destroyAll({ owner, reason: 'moving on' }), 'ERR_SECOND_FACTOR_REQUIRED'),
  )
  await show('all deleted, with a code', async () => {
    const { destroyed } = await manager.destroyAll({ owner, reason: 'moving on', proof: phone.code() })
    expectSame(destroyed, 1)
    return `${destroyed} key`
  })
}

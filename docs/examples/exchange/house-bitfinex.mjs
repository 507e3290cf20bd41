/** Bitfinex: a default configuration, a code, a link that works in the same browser only, credentials as a QR code. */

import { acceptUncovered } from 'keylattice/insecure'
import { bitfinex } from 'keylattice/presets/bitfinex'
import { scan } from './camera.mjs'
import { newCookie, openHouse } from './houses.mjs'
import { expectAnswer, expectRefusal, expectSame } from './transcript.mjs'

const HOUR_MS = 3_600_000
const HOUSE = {
  preset: bitfinex,
  scheme: acceptUncovered(bitfinex.scheme(), ['method', 'host', 'query', 'content-type']),
  routes: {
    'POST /v2/auth/r/wallets': 'wallets:read',
    'POST /v2/auth/w/order/submit': 'orders:write',
  },
  ceiling: { permissions: bitfinex.permissions.names, accounts: null },
}
const WALLETS = ['POST', '/v2/auth/r/wallets', {}]
const ORDER = ['POST', '/v2/auth/w/order/submit', { symbol: 'tBTCUSD', amount: '0.5', price: '20000' }]

export async function showBitfinex(transcript, world) {
  const house = await openHouse(HOUSE, world)
  const owner = house.people.add('gale')
  try {
    const keyId = await showRequest(transcript, house, owner)
    const bot = await showReveal(transcript, house, { owner: owner.id, keyId })
    await showEdit(transcript, house, { owner, keyId, bot })
    const renewed = await showRotation(transcript, house, { owner, keyId, bot })
    await showEnd(transcript, house, { owner, keyId, bot: renewed })
  } finally {
    house.close()
  }
}

async function showRequest({ show }, { manager, mailbox }, { id: owner, phone, browser }) {
  const form = {
    owner,
    label: 'phone app',
    permissions: bitfinex.defaultPermissions,
    accounts: null,
    ipAllowlist: null,
  }
  let keyId
  await show('asked for without a code', () =>
    expectRefusal(manager.request({ ...form, browser }), 'ERR_SECOND_FACTOR_REQUIRED'),
  )
  await show('asked for with a wrong code', () =>
    expectRefusal(manager.request({ ...form, browser, proof: phone.wrongCode() }), 'ERR_SECOND_FACTOR_REFUSED'),
  )
  await show('asked for: default configuration, label, code', async () => {
    const { key, mailed } = await manager.request({ ...form, browser, proof: phone.code() })
    keyId = key.keyId
    expectSame([key.state, mailed, key.permissions], ['pending', true, bitfinex.defaultPermissions])
    return `${key.state}: ${key.permissions.length} areas to read`
  })
  await show('its secret, before it is confirmed', () =>
    expectRefusal(manager.reveal({ owner, keyId }), 'ERR_KEY_STATE'),
  )
  await show('the link in another browser', () =>
    expectRefusal(manager.confirm({ token: mailbox.latest(), browser: newCookie() }), 'ERR_CONFIRMATION_INVALID'),
  )
  await show('the link, opened: GET does nothing', async () => {
    const { operation } = await manager.inspect({ token: mailbox.latest(), browser })
    const { state } = await manager.get({ owner, keyId })
    expectSame([operation, state], ['request', 'pending'])
    return `it would ${operation} the key, which is still ${state}`
  })
  await show('the link, confirmed in the same browser', async () => {
    const { key } = await manager.confirm({ token: mailbox.latest(), browser })
    expectSame(key.state, 'active')
    return key.state
  })
  await show('the link once more', () =>
    expectRefusal(manager.confirm({ token: mailbox.latest(), browser }), 'ERR_CONFIRMATION_INVALID'),
  )
  return keyId
}

async function showReveal({ show, note }, { manager, handOver, connect }, owned) {
  let shown
  let bot
  await show('its credentials, as text and as a QR code', async () => {
    shown = handOver(await manager.reveal(owned))
    note(`${shown.uri}\n${shown.drawn}`)
    return `${shown.uri.length} characters`
  })
  await show('its credentials again', () => expectRefusal(manager.reveal(owned), 'ERR_SECRET_REVEALED'))
  await show('the QR code, scanned by a client', async () => {
    const scanned = scan(shown.drawn)
    expectSame(scanned, shown.uri)
    bot = connect(scanned)
    return 'the same text'
  })
  await show('a signed call', async () => expectAnswer(await bot.call(...WALLETS), '200'))
  await show('the same bytes again', async () => {
    const signed = await bot.sign(...WALLETS)
    await bot.send(signed)
    return expectAnswer(await bot.send(signed), '401 replayed')
  })
  await show('an order, which it may not write', async () =>
    expectAnswer(await bot.call(...ORDER), '403 permission_denied'),
  )
  return bot
}

async function showEdit({ show }, { manager }, { owner: { id: owner, phone }, keyId, bot }) {
  const permissions = [...bitfinex.defaultPermissions, 'orders:write']
  let proof
  await show('edited without a code', async () => {
    const { version } = await manager.get({ owner, keyId })
    return expectRefusal(manager.edit({ owner, keyId, version, permissions }), 'ERR_SECOND_FACTOR_REQUIRED')
  })
  await show('edited with a code: orders, written', async () => {
    const { version } = await manager.get({ owner, keyId })
    proof = phone.code()
    const { key } = await manager.edit({ owner, keyId, version, permissions, proof })
    expectSame(key.permissions, permissions)
    return `${permissions.length - 1} areas to read, one to write`
  })
  await show('edited with the same code', async () => {
    const { version } = await manager.get({ owner, keyId })
    return expectRefusal(manager.edit({ owner, keyId, version, label: 'x', proof }), 'ERR_SECOND_FACTOR_REFUSED')
  })
  await show('edited by somebody who saw it as it was', () =>
    expectRefusal(manager.edit({ owner, keyId, version: 1, label: 'x', proof }), 'ERR_KEY_CONFLICT'),
  )
  await show('an order, which it may write now', async () => expectAnswer(await bot.call(...ORDER), '200'))
}

async function showRotation({ show }, { clock, manager, mailbox, receive }, { owner, keyId, bot }) {
  const { id, phone, browser } = owner
  let renewed
  await show('rotated: code and mail', async () => {
    const { key } = await manager.rotate({ owner: id, keyId, overlapMs: HOUR_MS, proof: phone.code(), browser })
    expectSame(key.awaits.operation, 'rotate')
    return 'nothing changes before the link is confirmed'
  })
  await show('rotated: the link in another browser', () =>
    expectRefusal(manager.confirm({ token: mailbox.latest(), browser: newCookie() }), 'ERR_CONFIRMATION_INVALID'),
  )
  await show('rotated: the link in the same browser', async () => {
    renewed = receive(await manager.confirm({ token: mailbox.latest(), browser }))
    return 'new credentials, scanned too'
  })
  await show('rotated: its new secret', async () => expectAnswer(await renewed.call(...WALLETS), '200'))
  await show('rotated: its old secret, in the overlap', async () => expectAnswer(await bot.call(...WALLETS), '200'))
  clock.advance(HOUR_MS)
  await show('rotated: its old secret, after it', async () =>
    expectAnswer(await bot.call(...WALLETS), '401 invalid_credentials'),
  )
  return renewed
}

async function showEnd({ show }, { manager }, { owner: { id: owner, phone }, keyId, bot }) {
  await show('in the list', async () => {
    const { keys } = await manager.list({ owner })
    expectSame(keys.length, 1)
    expectSame('secrets' in keys[0], false)
    return `“${keys[0].label}”, ${keys[0].state}, without its secret`
  })
  await show('revoked', async () => {
    await manager.revoke({ owner, keyId, reason: 'not recorded' })
    return expectAnswer(await bot.call(...WALLETS), '401 key_revoked')
  })
  await show('all deleted, without a code', () =>
    expectRefusal(manager.destroyAll({ owner, reason: 'tidying up' }), 'ERR_SECOND_FACTOR_REQUIRED'),
  )
  await show('all deleted', async () => {
    const { destroyed } = await manager.destroyAll({ owner, reason: 'tidying up', proof: phone.code() })
    expectSame(destroyed, 1)
    return `${destroyed} key`
  })
  await show('all deleted: the key', () => expectRefusal(manager.get({ owner, keyId }), 'ERR_KEY_NOT_FOUND'))
}

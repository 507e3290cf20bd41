/** Bots that know nothing of Keylattice: ccxt, unmodified, with nothing changed but where it sends its requests. */

import ccxt from 'ccxt'
import { expectRejection, expectSame } from './transcript.mjs'

const SYMBOL = 'BTC/USD'

/**
 * A ccxt instance whose addresses are ours; paths, dialect, signing and pace are its own.
 *
 * @param known a bot that has loaded the markets already
 */
function createBot(house, { origin, known }, { keyId, secret }) {
  const bot = new ccxt[house]({ apiKey: keyId, secret })
  if (known !== undefined) bot.setMarkets(known.markets, known.currencies)
  for (const [name, url] of Object.entries(bot.urls.api)) {
    bot.urls.api[name] = origin + new URL(url).pathname.replace(/\/$/, '')
  }
  return bot
}

async function usd(bot) {
  const { free, used, total } = (await bot.fetchBalance()).USD
  return { free, used, total }
}

export async function showBot(house, { show }, { origin, deposit, issue, revoke }) {
  const key = await issue(`${house} bot`, { permissions: ['trade'], scheme: house })
  const bot = createBot(house, { origin }, key)
  let before
  let order

  await show('fetchBalance', async () => {
    before = await usd(bot)
    expectSame(before.total, deposit)
    return `${before.free} USD free`
  })
  await show('createOrder: buy 0.5 BTC at 20000', async () => {
    order = await bot.createOrder(SYMBOL, 'limit', 'buy', 0.5, 20000)
    expectSame([order.side, order.amount, order.price, order.status], ['buy', 0.5, 20000, 'open'])
    const { free, used, total } = before
    expectSame(await usd(bot), { free: free - 10_000, used: used + 10_000, total })
    return `order ${order.id} is open and reserves 10000 USD`
  })
  await show('createOrder: buy 100 BTC at 20000', () =>
    expectRejection(bot.createOrder(SYMBOL, 'limit', 'buy', 100, 20000), 'InsufficientFunds'),
  )
  await show('cancelOrder', async () => {
    const { id, status } = await bot.cancelOrder(order.id, SYMBOL)
    expectSame([id, status], [order.id, 'canceled'])
    expectSame(await usd(bot), before)
    return `order ${id} is cancelled and reserves nothing`
  })
  await showRefusals(house, { show }, { at: { origin, known: bot }, issue, revoke, key })
}

async function showRefusals(house, { show }, { at, issue, revoke, key }) {
  const reader = createBot(house, at, await issue(`${house} reader`, { permissions: ['read'], scheme: house }))
  await show('a key that may read: fetchBalance', async () => `${(await usd(reader)).free} USD free`)
  await show('a key that may read: createOrder', () =>
    expectRejection(reader.createOrder(SYMBOL, 'limit', 'buy', 0.5, 20000), 'PermissionDenied'),
  )
  await show('a wrong secret: fetchBalance', () =>
    expectRejection(createBot(house, at, { ...key, secret: `${key.secret}x` }).fetchBalance(), 'AuthenticationError'),
  )
  await revoke(key)
  await show('a revoked key, after a restart: fetchBalance', () =>
    expectRejection(createBot(house, at, key).fetchBalance(), 'AuthenticationError'),
  )
}

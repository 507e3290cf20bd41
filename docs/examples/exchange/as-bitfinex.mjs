/** As much of Bitfinex's REST v2 as ccxt uses for balances and orders. */

import { publicRoute } from 'keylattice'

export const routes = {
  'GET /v2/conf/:config': publicRoute,
  'POST /v2/auth/r/wallets': 'read',
  'POST /v2/auth/w/order/submit': 'trade',
  'POST /v2/auth/w/order/cancel': 'trade',
}

const CONFIG = {
  'pub:info:pair': [['BTCUSD', [null, null, null, '0.0001', '1000', null, null, null, null, null, null, null]]],
  'pub:list:currency': ['BTC', 'USD'],
}

export const operations = {
  'GET /v2/conf/:config': ({ path }) =>
    path
      .slice('/v2/conf/'.length)
      .split(',')
      .map(name => CONFIG[name] ?? []),
  'POST /v2/auth/r/wallets': ({ ledger, owner }) =>
    ledger
      .balances(owner)
      .map(({ asset, total, free }) => ['exchange', asset, Number(total), 0, Number(free), null, null]),
  'POST /v2/auth/w/order/submit': ({ ledger, owner, body, now }) => {
    const { amount, price } = JSON.parse(body)
    const side = amount.startsWith('-') ? 'sell' : 'buy'
    const order = ledger.place(owner, { side, amount: amount.replace('-', ''), price })
    return [now, 'on-req', null, null, [show(order, now)], null, 'SUCCESS', 'Submitting 1 orders.']
  },
  'POST /v2/auth/w/order/cancel': ({ ledger, owner, body, now }) => {
    const order = ledger.cancel(owner, JSON.parse(body).id)
    return [now, 'oc-req', null, null, show(order, now), null, 'SUCCESS', 'Submitted for cancellation.']
  },
}

const FAILURES = {
  insufficient_balance: [10001, 'Invalid order: not enough exchange balance'],
  order_not_found: [10001, 'Order not found.'],
  invalid_order: [10001, 'Invalid order.'],
}

export function failure({ code }) {
  return { status: 500, body: ['error', ...FAILURES[code]] }
}

export { bitfinexAnswer as refusal } from 'keylattice/schemes/bitfinex'

/** @see https://docs.bitfinex.com/reference/rest-auth-submit-order for what stands where */
function show({ id, side, amount, price, status }, now) {
  const signed = Number(side === 'sell' ? `-${amount}` : amount)
  const state = status === 'open' ? 'ACTIVE' : 'CANCELED'
  const head = [id, null, now, 'tBTCUSD', now, now, signed, signed, 'EXCHANGE LIMIT', null, null, null, 0, state]
  return [
    ...head,
    null,
    null,
    Number(price),
    0,
    0,
    0,
    null,
    null,
    null,
    0,
    0,
    null,
    null,
    null,
    'API>BFX',
    null,
    null,
    {},
  ]
}

/** As much of Binance's REST API as ccxt uses for balances and orders. */

import { DENIALS, publicRoute } from 'keylattice'
import { binanceAnswer } from 'keylattice/schemes/binance'

export const routes = {
  'GET /api/v3/exchangeInfo': publicRoute,
  'GET /fapi/v1/exchangeInfo': publicRoute,
  'GET /dapi/v1/exchangeInfo': publicRoute,
  'GET /sapi/v1/capital/config/getall': 'read',
  'GET /sapi/v1/margin/allPairs': 'read',
  'GET /sapi/v1/margin/isolated/allPairs': 'read',
  'GET /api/v3/account': 'read',
  'POST /api/v3/order': 'trade',
  'DELETE /api/v3/order': 'trade',
}

const MARKET = {
  ...{ symbol: 'BTCUSD', status: 'TRADING', isSpotTradingAllowed: true, permissions: ['SPOT'] },
  ...{ baseAsset: 'BTC', baseAssetPrecision: 8, quoteAsset: 'USD', quoteAssetPrecision: 8, orderTypes: ['LIMIT'] },
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '1000000', tickSize: '0.01' },
    { filterType: 'LOT_SIZE', minQty: '0.0001', maxQty: '1000', stepSize: '0.0001' },
  ],
}

const nothing = () => []
const noMarkets = () => ({ symbols: [] })

export const operations = {
  'GET /api/v3/exchangeInfo': () => ({ symbols: [MARKET] }),
  'GET /fapi/v1/exchangeInfo': noMarkets,
  'GET /dapi/v1/exchangeInfo': noMarkets,
  'GET /sapi/v1/capital/config/getall': nothing,
  'GET /sapi/v1/margin/allPairs': nothing,
  'GET /sapi/v1/margin/isolated/allPairs': nothing,
  'GET /api/v3/account': ({ ledger, owner, now }) => ({
    updateTime: now,
    balances: ledger.balances(owner).map(({ asset, free, reserved }) => ({ asset, free, locked: reserved })),
  }),
  'POST /api/v3/order': ({ ledger, owner, body, now }) => {
    const { side = '', quantity, price } = Object.fromEntries(new URLSearchParams(body))
    return show(ledger.place(owner, { side: side.toLowerCase(), amount: quantity, price }), now)
  },
  'DELETE /api/v3/order': ({ ledger, owner, query, now }) =>
    show(ledger.cancel(owner, Number(new URLSearchParams(query).get('orderId'))), now),
}

const FAILURES = {
  insufficient_balance: { code: -2010, msg: 'Account has insufficient balance for requested action.' },
  order_not_found: { code: -2011, msg: 'Unknown order sent.' },
  invalid_order: { code: -1013, msg: 'Invalid quantity.' },
}

export function failure({ code }) {
  return { status: 400, body: FAILURES[code] }
}

/** ccxt takes Binance's code for a missing permission for an overload once it has been let in. */
const UNAUTHORIZED = JSON.stringify({ code: -1002, msg: 'You are not authorized to execute this request.' })

export function refusal(denied) {
  const answer = binanceAnswer(denied)
  return DENIALS[denied.denial].wire === 'permission_denied' ? { ...answer, body: UNAUTHORIZED } : answer
}

function show({ id, side, amount, price, status }, now) {
  return {
    ...{ symbol: 'BTCUSD', orderId: id, transactTime: now, price, origQty: amount, executedQty: '0' },
    ...{ cummulativeQuoteQty: '0', status: status === 'open' ? 'NEW' : 'CANCELED', timeInForce: 'GTC', type: 'LIMIT' },
    side: side.toUpperCase(),
  }
}

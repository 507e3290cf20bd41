/** The house's own API: plain JSON, signed with hmac-v1. Refusals are the library's problem details. */

import { publicRoute } from 'keylattice'

export const routes = {
  'GET /v1/time': publicRoute,
  'GET /v1/balances': 'read',
  'POST /v1/orders': 'trade',
  'DELETE /v1/orders/:id': 'trade',
}

export const operations = {
  'GET /v1/time': ({ now }) => ({ serverTime: now }),
  'GET /v1/balances': ({ ledger, owner }) => ledger.balances(owner),
  'POST /v1/orders': ({ ledger, owner, body }) => show(ledger.place(owner, JSON.parse(body))),
  'DELETE /v1/orders/:id': ({ ledger, owner, path }) => show(ledger.cancel(owner, Number(path.split('/').at(-1)))),
}

export function failure({ code }) {
  return { status: 422, body: { code } }
}

function show({ id, side, amount, price, status }) {
  return { id, side, amount, price, status }
}

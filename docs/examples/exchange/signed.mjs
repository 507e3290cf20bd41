/** Requests signed with the house's own scheme: what passes, and every way not to. */

import { createSignedFetch, createSigner } from 'keylattice/client'
import { schemes } from './exchange.mjs'
import { expectAnswer } from './transcript.mjs'

const ORDER = { side: 'buy', amount: '0.1', price: '20000' }
const MINUTE_MS = 60_000

export const BALANCES = { method: 'GET', target: '/v1/balances' }

/** A client that holds one key. */
export function createClient(origin, { keyId, secret }, clock = Date.now) {
  const signer = createSigner({ scheme: schemes.own, keyId, secret, clock })
  return { signer, call: async request => send(origin, await signer.sign(request)) }
}

export function send(origin, { method, target, headers, body }) {
  return fetch(origin + target, { method, headers, body: body.length > 0 ? body : null })
}

export function placeOrder(order = ORDER) {
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', target: '/v1/orders', headers, body: JSON.stringify(order) }
}

export async function showSignedRequests({ show }, { origin, issue }) {
  const trader = await issue('trader', { permissions: ['trade'] })
  const { signer, call } = createClient(origin, trader)

  await show('a signed call', async () => expectAnswer(await call(BALANCES), '200'))
  const sent = await signer.sign(placeOrder())
  let order
  await show('a signed order', async () => {
    const response = await send(origin, sent)
    order = await response.clone().json()
    return expectAnswer(response, '200')
  })
  await show('the same bytes again', async () => expectAnswer(await send(origin, sent), '401 replayed'))
  await show('the order cancelled', async () =>
    expectAnswer(await call({ method: 'DELETE', target: `/v1/orders/${order.id}` }), '200'),
  )
  await show('a body altered on the way', async () => {
    const signed = await signer.sign(placeOrder())
    const body = JSON.stringify({ ...ORDER, amount: '0.9' })
    return expectAnswer(await send(origin, { ...signed, body }), '401 invalid_credentials')
  })
  await show('no key at all', async () => expectAnswer(await fetch(`${origin}/v1/balances`), '401 missing_credentials'))
  await show('a route nobody declared', async () =>
    expectAnswer(await call({ method: 'GET', target: '/v1/admin' }), '403 route_not_declared'),
  )

  const reader = createClient(origin, await issue('reader', { permissions: ['read'] }))
  await show('a key that may read, reading', async () => expectAnswer(await reader.call(BALANCES), '200'))
  await show('a key that may read, trading', async () =>
    expectAnswer(await reader.call(placeOrder()), '403 permission_denied'),
  )
  await showAddresses({ show }, { origin, issue })
  await showClocks({ show }, { origin, trader: await issue('slow clock', { permissions: ['trade'] }) })
}

async function showAddresses({ show }, { origin, issue }) {
  const here = createClient(origin, await issue('here', { permissions: ['read'], ipAllowlist: ['127.0.0.0/24'] }))
  const there = createClient(origin, await issue('there', { permissions: ['read'], ipAllowlist: ['203.0.113.7'] }))
  await show('a key for 127.0.0.0/24, from 127.0.0.1', async () => expectAnswer(await here.call(BALANCES), '200'))
  await show('a key for 203.0.113.7, from 127.0.0.1', async () =>
    expectAnswer(await there.call(BALANCES), '403 ip_not_allowed'),
  )
}

async function showClocks({ show }, { origin, trader }) {
  const slow = createClient(origin, trader, () => Date.now() - MINUTE_MS)
  await show('a clock a minute slow', async () =>
    expectAnswer(await slow.call(BALANCES), '401 timestamp_outside_window'),
  )
  await show('the same clock, set by that answer', async () => {
    const signedFetch = createSignedFetch({ signer: slow.signer, baseUrl: origin })
    return expectAnswer(await signedFetch('/v1/balances'), '200')
  })
}

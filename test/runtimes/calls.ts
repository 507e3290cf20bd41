/** What a client asks of a house: sent over a network, or handed to its function, in any runtime. */

import { createSignedFetch, createSigner, type SignedRequest } from '../../src/client/index.js'
import { type HouseKey, type HouseKeys, MAX_BODY_BYTES, scheme } from './house.js'
import { type Capability, type Check, expect, expectSame } from './suite/check.js'

export interface Target {
  readonly origin: string
  /** Whether it tells the house where requests come from. */
  readonly knowsAddress: boolean
  readonly send: (url: string, init: RequestInit) => Promise<Response>
}

/** One visit: a house, with keys of its own. */
interface Visit extends Target {
  readonly keys: HouseKeys
}

const ORDER = '{"side":"buy","market":"BTC-EUR","note":"ü 🔑"}'
const JSON_TYPE = { 'content-type': 'application/json' }
const PLACE = { method: 'POST', target: '/v1/orders?dry=1&note=a%20b%2Bc', headers: JSON_TYPE, body: ORDER }
const BALANCE = { method: 'GET', target: '/v1/balance' }
const HOUR = 3_600_000

/** The same calls to every house. */
export function callChecks(capability: Capability, visit: () => Target): readonly Check[] {
  const made = new Map<Target, Promise<HouseKeys>>()
  const arrive = async (): Promise<Visit> => {
    const target = visit()
    const keys = made.get(target) ?? askKeys(target)
    made.set(target, keys)
    return { ...target, keys: await keys }
  }
  return Object.entries(CALLS).map(([name, call]) => ({ capability, name, run: async () => call(await arrive()) }))
}

async function askKeys({ origin, send }: Target): Promise<HouseKeys> {
  const response = await send(`${origin}/v1/keys`, { method: 'POST' })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`the house gives no keys: ${response.status} ${text}`)
  return JSON.parse(text) as HouseKeys
}

const signerOf = (key: HouseKey, clock: () => number = Date.now) => createSigner({ scheme, ...key, clock })

/** Sends what was signed, or what became of it. */
async function deliver({ origin, send }: Target, request: SignedRequest): Promise<string> {
  const { method, target, headers, body } = request
  const response = await send(origin + target, { method, headers, body: body.length > 0 ? body.slice() : null })
  return said(response)
}

async function said(response: Response): Promise<string> {
  const answer = (await response.json()) as { code?: string; keyId?: string }
  return `${response.status} ${answer.code ?? answer.keyId}`
}

const CALLS: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
  async 'a signed fetch is answered, body and query as they were signed'(visit) {
    const { origin, send, keys } = visit
    const signedFetch = createSignedFetch({ signer: signerOf(keys.trader), baseUrl: origin, fetch: send })
    const response = await signedFetch(PLACE.target, { method: 'POST', headers: JSON_TYPE, body: ORDER })
    const { keyId } = keys.trader
    expectSame(await response.json(), { route: 'POST /v1/orders', keyId, body: ORDER }, 'answer')
    expectSame(await said(await signedFetch('/v1/balance')), `200 ${keyId}`, 'a GET')
  },
  async 'a changed body, query, path or content type is refused'(visit) {
    const signer = signerOf(visit.keys.trader)
    const changes: readonly ((signed: SignedRequest) => Partial<SignedRequest>)[] = [
      () => ({ body: new TextEncoder().encode('{}') }),
      () => ({ body: new Uint8Array(0) }),
      ({ target }) => ({ target: target.replace('dry=1', 'dry=0') }),
      ({ target }) => ({ target: `${target}&` }),
      ({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } }),
    ]
    for (const change of changes) {
      const signed = await signer.sign(PLACE)
      const refused = await deliver(visit, { ...signed, ...change(signed) })
      expectSame(refused, '401 invalid_credentials', String(change))
    }
    expectSame(await deliver(visit, await signer.sign(PLACE)), `200 ${visit.keys.trader.keyId}`, 'unchanged')
  },
  async 'a replay is refused, and of copies sent at the same time one passes'(visit) {
    const { trader } = visit.keys
    const once = await signerOf(trader).sign(PLACE)
    const verdicts = [await deliver(visit, once), await deliver(visit, once)]
    expectSame(verdicts, [`200 ${trader.keyId}`, '401 replayed'], 'one after the other')
    const again = await signerOf(trader).sign(BALANCE)
    const copies = await Promise.all(Array.from({ length: 5 }, () => deliver(visit, again)))
    expectSame(copies.sort(), [`200 ${trader.keyId}`, ...Array(4).fill('401 replayed')], 'at the same time')
  },
  async 'many at the same time are answered, each its own'(visit) {
    const signer = signerOf(visit.keys.trader)
    const bodies = Array.from({ length: 40 }, (_, at) => `{"order":${at}}`)
    const answers = await Promise.all(
      bodies.map(async body => {
        const { target, headers, method } = await signer.sign({ ...PLACE, body })
        const response = await visit.send(visit.origin + target, { method, headers, body })
        return ((await response.json()) as { body: string }).body
      }),
    )
    expectSame(answers, bodies, 'bodies')
  },
  async 'another secret, an unknown key and no key are refused'(visit) {
    const { trader, reader } = visit.keys
    const wrong = await signerOf({ ...trader, secret: reader.secret }).sign(BALANCE)
    const unknown = await signerOf({ ...trader, keyId: `${trader.keyId.slice(0, -6)}AAAAAA` }).sign(BALANCE)
    expectSame(await deliver(visit, wrong), '401 invalid_credentials', 'another secret')
    expectSame(await deliver(visit, unknown), '401 invalid_credentials', 'an unknown key')
    expectSame(await deliver(visit, { ...wrong, headers: {} }), '401 missing_credentials', 'no key')
  },
  async 'a permission that was not granted and a route that was not declared are refused'(visit) {
    const signer = signerOf(visit.keys.reader)
    expectSame(await deliver(visit, await signer.sign(PLACE)), '403 permission_denied', 'trade')
    const undeclared = await signer.sign({ method: 'GET', target: '/v1/balance-evil' })
    expectSame(await deliver(visit, undeclared), '403 route_not_declared', 'a route')
    const own = await signer.sign({ method: 'GET', target: '/v1/whoami' })
    expectSame(await deliver(visit, own), `200 ${visit.keys.reader.keyId}`, 'its own')
  },
  async 'a clock that is an hour off is refused once, and then corrected'(visit) {
    const { origin, send, keys } = visit
    const late = signerOf(keys.trader, () => Date.now() - HOUR)
    expectSame(await deliver(visit, await late.sign(BALANCE)), '401 timestamp_outside_window', 'as it is')
    const signedFetch = createSignedFetch({ signer: late, baseUrl: origin, fetch: send })
    const response = await signedFetch(PLACE.target, { method: 'POST', headers: JSON_TYPE, body: ORDER })
    expectSame(await said(response), `200 ${keys.trader.keyId}`, 'corrected')
    expect(Math.abs(late.clockOffset.offsetMs - HOUR) < 60_000, 'the offset is an hour')
  },
  async 'a body at the limit passes, one byte more does not'(visit) {
    const signer = signerOf(visit.keys.trader)
    const most = 'x'.repeat(MAX_BODY_BYTES)
    const changed = `${'x'.repeat(MAX_BODY_BYTES - 1)}y`
    expectSame(
      await deliver(visit, await signer.sign({ ...PLACE, body: most })),
      `200 ${visit.keys.trader.keyId}`,
      'all',
    )
    const other = { ...(await signer.sign({ ...PLACE, body: most })), body: new TextEncoder().encode(changed) }
    expectSame(await deliver(visit, other), '401 invalid_credentials', 'another')
    expectSame(await deliver(visit, await signer.sign({ ...PLACE, body: `${most}x` })), '413 request_too_large', 'more')
    // A client takes the same connection again.
    expectSame(await deliver(visit, await signer.sign(BALANCE)), `200 ${visit.keys.trader.keyId}`, 'the next')
  },
  async 'a key with an allowlist passes from its addresses, and nowhere else'(visit) {
    const { local, remote } = visit.keys
    const inside = await deliver(visit, await signerOf(local).sign(BALANCE))
    const outside = await deliver(visit, await signerOf(remote).sign(BALANCE))
    const expected = visit.knowsAddress ? `200 ${local.keyId}` : '403 ip_not_allowed'
    expectSame([inside, outside], [expected, '403 ip_not_allowed'], 'from this machine')
  },
}

/** What the clients are asked to do, for each dialect; what is left out is found in the client's own list of endpoints. */

import { createPrivateKey } from 'node:crypto'
import type { WireRequest } from '../../../src/http/request.js'
import type { VectorCredentials, VectorOptions } from '../../schemes/vectors.js'
import type { CcxtConfig, CcxtExchange } from './clients.js'

/** One call as `request` of ccxt takes it. */
export interface Call {
  readonly path: string
  readonly api: string | readonly string[]
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Names of the errors that ccxt raises. */
export interface Errors {
  readonly wrongSecret: string
  readonly unknownKey: string
  readonly readOnly: string
  /** An old timestamp, or a nonce that does not rise. */
  readonly stale: string
}

export interface Dialect {
  /** Options of the client. */
  readonly config?: CcxtConfig
  /** The API whose endpoints are called. Default: the one of most endpoints that is called private. */
  readonly api?: string | readonly string[]
  /** In place of the endpoints found. */
  readonly calls?: readonly Call[]
  /** JSON text that the client takes for success. */
  readonly success?: string
  /** The request as it was before the client signed it. Default: without the headers that the dialect writes. */
  readonly unsigned?: (signed: WireRequest, written: readonly string[]) => WireRequest
  readonly errors?: Partial<Errors>
  /** Makes the client log in. */
  readonly login?: (exchange: CcxtExchange) => Promise<unknown>
  /** Lets the client's clock go on by a second with every call. */
  readonly secondApart?: boolean
  /** Paths that are called, of those found. */
  readonly only?: RegExp
  /** What stands for the placeholders in paths. */
  readonly id?: string
  /** An id that keys must have, where minted ones do not fit. */
  readonly keyId?: string
  /** Opens a socket whose handshake logs in, where the dialect has no message for that. */
  readonly handshake?: (exchange: CcxtExchange) => Promise<unknown>
  /** Whether the client makes its login with a secret, even where it has a private key. */
  readonly loginBySecret?: boolean
  /** The secret in the form that the client reads. */
  readonly clientSecret?: (secret: string) => string
  /** What the client calls a key of this id. */
  readonly clientId?: (credentials: VectorCredentials, options: VectorOptions) => string
}

/** Values with what encodings treat differently: blank, plus, ampersand, letters beyond ASCII, brackets. */
export const ODD: Readonly<Record<string, unknown>> = {
  symbol: 'BTC-USDT',
  note: 'a b+c&d',
  name: 'Z\u00fcrich \u{1f4b6}',
  filter: '[x]{y}',
}

const without = (text: string, ...names: string[]) =>
  text
    .split('&')
    .filter(pair => !names.includes(pair.replace(/=.*/s, '')))
    .join('&')

/** Without brackets, which some dialects take in a target only where there can be no body. */
const { filter: _, ...UNBRACKETED } = ODD

/** A request without the parameters that a dialect puts into its query or its form. */
function withoutParameters(names: readonly string[]) {
  return ({ target, body, ...request }: WireRequest, written: readonly string[]): WireRequest => {
    const [path = '', query = ''] = target.split(/\?(.*)/s)
    const left = without(query, ...names)
    const form = new TextDecoder().decode(body)
    const bare = {
      target: left === '' ? path : `${path}?${left}`,
      body: new TextEncoder().encode(without(form, ...names)),
    }
    return withoutHeaders({ ...request, ...bare }, written)
  }
}

/** A request without the members that a dialect puts into its JSON body. */
function withoutMembers(names: readonly string[]) {
  return (request: WireRequest, written: readonly string[]): WireRequest => {
    const text = new TextDecoder().decode(request.body)
    const members = text === '' ? [] : Object.entries(JSON.parse(text) as object)
    const left = members.filter(([name]) => !names.includes(name))
    const body = left.length === 0 ? '' : JSON.stringify(Object.fromEntries(left))
    return withoutHeaders({ ...request, body: new TextEncoder().encode(body) }, written)
  }
}

export function withoutHeaders(request: WireRequest, written: readonly string[]): WireRequest {
  const kept = Object.entries(request.headers).filter(([name]) => !written.includes(name) || name === 'content-type')
  return { ...request, headers: Object.fromEntries(kept) }
}

/** Any address will do, since it is ours that is connected to. */
const socketOf = ({ urls }: CcxtExchange, ...names: string[]) =>
  [...names].reduce<unknown>((from, name) => (from as Record<string, unknown>)[name], urls['api']) as string

/** A market that needs no request to be known. */
function knowMarket(exchange: CcxtExchange): void {
  const market = { id: 'BTC-USD', symbol: 'BTC/USD', base: 'BTC', quote: 'USD', active: true, type: 'spot', spot: true }
  ;(exchange['setMarkets'] as (markets: readonly object[]) => void)([market])
}

/** Names are those of `test/vectors/schemes`. */
export const dialects: Readonly<Record<string, Dialect>> = {
  // One Trading takes the token alone; refusals are problem details, of which it reads the status.
  bearer: { clientId: ({ secret }) => secret, errors: { readOnly: 'ExchangeNotAvailable' } },
  binance: {
    calls: [
      { path: 'account', api: 'private', method: 'GET', params: {} },
      { path: 'openOrders', api: 'private', method: 'GET', params: ODD },
      { path: 'order', api: 'private', method: 'POST', params: { ...ODD, newClientOrderId: 'x' } },
      { path: 'order', api: 'private', method: 'DELETE', params: ODD },
      { path: 'asset/dust', api: 'sapi', method: 'POST', params: { asset: ['BTC', 'ETH'], note: 'a b+c&d' } },
    ],
    unsigned: withoutParameters(['timestamp', 'recvWindow', 'signature']),
    // The one code of the house for keys, addresses and permissions.
    errors: { readOnly: 'AuthenticationError' },
  },
  // Its nonce has 13 digits, with which no path may end in some.
  bitfinex: { id: 'tBTCUSD', success: '[]' },
  'bitfinex-v1': { unsigned: withoutMembers(['nonce', 'request']) },
  bitget: {
    success: '{"code":"00000","data":{}}',
    login: exchange => exchange.authenticate({ url: socketOf(exchange, 'ws', 'private') }),
  },
  // It signs placeholders as they are and sends them percent-encoded.
  bitmex: { only: /^[^{]*$/, errors: { stale: 'ExchangeError' } },
  bybit: {
    only: /^v5\//,
    loginBySecret: true,
    success: '{"retCode":0,"result":{}}',
    login: exchange => exchange.authenticate('wss://stream.bybit.com/v5/private'),
  },
  'coinbase-cdp': {
    clientId: ({ keyId }, { organization }) =>
      organization === undefined ? keyId : `organizations/${organization}/apiKeys/${keyId}`,
    // It reads a key of a curve in the form of SEC 1 alone.
    clientSecret: secret =>
      secret.startsWith('-----') ? String(createPrivateKey(secret).export({ type: 'sec1', format: 'pem' })) : secret,
  },
  'coinbase-exchange': {
    errors: { readOnly: 'ExchangeError', stale: 'AuthenticationError' },
    login: exchange => {
      knowMarket(exchange)
      return (exchange['watchMyTrades'] as (symbol: string) => Promise<unknown>).call(exchange, 'BTC/USD')
    },
  },
  'crypto-com': {
    success: '{"code":0,"result":{}}',
    errors: { readOnly: 'AuthenticationError' },
    unsigned: ofEnvelope,
  },
  deribit: { errors: { stale: 'AuthenticationError' } },
  gate: {
    errors: { stale: 'AuthenticationError' },
    login: exchange => exchange.authenticate('wss://api.gateio.ws/ws/v4/', 'spot'),
  },
  gemini: {
    keyId: 'account-0123456789ABCDEFGHIJ',
    async handshake(exchange) {
      const url = 'wss://api.gemini.com/v1/order/events?heartbeat=true'
      await exchange.authenticate({ url })
      const client = (exchange['client'] as (url: string) => { connect(): Promise<unknown> }).call(exchange, url)
      return client.connect()
    },
    unsigned: ofPayload,
    errors: { readOnly: 'AuthenticationError' },
  },
  htx: {
    api: ['spot', 'private'],
    // Its time is in seconds, and the body is not signed: two orders of one second have one signature.
    secondApart: true,
    // The one code of the house for all that is wrong with a signature.
    errors: { readOnly: 'AuthenticationError', stale: 'AuthenticationError' },
    unsigned: withoutParameters(['AccessKeyId', 'SignatureMethod', 'SignatureVersion', 'Timestamp', 'Signature']),
    login: exchange =>
      exchange.authenticate({ type: 'spot', hostname: 'api.huobi.pro', url: 'wss://api.huobi.pro/ws/v2' }),
  },
  kraken: { unsigned: withoutParameters(['nonce']) },
  kucoin: { success: '{"code":"200000","data":{}}', errors: { readOnly: 'AuthenticationError' } },
  'mexc-contract': {
    api: ['contract', 'private'],
    success: '{"success":true,"code":0}',
    login: exchange =>
      (exchange['watchSwapPrivate'] as (hash: string) => Promise<unknown>).call(exchange, 'personal.order'),
  },
  'mexc-spot': {
    api: ['spot', 'private'],
    unsigned: withoutParameters(['timestamp', 'recvWindow', 'signature']),
    errors: { readOnly: 'AuthenticationError' },
  },
  okx: { success: '{"code":"0","data":[]}', errors: { readOnly: 'ExchangeError' } },
}

/** The parameters of an envelope that holds them beside the credentials. */
function ofEnvelope(request: WireRequest): WireRequest {
  const { params } = JSON.parse(new TextDecoder().decode(request.body)) as { params: object }
  const body = Object.keys(params).length === 0 ? '' : JSON.stringify(params)
  return { ...request, body: new TextEncoder().encode(body) }
}

/** The parameters, which stand in the body of a `POST`, and of a `GET` in nothing but the payload of a header. */
function ofPayload(request: WireRequest, written: readonly string[]): WireRequest {
  if (request.body.length > 0) return withoutHeaders(request, written)
  const payload = Buffer.from(String(request.headers['x-gemini-payload']), 'base64')
  return withoutMembers(['nonce', 'request'])({ ...request, body: new Uint8Array(payload) }, written)
}

/** One call of each kind of method: without parameters, and with odd ones. */
export function callsOf(exchange: CcxtExchange, { api, calls, only = /^/, id = 'BTC-17' }: Dialect): readonly Call[] {
  if (calls !== undefined) return calls
  const found = endpointsIn(exchange.api, [])
  const wanted = api === undefined ? busiest(found) : JSON.stringify(api)
  const endpoints = found.filter(endpoint => JSON.stringify(endpoint.api) === wanted && only.test(endpoint.path))
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].flatMap(method => {
    const of = endpoints.filter(endpoint => endpoint.method === method)
    const plain = of.find(({ path }) => !path.includes('{')) ?? of[0]
    if (plain === undefined) return []
    const withId = of.find(endpoint => endpoint.path.includes('{') && endpoint !== plain)
    const values = method === 'DELETE' ? UNBRACKETED : ODD
    const bare = { ...plain, params: placeholders(plain.path, id) }
    const odd = { ...plain, params: { ...values, ...bare.params } }
    return [
      bare,
      odd,
      ...(withId === undefined ? [] : [{ ...withId, params: { ...values, ...placeholders(withId.path, id) } }]),
    ]
  })
}

type Endpoint = Omit<Call, 'params'>

/** The list nests by kind of API, then by method; its leaves are paths. */
function endpointsIn(list: unknown, names: readonly string[]): readonly Endpoint[] {
  if (typeof list !== 'object' || list === null) return []
  const last = names.at(-1) ?? ''
  if (/^(get|post|put|patch|delete)$/i.test(last)) {
    const paths = Array.isArray(list) ? (list as string[]) : Object.keys(list)
    const before = names.slice(0, -1)
    const api = before.length > 1 ? before : (before[0] ?? '')
    return paths.map(path => ({ path, api, method: last.toUpperCase() }))
  }
  return Object.entries(list).flatMap(([name, inner]) => endpointsIn(inner, [...names, name]))
}

function busiest(endpoints: readonly Endpoint[]): string {
  const counts = new Map<string, number>()
  for (const { api } of endpoints) {
    if (!/private/i.test(String(api))) continue
    const name = JSON.stringify(api)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const [[name] = ['']] = [...counts].sort(([, a], [, b]) => b - a)
  return name
}

function placeholders(path: string, id: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => [name, id]))
}

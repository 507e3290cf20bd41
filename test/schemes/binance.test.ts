import ccxt from 'ccxt'
import { describe, expect, it } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { createSigner } from '../../src/client/index.js'
import { queryOf, type WireRequest } from '../../src/http/request.js'
import { binance } from '../../src/schemes/binance.js'
import { fromCcxt } from './ccxt-request.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'
import { loadVectors, verdictOf } from './vectors.js'

const scheme = binance()
const credentials = {
  keyId: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
  secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
}
const NOW = 1_732_176_000_123
const SIGNATURE = `&signature=${'0'.repeat(64)}`

function requestOf(query: string, body: string): WireRequest {
  const headers = { 'x-mbx-apikey': 'k' }
  return { method: 'POST', target: query === '' ? '/x' : `/x?${query}`, headers, body: encodeUtf8(body) }
}

describe('binance gives distinct parameters distinct strings', () => {
  it('over 60,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const pieces = [
      '',
      'timestamp=1',
      'timestamp=11',
      'a=1',
      '0&a=1',
      '&a=1',
      'a=',
      '1',
      'a=1&timestamp=1',
      'timestamp=1&a=1',
      '=',
    ]
    const part = () => pieces[dice(pieces.length)]! + textFrom(dice, '&=1a', 3)
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 60_000; i++) {
        const [query, body] = [part(), part()]
        const all = [
          requestOf(query + SIGNATURE, body),
          requestOf(query, body + SIGNATURE),
          requestOf(query + SIGNATURE, ''),
          requestOf('', body + SIGNATURE),
        ]
        yield all[dice(all.length)]!
      }
    }
    // Where the parameters stand is not covered: either the query or the body is empty, the other one is the identity.
    const identityOf = ({ target, body }: WireRequest) =>
      JSON.stringify(
        [queryOf(target), new TextDecoder().decode(body)]
          .map(text => text.replace(/&?signature=0+$/, ''))
          .filter(text => text !== ''),
      )
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(2_000)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it('where Binance has one string for two requests, by refusing both', () => {
    const [one, other] = [
      requestOf('timestamp=1&quantity=1', `0&price=1${SIGNATURE}`),
      requestOf('timestamp=1&quantity=10', `&price=1${SIGNATURE}`),
    ]
    expect(scheme.read(one)).toEqual({ malformed: 'body' })
    expect(scheme.read(other)).toEqual({ malformed: 'body' })
  })

  it('and so refuses the mixed example of its documentation, whose signature it can compute', () => {
    const { invalid } = loadVectors('binance')
    const mixed = invalid.find(({ name }) => name === 'query and body mixed') as unknown as Record<string, string>
    const { proof } = scheme
    const mac = proof.kind === 'mac' ? proof.hash.mac(encodeUtf8(credentials.secret)) : undefined
    expect(encodeHex(mac!.tag([mixed['stringToSign']!]))).toBe(mixed['signature'])
    expect(mixed['reason']).toBe('malformed body')
  })

  it('and takes no parsed body, and none too long to be a form', () => {
    expect(scheme.read(requestOf('', `timestamp=1${SIGNATURE}`))).toMatchObject({ timestampMs: 1 })
    expect(scheme.read({ ...requestOf('', ''), body: {} as unknown as Uint8Array })).toEqual({ malformed: 'body' })
    expect(scheme.read(requestOf('', `timestamp=1&a=${'b'.repeat(65_536)}${SIGNATURE}`))).toEqual({ malformed: 'body' })
  })

  it('in time that grows with their length alone', () => {
    for (const piece of ['a&', '&', 'a=&', '=&', 'a==', '%&']) {
      const long = piece.repeat(8000)
      expect(scheme.read(requestOf(long + SIGNATURE, ''))).toHaveProperty('malformed')
      expect(scheme.read(requestOf('', long + SIGNATURE))).toHaveProperty('malformed')
    }
  })
})

describe('binance and ccxt', () => {
  const exchange = new ccxt.binance({ apiKey: credentials.keyId, secret: credentials.secret })
  exchange.milliseconds = () => NOW
  exchange.uuid22 = () => '0123456789abcdefghijkl'

  const calls: readonly (readonly [string, string, string, Record<string, unknown>])[] = [
    ['account', 'private', 'GET', {}],
    ['openOrders', 'private', 'GET', { symbol: 'BTCUSDT' }],
    ['order', 'private', 'POST', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '1', price: '0.1' }],
    ['order', 'private', 'DELETE', { symbol: 'BTCUSDT', orderId: 5, recvWindow: 4000 }],
    ['order', 'private', 'POST', { symbol: '\uff11\uff12\uff13', side: 'BUY', note: "a b+c'(*)" }],
    [
      'batchOrders',
      'fapiPrivate',
      'POST',
      { batchOrders: [{ symbol: 'BTCUSDT', side: 'BUY', newClientOrderId: 'x' }] },
    ],
    ['asset/dust', 'sapi', 'POST', { asset: ['BTC', 'ETH'] }],
    ['capital/withdraw/apply', 'sapi', 'POST', { coin: 'BTC', address: 'bc1q', amount: '1' }],
  ]

  it.each(calls)('write the same bytes: %s %s %s', (path, api, method, parameters) => {
    const { text, ...theirs } = fromCcxt(exchange.sign(path, api, method, { ...parameters }))
    expect(verdictOf(scheme, theirs, credentials.secret)).toBe('accepted')
    const changed = (from: string) => from.replace('timestamp=', 'a=1&timestamp=')
    const tampered = { ...theirs, target: changed(theirs.target), body: encodeUtf8(changed(text)) }
    expect(verdictOf(scheme, tampered, credentials.secret)).toBe('wrong signature')

    const bare = (from: string) =>
      from
        .replace(/timestamp=\d+&?/, '')
        .replace(/&?recvWindow=\d+/, '')
        .replace(/&?signature=\w+$/, '')
        .replace(/\?$/, '')
    const recvWindowMs = Number(/recvWindow=(\d+)/.exec(theirs.target + text)?.[1])
    const signer = createSigner({ scheme, ...credentials, clock: () => NOW, recvWindowMs })
    const { 'x-mbx-apikey': _, ...headers } = theirs.headers
    expect(signer.sign({ method, target: bare(theirs.target), headers, body: bare(text) })).toEqual(theirs)
  })

  it('part where ccxt sends what Binance refuses since 2026: text that is not percent-encoded', () => {
    const parameters = { coin: 'BTC', address: 'Z\u00fcrich', amount: '1' }
    const theirs = fromCcxt(exchange.sign('capital/withdraw/apply', 'sapi', 'POST', parameters))
    expect(verdictOf(scheme, theirs, credentials.secret)).toBe('malformed body')
  })
})

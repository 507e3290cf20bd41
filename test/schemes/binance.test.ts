import ccxt from 'ccxt'
import { describe, expect, it } from 'vitest'
import { hashes } from '#hash'
import { encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { queryOf, type WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { binance } from '../../src/schemes/binance.js'
import { fromCcxt } from './ccxt-request.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'
import { loadVectors, textOf, verdictOf } from './vectors.js'

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
    const mac = hashes.sha256.mac(encodeUtf8(credentials.secret))
    expect(encodeHex(mac.tag([mixed['stringToSign']!]))).toBe(mixed['signature'])
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

  it('part where ccxt sends what Binance refuses since 2026: text that is not percent-encoded', () => {
    const parameters = { coin: 'BTC', address: 'Z\u00fcrich', amount: '1' }
    const theirs = fromCcxt(exchange.sign('capital/withdraw/apply', 'sapi', 'POST', parameters))
    expect(verdictOf(scheme, theirs, credentials.secret)).toBe('malformed body')
  })
})

describe('a binance login', () => {
  const login = scheme.login!
  const message = (params: object) => ({
    method: 'session.logon',
    params: { apiKey: 'k', timestamp: NOW, signature: '0'.repeat(64), ...params },
  })

  it('gives distinct parameters distinct strings, over 30,000 random messages, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const seen = new Map<string, string>()
    const found: string[] = []
    for (let i = 0; i < 30_000; i++) {
      const pairs = [0, 1, 2].map(() => [textFrom(dice, 'ab=&', 3), textFrom(dice, 'ab=&1', 4)])
      const signed = message(Object.fromEntries(pairs.filter(([name]) => name !== '')))
      if ('malformed' in login.read(signed)!) continue
      const text = textOf(login.stringToSign(signed, login.read(signed) as Claim))
      const identity = JSON.stringify(Object.entries(signed.params).sort())
      if ((seen.get(text) ?? identity) !== identity) found.push(text)
      seen.set(text, identity)
    }
    expect(seen.size, `seed ${seed}`).toBeGreaterThan(500)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it('is a message of the methods that the host names, and of no other', () => {
    const order = { ...message({ symbol: 'BTCUSDT' }), method: 'order.place' }
    expect(login.read(order)).toBeUndefined()
    const own = binance({ loginMethods: ['order.place'] }).login!
    expect(own.read(order)).toMatchObject({ keyId: 'k', timestampMs: NOW })
    expect(own.read(message({}))).toBeUndefined()
  })

  it.each([
    ['a text', 'order.place'],
    ['nothing of a list', {}],
    ['a list of numbers', [5]],
  ])('does not take %s for its methods', (_, loginMethods) => {
    expect(() => binance({ loginMethods: loginMethods as string[] })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'loginMethods' }),
    )
  })
})

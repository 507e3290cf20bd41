import { describe, expect, it } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { unsignable } from '../../src/dialect/request-text.js'
import { EMPTY_BODY, type WireRequest } from '../../src/http/request.js'
import type { Scheme } from '../../src/scheme.js'
import { bitget } from '../../src/schemes/bitget.js'
import { bitmex } from '../../src/schemes/bitmex.js'
import { bitstamp } from '../../src/schemes/bitstamp.js'
import { coinbaseExchange } from '../../src/schemes/coinbase-exchange.js'
import { kucoin } from '../../src/schemes/kucoin.js'
import { okx } from '../../src/schemes/okx.js'
import { collisionsOf, createDice } from '../schemes/distinct.js'

const seed = Math.floor(Math.random() * 2 ** 32)

type Cut = (text: string, method: string) => Iterable<WireRequest>

const NONCE = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const ZEROS = `${'A'.repeat(43)}=`

/** Every request that has this text after its method, under headers that stay the same. */
function everywhere(headers: Readonly<Record<string, string>>): Cut {
  return function* (text, method) {
    for (let at = 1; at <= text.length; at++) yield requestOf(method, text.slice(0, at), headers, text.slice(at))
  }
}

function requestOf(method: string, target: string, headers: WireRequest['headers'], body: string): WireRequest {
  return { method, target, headers, body: body === '' ? EMPTY_BODY : encodeUtf8(body) }
}

/** Ten digits anywhere may be the end of the request. */
function* aroundEnds(text: string, method: string): Generator<WireRequest> {
  for (const { index, 1: end = '' } of text.matchAll(/(?=(\d{10}))/g)) {
    const headers = { 'api-key': 'k', 'api-expires': end, 'api-signature': '0'.repeat(64) }
    yield requestOf(method, text.slice(0, index), headers, text.slice(index + end.length))
  }
}

/** A UUID and digits anywhere may be nonce and time, and what is before them may end in a content type. */
function* aroundNonces(text: string, method: string): Generator<WireRequest> {
  const types = [undefined, 'application/json', 'application/x-www-form-urlencoded', 'text/plain']
  for (const match of text.matchAll(/(?=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\d{1,15})v2)/g)) {
    const [, nonce = '', time = ''] = match
    const before = text.slice(0, match.index)
    for (const type of types.filter(each => before.endsWith(each ?? ''))) {
      const headers = {
        ...(type !== undefined && { 'content-type': type }),
        'x-auth': 'BITSTAMP k',
        'x-auth-nonce': nonce,
        'x-auth-timestamp': time,
        'x-auth-version': 'v2',
        'x-auth-signature': '0'.repeat(64),
      }
      const target = before.slice(0, before.length - (type?.length ?? 0))
      yield requestOf(method, target, headers, text.slice(match.index + nonce.length + time.length + 2))
    }
  }
}

const MARKS = ['/', 'x', '1', '?', '&', '=', '{', '[', '}', '%7B', '%5B', '%26', '"']
const houses: readonly (readonly [scheme: Scheme, pieces: readonly string[], cut: Cut])[] = [
  [okx(), MARKS, everywhere(headersOf('ok-access-', '2026-01-01T00:00:00.123Z'))],
  [coinbaseExchange(), MARKS, everywhere(headersOf('cb-access-', '1767225600'))],
  [bitget(), MARKS, everywhere(headersOf('access-', '1767225600123'))],
  [
    kucoin(),
    MARKS,
    everywhere({
      ...headersOf('kc-api-', '1767225600123'),
      ...{ 'kc-api-passphrase': ZEROS, 'kc-api-key-version': '2' },
    }),
  ],
  [bitmex(), ['/', 'x', '1', '?', 'a=', '{', '[', '1767225605', '7225605', '&'], aroundEnds],
  [
    bitstamp({ host: 'www.bitstamp.net' }),
    [
      '/',
      'x',
      '1',
      'v',
      'v2',
      '2',
      NONCE,
      NONCE.slice(0, 8),
      `${NONCE}1`,
      `${NONCE}1767225600123v2`,
      `${NONCE}1v2`,
      'application/json',
    ],
    aroundNonces,
  ],
]

function headersOf(prefix: string, time: string): Record<string, string> {
  const [key, timestamp, sign, passphrase] = ['key', 'timestamp', 'sign', 'passphrase'].map(name => prefix + name)
  return { [key!]: 'k', [timestamp!]: time, [sign!]: ZEROS, [passphrase!]: 'p' }
}

describe('Dialects that join parts with nothing in between', () => {
  it.each(houses.map(house => [house[0].id, house] as const))(
    'give distinct requests distinct strings, however a text is cut: %s',
    (_, [scheme, pieces, cut]) => {
      const dice = createDice(seed)
      function* requests(): Generator<WireRequest> {
        for (let i = 0; i < 12_000; i++) {
          const parts = Array.from({ length: 2 + dice(8) }, () => pieces[dice(pieces.length)])
          yield* cut(`/${parts.join('')}`, ['GET', 'POST', 'DELETE'][dice(3)]!)
        }
      }
      const { read, found } = collisionsOf(scheme, requests(), identityOf)
      expect(read, `seed ${seed}`).toBeGreaterThan(400)
      expect(found, `seed ${seed}`).toEqual([])
    },
  )
})

function identityOf({ method, target, headers, body }: WireRequest): string {
  // Queries are compared by what they mean, in the tests of `decodedTarget`.
  return JSON.stringify([method, decoded(target), headers, encodeHex(body)])
}

function decoded(target: string): string {
  return target.replaceAll('%7B', '{').replaceAll('%5B', '[')
}

describe('unsignable', () => {
  const get = requestOf('GET', '/x', {}, '')
  const post = requestOf('POST', '/x', {}, '{}')

  it('takes every method, target and JSON that cannot be mistaken', () => {
    for (const request of [get, post, { ...post, body: encodeUtf8('[1]') }, { ...post, body: EMPTY_BODY }]) {
      expect(unsignable(request, request.target)).toBeUndefined()
    }
    expect(unsignable(get, '/x?a={[')).toBeUndefined()
  })

  it('names the part that could be mistaken', () => {
    expect(unsignable({ ...get, method: 'get' }, '/x')).toBe('method')
    expect(unsignable({ ...get, body: encodeUtf8('{}') }, '/x')).toBe('body')
    expect(unsignable({ ...post, body: encodeUtf8('a') }, '/x')).toBe('body')
    expect(unsignable({ ...post, body: {} as Uint8Array }, '/x')).toBe('body')
    expect(unsignable(post, '/x{')).toBe('target')
    expect(unsignable(post, '/x[')).toBe('target')
    expect(unsignable(get, undefined)).toBe('target')
  })
})

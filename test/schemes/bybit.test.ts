import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { queryOf, type WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { bybit } from '../../src/schemes/bybit.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'
import { textOf } from './vectors.js'

const scheme = bybit()
const HEADERS = { 'x-bapi-api-key': 'k', 'x-bapi-timestamp': '1732176000123', 'x-bapi-sign': '0'.repeat(64) }

function requestOf(query: string, { body = '', recvWindow = '' } = {}): WireRequest {
  const headers = { ...HEADERS, ...(recvWindow !== '' && { 'x-bapi-recv-window': recvWindow }) }
  return {
    method: body === '' ? 'GET' : 'POST',
    target: query === '' ? '/v5/x' : `/v5/x?${query}`,
    headers,
    body: encodeUtf8(body),
  }
}

function signedText(request: WireRequest): string {
  return textOf(scheme.stringToSign(request, scheme.read(request) as Claim)).slice('1732176000123k'.length)
}

describe('bybit gives distinct requests distinct strings', () => {
  it('over 100,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const windows = ['', '5', '50', '500', '1', '10']
    const pieces = ['a=1', '0', '1', '%20', '%C3%A9', '%3A', '%2520', '+', '"', "'", '%22', '{', '[', '%', '&', '=']
    const text = () => Array.from({ length: dice(4) }, () => pieces[dice(pieces.length)]!).join('')
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 100_000; i++) {
        const recvWindow = windows[dice(windows.length)]!
        yield dice(3) === 0
          ? requestOf('', { body: text(), recvWindow })
          : requestOf(textFrom(dice, 'ab', 1) + text(), { recvWindow })
      }
    }
    const identityOf = ({ target, headers, body }: WireRequest) =>
      JSON.stringify([queryOf(target), headers['x-bapi-recv-window'] ?? '', [...body]])
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(20_000)
    expect(found, `seed ${seed}`).toEqual([])
  })
})

describe('bybit signs a query', () => {
  it.each([
    [
      'as it is sent when its client percent-encoded it',
      'cursor=1627%3A1%2C1628&a=%C3%A9',
      'cursor=1627%3A1%2C1628&a=%C3%A9',
    ],
    ['as it is sent when a percent sign begins no escape', 'a=5%25+off', 'a=5%25+off'],
    ['without the escapes of a URL library', 'a=b%20c+d&e=%C3%A9%22%27%3C%3E[]', 'a=b c+d&e=\u00e9"\'<>[]'],
    ['of nothing to escape as it is', 'a=b+c&d=[1]', 'a=b+c&d=[1]'],
  ])('%s', (_, query, signed) => {
    expect(signedText(requestOf(query))).toBe(signed)
  })

  it('of neither kind not at all', () => {
    const refused = ['a=%E9', 'a="', "a='", 'a=<', '0a=1', '{"a":1}', '[1]', '%61=1', '=1', '&a=1']
    for (const query of refused) expect(scheme.read(requestOf(query)), query).toEqual({ malformed: 'target' })
  })
})

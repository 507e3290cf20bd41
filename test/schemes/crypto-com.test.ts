import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { cryptoCom } from '../../src/schemes/crypto-com.js'
import { collisionsOf, createDice } from './distinct.js'
import { textOf } from './vectors.js'

const scheme = cryptoCom({ basePath: '' })

function requestOf(envelope: { readonly method: string; readonly [member: string]: unknown }): WireRequest {
  const body = encodeUtf8(JSON.stringify({ ...envelope, sig: '0'.repeat(64) }))
  return { method: 'POST', target: `/${envelope.method}`, headers: {}, body }
}

describe('crypto-com gives requests distinct strings that differ in more than their parameters', () => {
  it('over 100,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const pick = (all: readonly string[]) => all[dice(all.length)]!
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 100_000; i++) {
        yield requestOf({
          method: pick(['a', 'a-b', 'a/b', 'a1', 'a-1', 'a-k', 'ak']),
          id: pick(['1', '11', '111', '2']),
          api_key: '1k1',
          nonce: pick(['1111111111111', '1111111111112']),
          params: { [pick(['a', 'k1', '1k1', '1'])]: pick(['', '1', '1k1', '11k1', '1111111111111']) },
        })
      }
    }
    const identityOf = ({ body }: WireRequest) => {
      const { method, id, nonce, params } = JSON.parse(new TextDecoder().decode(body))
      return JSON.stringify([method, id, nonce, Object.entries(params).flat().join('')])
    }
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(10_000)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it('so that a key id of digits alone is refused', () => {
    const envelope = { method: 'a', id: '1', nonce: '1111111111111' }
    expect(scheme.read(requestOf({ ...envelope, api_key: '11' }))).toEqual({ malformed: 'api_key' })
    expect(scheme.read(requestOf({ ...envelope, api_key: '1k' }))).toMatchObject({ keyId: '1k' })
  })
})

describe('crypto-com signs parameters', () => {
  const textFor = (params: unknown) => {
    const request = requestOf({ method: 'a', id: '7', api_key: 'k', nonce: '1732176000123', params })
    const claim = scheme.read(request)!
    return 'malformed' in claim ? claim.malformed : textOf(scheme.stringToSign(request, claim as Claim)).slice(3, -13)
  }

  it.each([
    ['sorted by name', { b: '1', a: '2', C: '3' }, 'C3a2b1'],
    ['of every kind that has one text', { a: 1.5, b: true, c: null, d: '' }, 'a1.5btruecnulld'],
    ['in lists', { a: ['x', 'y'], b: [] }, 'axyb'],
    ['in objects of lists, three levels deep', { a: [{ c: '1', b: [{ d: '2' }] }] }, 'abd2c1'],
    ['that are none', {}, ''],
  ])('%s', (_, params, text) => {
    expect(textFor(params)).toBe(text)
  })

  it.each([
    ['an object in an object', { a: { b: '1' } }],
    ['four levels', { a: [{ b: [{ c: [{ d: '1' }] }] }] }],
    ['a list in a list', { a: [['1']] }],
    ['a number in a list', { a: [1] }],
    ['null in a list', { a: [null] }],
    ['half a surrogate pair in a list', { a: ['\ud83d'] }],
    ['a name that needs quotes', { 'a b': '1' }],
    ['a list', []],
  ])('but not %s, on which the samples differ', (_, params) => {
    expect(textFor(params)).toBe('params')
  })
})

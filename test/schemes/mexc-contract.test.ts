import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { queryOf, type WireRequest } from '../../src/http/request.js'
import { mexcContract } from '../../src/schemes/mexc-contract.js'
import { collisionsOf, createDice } from './distinct.js'

const scheme = mexcContract()
const headers = { apikey: 'k', 'request-time': '1732176000123', signature: '0'.repeat(64) }

describe('mexc-contract gives distinct requests distinct strings', () => {
  it('over 100,000 random requests of few characters, each against each, but for the order of parameters', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const pieces = ['a=1', 'b=2', 'a-b=1', '&', '=', '1', '{', '}', '[', '%5B', '%20', '{a=1', 'a']
    const text = () => Array.from({ length: dice(5) }, () => pieces[dice(pieces.length)]!).join('')
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 100_000; i++) {
        const [method, query, body] = dice(2) === 0 ? ['GET', text(), ''] : ['POST', '', text()]
        yield { method: method!, target: query === '' ? '/x' : `/x?${query}`, headers, body: encodeUtf8(body!) }
      }
    }
    const identityOf = ({ target, body }: WireRequest) => JSON.stringify([queryOf(target).split('&').sort(), [...body]])
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(10_000)
    expect(found, `seed ${seed}`).toEqual([])
  })
})

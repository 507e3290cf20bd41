import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { createSigner } from '../../src/client/index.js'
import { pathOf, type WireRequest } from '../../src/http/request.js'
import { kraken } from '../../src/schemes/kraken.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'

const scheme = kraken()
const SIGNATURE = `${'A'.repeat(86)}==`

function requestOf(path: string, body: string): WireRequest {
  const headers = { 'api-key': 'k', 'api-sign': SIGNATURE }
  return { method: 'POST', target: path, headers, body: encodeUtf8(body) }
}

describe('kraken gives distinct requests distinct strings', () => {
  it('over 60,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const pieces = [
      'nonce=1',
      'nonce=12',
      '&nonce=1',
      '2',
      '1',
      'a=',
      '{"nonce":"12"',
      '"a":"=&nonce=1&b="',
      '{',
      '}',
      ',',
      '=',
    ]
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 60_000; i++) {
        const body = Array.from({ length: 1 + dice(4) }, () => pieces[dice(pieces.length)]!).join('')
        yield requestOf(`/${textFrom(dice, '01', 1)}`, body)
      }
    }
    const identityOf = ({ target, body }: WireRequest) => JSON.stringify([pathOf(target), [...body]])
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(2_000)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it('by refusing a body that could be the end of the nonce', () => {
    const whole = '{"nonce":"12","a":"=&nonce=1&b="}'
    expect(scheme.read(requestOf('/0/private/x', whole))).toMatchObject({ nonce: '12' })
    expect(scheme.read(requestOf('/0/private/x', `2${whole}`))).toEqual({ malformed: 'body' })
  })
})

describe('a kraken signer', () => {
  it('gives nonces that rise within a millisecond and when the clock steps back, up to 2^64−1', async () => {
    let now = 1_732_176_000_123
    const signer = createSigner({ scheme, keyId: 'k', secret: 'c2VjcmV0', clock: () => now })
    const nonces: string[] = []
    for (const step of [0, 0, 5, -10_000]) {
      now += step
      const { body } = await signer.sign({ method: 'POST', target: '/0/private/Balance' })
      nonces.push(new TextDecoder().decode(body))
    }
    expect(nonces).toEqual([123, 124, 128, 129].map(end => `nonce=1732176000${end}`))
  })

  it('does not sign what it could not be sure to be read alike', async () => {
    const signer = createSigner({ scheme, keyId: 'k', secret: 'c2VjcmV0' })
    const invalid = expect.objectContaining({ code: 'ERR_INPUT_INVALID' })
    for (const body of [
      'a=1&nonce=5',
      '{"nonce":"5"}',
      '{"a":1,"a":2}',
      'a b',
      '[1]',
      '5=1',
      '\ufeffa=1',
      '\u00fc=1',
    ]) {
      await expect(signer.sign({ method: 'POST', target: '/0/private/x', body }), body).rejects.toThrow(invalid)
    }
    await expect(signer.sign({ method: 'GET', target: '/0/private/x' })).rejects.toThrow(invalid)
    await expect(signer.sign({ method: 'POST', target: '/0/private/x', body: new Uint8Array([0xff]) })).rejects.toThrow(
      invalid,
    )
  })
})

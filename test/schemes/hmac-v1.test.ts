import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { ConfigError } from '../../src/errors.js'
import type { WireRequest } from '../../src/http/request.js'
import { isMalformed } from '../../src/scheme.js'
import { type HmacV1Options, hmacV1 } from '../../src/schemes/hmac-v1.js'
import { collisionsOf, createDice, textFrom } from './distinct.js'
import { textOf } from './vectors.js'

const scheme = hmacV1({ audience: 'api.example.com' })

/** The covered fields in the order of the lines they stand in. */
type Fields = [
  keyId: string,
  timestamp: string,
  nonce: string,
  recvWindow: string,
  method: string,
  target: string,
  type: string,
]

function requestOf([keyId, timestamp, nonce, recvWindow, method, target, type]: Fields, body = ''): WireRequest {
  const headers = {
    'x-api-key': keyId,
    'x-api-timestamp': timestamp,
    'x-api-nonce': nonce,
    'x-api-recv-window': recvWindow || undefined,
    'content-type': type || undefined,
    'x-api-signature': '0'.repeat(64),
  }
  return { method, target, headers, body: encodeUtf8(body) }
}

const identityOf = ({ method, target, headers, body }: WireRequest) =>
  JSON.stringify([method, target, headers, [...body]])

describe('hmac-v1 gives distinct requests distinct strings', () => {
  it('over 100,000 random requests of few characters, each against each', () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const dice = createDice(seed)
    const oneOf = (...texts: string[]) => texts[dice(texts.length)]!
    function* requests(): Generator<WireRequest> {
      for (let i = 0; i < 100_000; i++) {
        const fields: Fields = [
          `k${textFrom(dice, '1.', 2)}`,
          oneOf('1', '11', '111'),
          'n'.repeat(15) + oneOf('1', '11', 'n'),
          oneOf('', '1', '11'),
          oneOf('GET', 'PUT'),
          `/${textFrom(dice, '/?1\n', 2)}`,
          textFrom(dice, 'a1 \n', 2),
        ]
        yield requestOf(fields, oneOf('', '', '', '', '', '', '1', '\n'))
      }
    }
    const { read, found } = collisionsOf(scheme, requests(), identityOf)
    expect(read, `seed ${seed}`).toBeGreaterThan(20_000)
    expect(found, `seed ${seed}`).toEqual([])
  })

  it('when any character moves across the border of two fields, wherever the result can be read', () => {
    const fields: Fields = ['kl1.1', '1767225600000', '1234567890abcdef11', '2500', 'POST', '/1/a?1', '1/a']
    const before = textOf(scheme.stringToSign(requestOf(fields), scheme.read(requestOf(fields)) as never))
    let read = 0
    for (let border = 0; border < fields.length - 1; border++) {
      const [left, right] = [fields[border]!, fields[border + 1]!]
      for (let cut = 0; cut <= left.length + right.length; cut++) {
        const whole = left + right
        const moved = fields.with(border, whole.slice(0, cut)).with(border + 1, whole.slice(cut)) as Fields
        if (cut === left.length) continue
        const request = requestOf(moved)
        const claim = scheme.read(request)
        if (claim === undefined || isMalformed(claim)) continue
        read++
        expect(textOf(scheme.stringToSign(request, claim))).not.toBe(before)
      }
    }
    expect(read).toBeGreaterThan(10)
  })

  it('by ten lines, whatever the fields that can be read hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(6), fc.string(), (text, at, body) => {
        const fields: Fields = ['kl1', '1767225600000', 'n'.repeat(22), '', 'POST', '/', '']
        const request = requestOf(fields.with(at, fields[at] + text) as Fields, body)
        const claim = scheme.read(request)
        if (claim === undefined || isMalformed(claim)) return
        const lines = textOf(scheme.stringToSign(request, claim)).split('\n')
        expect(lines).toHaveLength(10)
        expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('hmac-v1 refuses by length alone what is too long', () => {
  const good: Fields = ['kl1', '1767225600000', 'n'.repeat(22), '', 'POST', '/', 'text/plain']
  const long = 'a'.repeat(1 << 20)

  it.each([
    ['key id', 0, 'x-api-key'],
    ['timestamp', 1, 'x-api-timestamp'],
    ['nonce', 2, 'x-api-nonce'],
    ['receive window', 3, 'x-api-recv-window'],
    ['method', 4, 'method'],
    ['target', 5, 'target'],
    ['content type', 6, 'content-type'],
  ] as const)('a megabyte of %s', (_, at, field) => {
    expect(scheme.read(requestOf(good))).toMatchObject({ keyId: 'kl1' })
    expect(scheme.read(requestOf(good.with(at, good[at] + long) as Fields))).toEqual({ malformed: field })
  })

  it('and a body that is not the raw bytes', () => {
    expect(scheme.read({ ...requestOf(good), body: '{}' as unknown as Uint8Array })).toEqual({ malformed: 'body' })
    expect(scheme.read({ ...requestOf(good), body: { a: 1 } as unknown as Uint8Array })).toEqual({ malformed: 'body' })
  })
})

describe('hmac-v1 guesses no unit', () => {
  it('and takes seconds for an instant in January 1970', () => {
    const claim = scheme.read(requestOf(['kl1', '1767225600', 'n'.repeat(22), '', 'GET', '/', '']))
    expect(claim).toMatchObject({ timestampMs: 1_767_225_600 })
  })
})

describe('hmac-v1 ignores what is not its own', () => {
  it('such as headers that a polluted prototype would add', () => {
    const prototype = Object.prototype as unknown as Record<string, string>
    prototype['x-api-key'] = 'kl1'
    try {
      expect(scheme.read({ method: 'GET', target: '/', headers: {}, body: new Uint8Array(0) })).toBeUndefined()
    } finally {
      delete prototype['x-api-key']
    }
  })

  it('and the headers of another prefix', () => {
    const acme = hmacV1({ audience: 'api.example.com', headerPrefix: 'X-ACME-' })
    const request = requestOf(['kl1', '1', 'n'.repeat(16), '', 'GET', '/', ''])
    expect(scheme.read(request)).toMatchObject({ keyId: 'kl1' })
    expect(acme.read(request)).toBeUndefined()
  })
})

describe('hmac-v1 is set up', () => {
  it('with an audience, and sensible windows by default', () => {
    expect(scheme.freshness).toEqual({
      kind: 'timestamp',
      recvWindowMs: 5000,
      maxRecvWindowMs: 60_000,
      futureMs: 1000,
      replay: 'nonce',
    })
    expect(hmacV1({ audience: 'a', maxRecvWindowMs: 3000 }).freshness).toMatchObject({ recvWindowMs: 3000 })
    expect(Object.isFrozen(scheme)).toBe(true)
  })

  it.each([
    ['no options', undefined, 'ERR_OPTION_INVALID'],
    ['no audience', {}, 'ERR_OPTION_MISSING'],
    ['an empty audience', { audience: '' }, 'ERR_OPTION_INVALID'],
    ['an audience of 256 characters', { audience: 'a'.repeat(256) }, 'ERR_OPTION_INVALID'],
    ['an audience with a blank', { audience: 'a b' }, 'ERR_OPTION_INVALID'],
    ['an audience with a line break', { audience: 'a\nb' }, 'ERR_OPTION_INVALID'],
    ['an audience beyond ASCII', { audience: 'z\u00fcrich' }, 'ERR_OPTION_INVALID'],
    ['an audience that is no text', { audience: 7 }, 'ERR_OPTION_INVALID'],
    ['an empty header prefix', { audience: 'a', headerPrefix: '' }, 'ERR_OPTION_INVALID'],
    ['a header prefix with a colon', { audience: 'a', headerPrefix: 'X:' }, 'ERR_OPTION_INVALID'],
    ['no window', { audience: 'a', recvWindowMs: 0 }, 'ERR_OPTION_INVALID'],
    ['a window above the longest', { audience: 'a', recvWindowMs: 60_001 }, 'ERR_OPTION_INVALID'],
    ['a window of NaN', { audience: 'a', recvWindowMs: Number.NaN }, 'ERR_OPTION_INVALID'],
    ['an endless longest window', { audience: 'a', maxRecvWindowMs: Number.POSITIVE_INFINITY }, 'ERR_OPTION_INVALID'],
    ['a negative future', { audience: 'a', futureMs: -1 }, 'ERR_OPTION_INVALID'],
    ['a misspelt option', { audience: 'a', recvWindow: 1 }, 'ERR_OPTION_UNKNOWN'],
  ])('never with %s', (_, options, code) => {
    const make = () => hmacV1(options as unknown as HmacV1Options)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})

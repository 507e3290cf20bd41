import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSigner } from '../../src/client/index.js'
import { ConfigError, KeyError } from '../../src/errors.js'
import { formatCredentials, type Handover, parseCredentials } from '../../src/http/credentials-uri.js'
import { createSecret } from '../../src/keys/secret.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { handovers, largest } from './handovers.js'

interface Vectors {
  readonly valid: readonly { readonly name: string; readonly uri: string; readonly handover: Handover }[]
  readonly invalid: readonly { readonly name: string; readonly uri: string; readonly field: string }[]
}

const { valid, invalid }: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/credentials-uri.json', import.meta.url), 'utf8'),
)

const SECRET = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
const credentials = { keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s', secret: SECRET }
const handover = { scheme: 'hmac-v1', credentials, server: 'https://api.example.com', audience: 'api.example.com' }

/** What a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

/** The error of a refused text; `undefined` when it is read. Anything but a `KeyError` fails the test. */
function refusalOf(text: string): KeyError | undefined {
  const error = thrownBy(() => parseCredentials(text))
  if (error === undefined) return undefined
  expect(error).toBeInstanceOf(KeyError)
  expect(error).toMatchObject({ code: 'ERR_INPUT_INVALID', field: expect.any(String) })
  return error as KeyError
}

/** Everything that can be found in an error by printing it. */
function printed(error: unknown): string {
  return inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error) + String(error)
}

describe('Credentials as a URI', () => {
  it.each(valid)('are written and read back: $name', ({ uri, handover: expected }) => {
    expect(formatCredentials(expected)).toBe(uri)
    expect(parseCredentials(uri)).toEqual(expected)
  })

  it.each(invalid)('are refused, naming $field: $name', ({ uri, field }) => {
    expect(refusalOf(uri)).toMatchObject({ field, message: expect.stringContaining(`'${field}'`) })
  })

  it('look as the specification shows them', () => {
    const page = readFileSync(new URL('../../docs/reference/credentials-uri.md', import.meta.url), 'utf8')
    const shown = /```text\n(.*)\n```/.exec(page)?.[1] ?? ''
    expect(valid.map(({ uri }) => uri)).toContain(shown)
    expect(parseCredentials(shown)).toEqual({ ...handover, label: 'Market maker' })
  })

  it('come back as they were written, whatever they are', () => {
    fc.assert(
      fc.property(handovers, given => {
        const uri = formatCredentials(given)
        expect(uri).toMatch(/^keylattice:v1\?[A-Za-z0-9._~%=&-]+$/)
        expect(parseCredentials(uri)).toEqual(given)
      }),
    )
  })

  it('are read from a text with white space around them, and with none within', () => {
    const uri = formatCredentials(handover)
    for (const text of [`${uri}\n`, `\r\n\t ${uri} \r\n`, `\ufeff${uri}`]) {
      expect(parseCredentials(text)).toEqual(handover)
    }
    for (const at of [1, 11, 20, uri.length - 1]) {
      for (const blank of [' ', '\n', '\t', '\u00a0']) {
        expect(refusalOf(uri.slice(0, at) + blank + uri.slice(at))).toBeDefined()
      }
    }
  })

  it('fit into a URI at their limits, and a longer text is refused by its length', () => {
    const uri = formatCredentials(largest)
    expect(parseCredentials(uri)).toEqual(largest)
    expect(uri).toHaveLength(2870)
    expect(parseCredentials(uri.padEnd(2953))).toEqual(largest)
    expect(refusalOf(uri.padEnd(2954))).toMatchObject({ field: 'uri' })
    expect(refusalOf(uri + ' '.repeat(10_000_000))).toMatchObject({ field: 'uri' })
  })

  it('are not read from what is no text', () => {
    for (const value of [undefined, null, 1, {}, [valid[0]?.uri], new String(valid[0]?.uri), Buffer.from('x')]) {
      expect(refusalOf(value as unknown as string)).toMatchObject({ field: 'uri' })
    }
  })

  it('have no name that everything has', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(refusalOf(`${valid[0]?.uri}&${name}=x`)).toMatchObject({ field: 'uri' })
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

/** A text that was damaged in one place. */
const damaged = fc
  .tuple(
    fc.oneof(handovers.map(formatCredentials), fc.constantFrom(...valid.map(({ uri }) => uri))),
    fc.nat(),
    fc.nat(4),
    fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('%', '&', '=', '+', '%2B', '%2b', '&label=')),
  )
  .map(([uri, place, cut, put]) => {
    const at = place % (uri.length + 1)
    return uri.slice(0, at) + put + uri.slice(at + cut)
  })

describe('A text that is not quite credentials', () => {
  it('is refused, or says something that has this one spelling', () => {
    fc.assert(
      fc.property(damaged, text => {
        if (refusalOf(text) === undefined) expect(formatCredentials(parseCredentials(text))).toBe(text.trim())
      }),
      { numRuns: 2000 },
    )
  })

  it('is refused with a KeyError, whatever it is', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map(text => `keylattice:v1?${text}`),
      fc.array(fc.oneof(fc.string(), fc.constantFrom('scheme=x', 'keyId=k', 'secret=s', 'label=%'))).map(parts => {
        return `keylattice:v1?${parts.join('&')}`
      }),
    )
    fc.assert(
      fc.property(anything, text => {
        refusalOf(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('never shows in an error what it holds', () => {
    const uri = formatCredentials({ ...handover, label: 'mine' })
    const pieces = Array.from({ length: SECRET.length - 11 }, (_, at) => SECRET.slice(at, at + 12))
    let refused = 0
    const check = (text: string) => {
      const error = refusalOf(text)
      if (error === undefined) return
      refused++
      const shown = printed(error)
      expect(pieces.filter(piece => shown.includes(piece))).toEqual([])
    }
    for (let at = 0; at <= uri.length; at++) {
      for (const put of ['%', '&', ' ', '\u0000', '&secret=', 'ü']) check(uri.slice(0, at) + put + uri.slice(at))
      check(uri.slice(0, at) + uri.slice(at + 1))
    }
    check(uri.replace('secret=', ''))
    check(uri.replace('secret=', 'Secret='))
    check(SECRET)
    expect(refused).toBeGreaterThan(1000)
    // The same search finds the secret where it stands.
    expect(pieces.filter(piece => printed(new Error(uri)).includes(piece))).toHaveLength(pieces.length)
  })
})

describe('Writing credentials', () => {
  const wrapped = () => createSecret(new TextEncoder().encode(SECRET))

  it('takes the wrapper in which a secret was handed out, and reveals it', () => {
    const secret = wrapped()
    const uri = formatCredentials({ ...handover, credentials: { keyId: credentials.keyId, secret } })
    expect(uri).toBe(formatCredentials(handover))
    expect(() => secret.reveal()).toThrow(expect.objectContaining({ code: 'ERR_SECRET_REVEALED' }))
    expect(() => formatCredentials({ ...handover, credentials: { keyId: credentials.keyId, secret } })).toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_REVEALED' }),
    )
  })

  it.each([
    ['scheme', 'in upper case', { scheme: 'HMAC' }],
    ['server', 'with a path', { server: 'https://api.example.com/' }],
    ['server', 'without encryption', { server: 'http://api.example.com' }],
    ['server', 'that is empty', { server: '' }],
    ['audience', 'with a blank', { audience: 'two words' }],
    ['label', 'of two lines', { label: 'a\nb' }],
    ['label', 'with half a character', { label: '\ud800' }],
    ['label', 'that is too long', { label: 'l'.repeat(129) }],
    ['label', 'that is a number', { label: 5 as unknown as string }],
    ['keyId', 'with a blank', { credentials: { ...credentials, keyId: 'a b' } }],
    ['passphrase', 'that is empty', { credentials: { ...credentials, passphrase: '' } }],
  ])('refuses a %s %s before the secret is revealed', (field, _, changed: Partial<Handover>) => {
    const secret = wrapped()
    const given = { ...handover, ...changed }
    const wrong = { ...given, credentials: { ...given.credentials, secret } }
    expect(thrownBy(() => formatCredentials(wrong))).toMatchObject({ code: 'ERR_INPUT_INVALID', field })
    expect(secret.reveal()).toBe(SECRET)
  })

  it('takes a wrapped passphrase too, and reveals it once all else is good', () => {
    const passphrase = createSecret(new TextEncoder().encode('correct-horse'))
    const given = { ...handover, credentials: { keyId: credentials.keyId, secret: 'a b' as string, passphrase } }
    expect(thrownBy(() => formatCredentials(given))).toMatchObject({ field: 'secret' })
    const uri = formatCredentials({ ...given, credentials: { ...given.credentials, secret: wrapped() } })
    expect(parseCredentials(uri).credentials).toEqual({ ...credentials, secret: SECRET, passphrase: 'correct-horse' })
    expect(() => passphrase.reveal()).toThrow(expect.objectContaining({ code: 'ERR_SECRET_REVEALED' }))
  })

  it('refuses what cannot be a secret, without showing it', () => {
    for (const secret of ['', 'a b', 'ü', 's'.repeat(129), null, 5]) {
      const wrong = { ...handover, credentials: { ...credentials, secret: secret as string } }
      const error = thrownBy(() => formatCredentials(wrong)) as KeyError
      expect(error).toBeInstanceOf(KeyError)
      expect(error).toMatchObject({ code: 'ERR_INPUT_INVALID', field: 'secret' })
      expect(error.message).toBe("credentials: 'secret' must be 1 to 128 visible ASCII characters")
    }
  })

  it('leaves out an empty label, which a key may have', () => {
    expect(formatCredentials({ ...handover, label: '' })).toBe(formatCredentials(handover))
  })

  it('does not know other options, nor leaves out required ones', () => {
    const unknown = { ...handover, expires: 1 } as Handover
    const inner = { ...handover, credentials: { ...credentials, password: 'x' } } as Handover
    const missing = { scheme: 'hmac-v1' } as Handover
    expect(() => formatCredentials(unknown)).toThrow(ConfigError)
    expect(() => formatCredentials(inner)).toThrow(ConfigError)
    expect(() => formatCredentials(missing)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_MISSING' }))
  })
})

describe('Credentials that were handed over', () => {
  it('sign as those that were issued do', async () => {
    const { scheme: id, audience = '', credentials: received } = parseCredentials(formatCredentials(handover))
    const scheme = hmacV1({ audience })
    const fixed = { scheme, clock: () => 1_767_225_600_000, random: (size: number) => new Uint8Array(size).fill(1) }
    const request = { method: 'GET', target: '/v1/balance' }
    const signed = await createSigner({ ...fixed, ...received }).sign(request)
    expect(id).toBe(scheme.id)
    expect(signed).toEqual(await createSigner({ ...fixed, ...credentials }).sign(request))
    expect(signed).not.toEqual(await createSigner({ ...fixed, ...credentials, secret: `${SECRET}x` }).sign(request))
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64 } from '../../src/bytes.js'
import { checksum } from '../../src/crypto/checksum.js'
import { BASE62, type Random } from '../../src/crypto/random.js'
import { ConfigError } from '../../src/errors.js'
import {
  createMint,
  credentialPattern,
  findCredentials,
  type MintOptions,
  parseCredential,
} from '../../src/keys/credentials.js'

const mint = createMint({ brand: 'kl', environment: 'live' })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const secretOf = (from = mint): string => text(from.mintSecret())
const withChecksum = (start: string): string => start + checksum(new TextEncoder().encode(start))

const KEY_ID = /^kl_live_[0-9A-Za-z]{28}$/
const SECRET = /^kls_live_[0-9A-Za-z]{49}$/

const brands = fc.stringMatching(/^[a-z][a-z0-9]{0,8}[a-rt-z0-9]$/)
const environments = fc.stringMatching(/^[a-z0-9]{2,12}$/)

describe('a mint', () => {
  it('makes key ids and secrets of the published form', () => {
    for (let i = 0; i < 200; i++) {
      expect(mint.mintKeyId()).toMatch(KEY_ID)
      expect(secretOf()).toMatch(SECRET)
    }
  })

  it('puts at least 128 random bits into a key id and 256 into a secret', () => {
    const bits = (body: string): number => (body.length - 6) * Math.log2(62)
    expect(bits(mint.mintKeyId().slice('kl_live_'.length))).toBeGreaterThanOrEqual(128)
    expect(bits(secretOf().slice('kls_live_'.length))).toBeGreaterThanOrEqual(256)
  })

  it('makes no two alike: 20,000 of each', () => {
    const ids = new Set(Array.from({ length: 20_000 }, () => mint.mintKeyId()))
    const secrets = new Set(Array.from({ length: 20_000 }, () => secretOf()))
    expect([ids.size, secrets.size]).toEqual([20_000, 20_000])
  })

  it('favours no character anywhere: chi-square over 301,000 of them stays below its 10^-9 limit', () => {
    const counts = new Map([...BASE62].map(character => [character, 0]))
    for (let i = 0; i < 7000; i++) {
      for (const character of secretOf().slice('kls_live_'.length, -6))
        counts.set(character, counts.get(character)! + 1)
    }
    const expected = (7000 * 43) / 62
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(counts.size).toBe(62)
    expect(chiSquare).toBeLessThan(160)
  })

  it('is determined by the randomness it is given, and throws away what would be biased', () => {
    const zeros: Random = bytes => new Uint8Array(bytes)
    const own = createMint({ brand: 'kl', environment: 'test', random: zeros })
    expect(own.mintKeyId()).toBe(withChecksum(`kl_test_${'0'.repeat(22)}`))
    expect(secretOf(own)).toBe(withChecksum(`kls_test_${'0'.repeat(43)}`))
    const high = createMint({ brand: 'kl', environment: 'test', random: bytes => new Uint8Array(bytes).fill(248) })
    expect(() => high.mintKeyId()).toThrow(ConfigError)
    const mixed: Random = bytes => Uint8Array.from({ length: bytes }, (_, i) => (i % 2 === 0 ? 255 : 61))
    expect(createMint({ brand: 'kl', environment: 'test', random: mixed }).mintKeyId()).toContain('z'.repeat(22))
  })

  it('makes base64 secrets of 64 random bytes for schemes that decode them', () => {
    const secrets = Array.from({ length: 50 }, () => text(mint.mintSecret('base64')))
    expect(new Set(secrets).size).toBe(50)
    for (const secret of secrets) expect(decodeBase64(secret)?.length).toBe(64)
  })

  it('gives a secret as bytes of its own, so that they can be wiped', () => {
    const first = mint.mintSecret()
    expect(first).toBeInstanceOf(Uint8Array)
    expect(first.byteLength).toBe(first.buffer.byteLength)
    first.fill(0)
    expect(secretOf()).toMatch(SECRET)
  })

  it.each([
    [
      'brand',
      ['kl', 'k1', 'abcdefghij', 'ks2', 'sk'],
      ['k', 'kls', 'Kl', '1k', 'k_l', 'kl ', 'kl\n', 'klé', 'abcdefghijk', '', 's', 'k-l', 7, null, ['kl']],
    ],
    [
      'environment',
      ['live', 'test', '01', 'sandbox2', 'abcdefghijkl'],
      ['l', 'Live', 'li_ve', 'live\n', 'abcdefghijklm', '', 'lié', 12, null, ['live']],
    ],
  ])('takes a %s of its grammar and refuses any other', (name, good, bad) => {
    for (const value of good) {
      const made = createMint({ brand: 'kl', environment: 'live', [name]: value })
      expect(parseCredential(made.mintKeyId())).toMatchObject({ [name]: value })
    }
    for (const value of bad) {
      const options = { brand: 'kl', environment: 'live', [name]: value } as MintOptions
      expect(() => createMint(options)).toThrow(expect.objectContaining({ field: name }))
    }
  })

  it('has no default for brand and environment, and refuses options it does not know', () => {
    const codeOf = (options: unknown): unknown => {
      try {
        return createMint(options as MintOptions)
      } catch (error) {
        return (error as ConfigError).code
      }
    }
    expect(codeOf({ brand: 'kl' })).toBe('ERR_OPTION_MISSING')
    expect(codeOf({ environment: 'live' })).toBe('ERR_OPTION_MISSING')
    expect(codeOf({ brand: 'kl', environment: 'live', prefix: 'x' })).toBe('ERR_OPTION_UNKNOWN')
    expect(codeOf(undefined)).toBe('ERR_OPTION_INVALID')
  })
})

describe('a credential', () => {
  it('says what it is, for every brand and environment', () => {
    fc.assert(
      fc.property(brands, environments, (brand, environment) => {
        const own = createMint({ brand, environment })
        expect(parseCredential(own.mintKeyId())).toEqual({ kind: 'keyId', brand, environment })
        expect(parseCredential(secretOf(own))).toEqual({ kind: 'secret', brand, environment })
      }),
    )
  })

  it('is refused with any one character changed, left out, doubled or moved', () => {
    for (const credential of [mint.mintKeyId(), secretOf()]) {
      for (let i = 0; i < credential.length; i++) {
        const [before, here, after] = [credential.slice(0, i), credential.charAt(i), credential.slice(i + 1)]
        const typos = [...`${BASE62}_- .`].map(other => before + other + after)
        typos.push(before + after, before + here + here + after, before + after.slice(0, 1) + here + after.slice(1))
        for (const typo of typos) {
          if (typo !== credential) expect(parseCredential(typo)).toBeUndefined()
        }
      }
      expect(parseCredential(credential)).toBeDefined()
    }
  })

  it('is refused in other spellings and types, at once when it is long', () => {
    const id = mint.mintKeyId()
    const others = [
      '',
      ` ${id}`,
      `${id} `,
      `${id}\n`,
      `${id}\0`,
      id.toUpperCase(),
      id.replace('kl', 'kl'.normalize('NFKC').replace('k', '\u212a')),
      id.replace('_', '\uff3f'),
      `${id}${id}`,
      id.repeat(30_000),
      `kl_${'a'.repeat(1_000_000)}`,
      '_'.repeat(1_000_000),
      null,
      undefined,
      12,
      {},
      [id],
      new String(id),
    ]
    for (const other of others) expect(parseCredential(other as string)).toBeUndefined()
    expect(parseCredential(id)).toBeDefined()
  })

  it('is not both: a secret is never read as the key id of a brand that ends in s', () => {
    const body = 'A'.repeat(22)
    expect(parseCredential(withChecksum(`kl_live_${body}`))).toMatchObject({ kind: 'keyId' })
    expect(parseCredential(withChecksum(`kls_live_${body}`))).toBeUndefined()
    expect(parseCredential(withChecksum(`kl_live_${'A'.repeat(43)}`))).toBeUndefined()
    expect(parseCredential(withChecksum(`kls_live_${'A'.repeat(43)}`))).toMatchObject({ kind: 'secret', brand: 'kl' })
    expect(parseCredential(withChecksum(`klss_live_${'A'.repeat(43)}`))).toBeUndefined()
  })

  it('answers any text without throwing, and accepts only what a mint could have made', () => {
    const near = fc.tuple(
      fc.constantFrom('kl', 'kls', 'k', ''),
      fc.constantFrom('_live_', '_', '__'),
      fc.stringMatching(/^[0-9A-Za-z]{20,50}$/),
    )
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      near.map(parts => parts.join('')),
      near.map(parts => withChecksum(parts.join(''))),
    )
    fc.assert(
      fc.property(anyText, candidate => {
        const parsed = parseCredential(candidate)
        if (parsed === undefined) return
        expect(candidate).toMatch(parsed.kind === 'keyId' ? KEY_ID : SECRET)
        expect(withChecksum(candidate.slice(0, -6))).toBe(candidate)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the published pattern', () => {
  it('finds key ids and secrets of its brand, and of no other', () => {
    const other = createMint({ brand: 'ko', environment: 'live' })
    const source = credentialPattern('kl').source
    expect(source).toBe('kl(?:_[a-z0-9]{2,12}_[0-9A-Za-z]{28}|s_[a-z0-9]{2,12}_[0-9A-Za-z]{49})')
    const leak = `key=${mint.mintKeyId()} ${secretOf()} ${other.mintKeyId()}`
    expect(leak.match(credentialPattern('kl'))?.length).toBe(2)
    expect(leak.match(credentialPattern('ko'))?.length).toBe(1)
  })

  it('repeats nothing without bound and looks neither ahead nor behind, so that every engine runs it in linear time', () => {
    const { source } = credentialPattern('kl')
    expect(source).not.toMatch(/[*+?](?!:)|\{\d+,\}|\(\?[=!<]|\\\d/)
    // The check itself sees what it looks for.
    for (const unbounded of ['a*', 'a+', 'a{2,}', '(?=a)', '(?<!a)', 'a?']) {
      expect(unbounded).toMatch(/[*+?](?!:)|\{\d+,\}|\(\?[=!<]|\\\d/)
    }
  })

  it('refuses a brand that could carry an expression', () => {
    for (const brand of ['.*', 'k|l', 'kls', '(kl', 'kl\\', '']) {
      expect(() => credentialPattern(brand)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
      expect(() => findCredentials('text', brand)).toThrow(expect.objectContaining({ field: 'brand' }))
    }
  })
})

describe('finding credentials in leaked text', () => {
  it('finds each where it stands, and nothing whose checksum is wrong', () => {
    const [id, secret] = [mint.mintKeyId(), secretOf()]
    const wrong = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
    const leak = `API_KEY=${id}\n"secret":"${secret}",${wrong};export KL_${secret}xyz`
    const found = findCredentials(leak, 'kl')
    expect(found.map(({ at, length }) => leak.slice(at, at + length))).toEqual([id, secret, secret])
    expect(found.map(({ kind, environment }) => `${kind} ${environment}`)).toEqual([
      'keyId live',
      'secret live',
      'secret live',
    ])
    expect(findCredentials(leak, 'ko')).toEqual([])
    expect(findCredentials('', 'kl')).toEqual([])
  })

  it('does not repeat the credential in what it reports', () => {
    const secret = secretOf()
    expect(JSON.stringify(findCredentials(`x ${secret} y`, 'kl'))).not.toContain(secret.slice(0, 20))
    expect(Object.keys(findCredentials(secret, 'kl')[0]!)).toEqual(['kind', 'brand', 'environment', 'at', 'length'])
  })

  it('finds a credential that begins inside a look-alike', () => {
    const id = mint.mintKeyId()
    for (const leak of [
      `kl_live_${'A'.repeat(26)}${id}`,
      `kl_live_${id}`,
      `kl_kl_live_${id}`,
      `kls_live_${'kl'.repeat(24)}${id}`,
    ]) {
      expect(findCredentials(leak, 'kl').map(({ at }) => leak.slice(at))).toEqual([id])
    }
  })

  it('finds all of them in any surroundings', () => {
    const surroundings = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('kl_', 'kls_live_', '_', 'kl')),
    )
    fc.assert(
      fc.property(surroundings, around => {
        const planted = around.map((_, i) => (i % 2 === 0 ? mint.mintKeyId() : secretOf()))
        const leak = around.map((before, i) => before + planted[i]).join('')
        const found = findCredentials(leak, 'kl').map(({ at, length }) => leak.slice(at, at + length))
        expect(found).toEqual(planted)
      }),
    )
  })

  it('takes steps in proportion to the text when the text is made to slow it down', () => {
    const hostile = [
      'kl_',
      'kl_aaaaaaaaaaaa',
      'kls_aa_',
      `kl_aa_${'a'.repeat(28)}`,
      `kls_aa_${'k'.repeat(48)}_`,
      '_',
      'k',
    ]
    for (const piece of hostile) {
      const leak = piece.repeat(Math.ceil(1_000_000 / piece.length))
      expect(findCredentials(leak, 'kl')).toEqual([])
      expect(findCredentials(leak + mint.mintKeyId(), 'kl').length).toBe(1)
    }
  })
})

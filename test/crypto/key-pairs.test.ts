import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Part } from '../../src/crypto/hash.js'
import * as node from '../../src/crypto/key-pairs.node.js'
import * as web from '../../src/crypto/key-pairs.web.js'
import { holdsPrivateKey } from '../../src/crypto/key-text.js'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'

const ALGORITHMS = ['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256', 'rsa-pss-sha512'] as const

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

// The declarations of Node's types lack the key whose options are left out.
const rsaPss = (options: object): Pair =>
  (generateKeyPairSync as unknown as (kind: string, options: object) => Pair)('rsa-pss', {
    modulusLength: 2048,
    ...options,
  })
const curve = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve })
const pairs: Readonly<Record<SignatureAlgorithm, Pair>> = (() => {
  const both = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    ed25519: generateKeyPairSync('ed25519'),
    'ecdsa-p256-sha256': curve('prime256v1'),
    'rsa-v1_5-sha256': both,
    'rsa-pss-sha512': both,
  }
})()

const pkcs8 = ({ privateKey }: Pair): string => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const spki = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' }).toString()
const spkiDer = ({ publicKey }: Pair): Buffer => publicKey.export({ type: 'spki', format: 'der' })
const rawPublic = (pair: Pair): Buffer => spkiDer(pair).subarray(-32)
const seed = ({ privateKey }: Pair): Buffer => privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32)
const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const refused = (algorithms: string): object => ({
  name: 'ConfigError',
  code: 'ERR_OPTION_INVALID',
  field: 'secret',
  message: `keyPairs: option 'secret' must be an unencrypted private key for ${algorithms}`,
})

/** OpenSSL's own opinion, by other means than the code under test. */
const OTHER: Readonly<Record<SignatureAlgorithm, readonly [hash: string | null, options: object]>> = {
  ed25519: [null, {}],
  'ecdsa-p256-sha256': ['sha256', { dsaEncoding: 'ieee-p1363' }],
  'rsa-v1_5-sha256': ['sha256', { padding: 1 }],
  'rsa-pss-sha512': ['sha512', { padding: 6, saltLength: 64 }],
}

const platforms = [
  ['node:crypto', node],
  ['Web Cryptography', web],
] as const

describe.each(platforms)('Key pairs by %s', (_name, { keyPairsOf, publicKeyOf }) => {
  const privateKey = async (text: string, ...algorithms: SignatureAlgorithm[]) =>
    keyPairsOf(algorithms).privateKey(text)
  const publicKey = async (text: string, ...algorithms: SignatureAlgorithm[]) => publicKeyOf(text, algorithms)

  describe.each(ALGORITHMS)('for %s', algorithm => {
    const pair = pairs[algorithm]
    const [hash, options] = OTHER[algorithm]
    const parts: readonly Part[] = ['GET', utf8('/é'), { digest: 'sha256', of: ['a', utf8('b')], as: 'hex' }]
    const message = utf8('GET/éfb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603')

    it('sign what OpenSSL verifies, and nothing else', async () => {
      const signature = await (await privateKey(pkcs8(pair), algorithm)).sign(parts)
      expect(verify(hash, message, { key: pair.publicKey, ...options }, signature)).toBe(true)
      expect(verify(hash, utf8('other'), { key: pair.publicKey, ...options }, signature)).toBe(false)
      expect(signature.constructor).toBe(Uint8Array)
    })

    it('verify what OpenSSL signs, and nothing else', async () => {
      const key = await publicKey(spki(pair), algorithm)
      const signature = new Uint8Array(sign(hash, message, { key: pair.privateKey, ...options }))
      expect(key?.algorithm).toBe(algorithm)
      expect(await key?.verifies(parts, signature)).toBe(true)
      expect(await key?.verifies([...parts, '.'], signature)).toBe(false)
      for (const at of [0, signature.length - 1]) {
        const changed = signature.slice()
        changed[at]! ^= 1
        expect(await key?.verifies(parts, changed)).toBe(false)
      }
    })

    it('refuse a signature of any other length, and never throw at one', async () => {
      const key = await publicKey(spki(pair), algorithm)
      const signature = new Uint8Array(sign(hash, message, { key: pair.privateKey, ...options }))
      for (const wrong of [
        new Uint8Array(),
        signature.subarray(1),
        signature.subarray(0, -1),
        Uint8Array.of(...signature, 0),
        Uint8Array.of(0, ...signature),
        new Uint8Array(signature.length),
        new Uint8Array(signature.length).fill(255),
        new Uint8Array(100_000),
      ]) {
        expect(await key?.verifies(parts, wrong)).toBe(false)
      }
    })

    it('refuse random signatures', async () => {
      const key = await publicKey(spki(pair), algorithm)
      const anything = fc.uint8Array({ minLength: 0, maxLength: 300 })
      await fc.assert(
        fc.asyncProperty(anything, async signature => (await key?.verifies(parts, signature)) === false),
        { numRuns: 50 },
      )
    })

    it('give one text per public key, whatever text it came in', async () => {
      const canonical = spkiDer(pair).toString('base64')
      const texts = [
        spki(pair),
        `\r\n${spki(pair).replaceAll('\n', '\r\n')} `,
        canonical,
        ...(algorithm === 'ed25519' ? [rawPublic(pair).toString('base64')] : []),
      ]
      for (const text of texts) expect((await publicKey(text, algorithm))?.spki).toBe(canonical)
      const otherPair = algorithm === 'ed25519' ? generateKeyPairSync('ed25519') : pairs['ed25519']
      expect((await publicKey(spki(otherPair), 'ed25519'))?.spki).not.toBe(canonical)
    })

    it('refuse a key for an algorithm that is not offered', async () => {
      const others = ALGORITHMS.filter(other => pairs[other] !== pair)
      expect(await publicKey(spki(pair), ...others)).toBeUndefined()
      await expect(privateKey(pkcs8(pair), ...others)).rejects.toMatchObject(refused(others.join()))
    })

    it('refuse the other half of the pair, and text that is no key', async () => {
      expect(await publicKey(pkcs8(pair), algorithm)).toBeUndefined()
      await expect(privateKey(spki(pair), algorithm)).rejects.toMatchObject(refused(algorithm))
      const der = spkiDer(pair)
      const noKeys = [
        '',
        'secret',
        `${der.toString('base64')}\n`,
        `${der.toString('base64')}=`,
        der.toString('hex'),
        der.subarray(0, -1).toString('base64'),
        Buffer.concat([der, Buffer.of(0)]).toString('base64'),
        pem('PUBLIC KEY', Buffer.concat([der, Buffer.of(5, 0)])),
        pem('CERTIFICATE', der),
        spki(pair).replace('END PUBLIC KEY', 'END PRIVATE KEY'),
        `${spki(pair)}x`,
        spki(pair) + spki(pair),
        ' '.repeat(20_000) + spki(pair),
      ]
      for (const text of noKeys) {
        expect([text, await publicKey(text, algorithm)]).toEqual([text, undefined])
        await expect(privateKey(text, algorithm)).rejects.toMatchObject(refused(algorithm))
      }
    })

    it('refuse every truncation of a private key', async () => {
      const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
      expect((await privateKey(pem('PRIVATE KEY', der), algorithm)).algorithm).toBe(algorithm)
      for (const length of [0, 1, 2, 5, 12, 20, der.length >> 1, der.length - 1]) {
        const text = pem('PRIVATE KEY', der.subarray(0, length))
        await expect(privateKey(text, algorithm)).rejects.toMatchObject(refused(algorithm))
      }
    })
  })

  it('take the first offered algorithm that an RSA key can make', async () => {
    const pair = pairs['rsa-pss-sha512']
    for (const [first, second] of [
      ['rsa-v1_5-sha256', 'rsa-pss-sha512'],
      ['rsa-pss-sha512', 'rsa-v1_5-sha256'],
    ] as const) {
      expect((await publicKey(spki(pair), 'ed25519', first, second))?.algorithm).toBe(first)
      expect((await privateKey(pkcs8(pair), 'ed25519', first, second)).algorithm).toBe(first)
    }
  })

  it('never take a PKCS#1 v1.5 signature for a PSS one, nor the reverse', async () => {
    const pair = pairs['rsa-pss-sha512']
    const parts = ['message']
    const v15 = await (await privateKey(pkcs8(pair), 'rsa-v1_5-sha256')).sign(parts)
    const pss = await (await privateKey(pkcs8(pair), 'rsa-pss-sha512')).sign(parts)
    const forV15 = await publicKey(spki(pair), 'rsa-v1_5-sha256')
    const forPss = await publicKey(spki(pair), 'rsa-pss-sha512')
    expect([await forV15?.verifies(parts, v15), await forPss?.verifies(parts, pss)]).toEqual([true, true])
    expect([await forV15?.verifies(parts, pss), await forPss?.verifies(parts, v15)]).toEqual([false, false])
  })

  it('want exactly 64 bytes of salt, and SHA-512 throughout', async () => {
    const pair = pairs['rsa-pss-sha512']
    const key = await publicKey(spki(pair), 'rsa-pss-sha512')
    const made = (hash: string, saltLength: number) =>
      new Uint8Array(sign(hash, utf8('m'), { key: pair.privateKey, padding: 6, saltLength }))
    expect(await key?.verifies(['m'], made('sha512', 64))).toBe(true)
    for (const [hash, salt] of [
      ['sha512', 32],
      ['sha512', 0],
      ['sha256', 64],
      ['sha256', 32],
    ] as const) {
      expect(await key?.verifies(['m'], made(hash, salt))).toBe(false)
    }
  })

  it('want ECDSA signatures as r and s, never in DER', async () => {
    const pair = pairs['ecdsa-p256-sha256']
    const key = await publicKey(spki(pair), 'ecdsa-p256-sha256')
    for (const dsaEncoding of ['der', 'ieee-p1363'] as const) {
      const signature = new Uint8Array(sign('sha256', utf8('m'), { key: pair.privateKey, dsaEncoding }))
      expect([dsaEncoding, await key?.verifies(['m'], signature)]).toEqual([dsaEncoding, dsaEncoding !== 'der'])
    }
  })

  it('read the older forms of private keys', async () => {
    const ec = pairs['ecdsa-p256-sha256']
    const both = pairs['rsa-v1_5-sha256']
    const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    const pkcs1 = both.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    for (const [text, algorithm, pair] of [
      [sec1, 'ecdsa-p256-sha256', ec],
      [pkcs1, 'rsa-v1_5-sha256', both],
      [pkcs1, 'rsa-pss-sha512', both],
    ] as const) {
      const signature = await (await privateKey(text, algorithm)).sign(['m'])
      expect(await (await publicKey(spki(pair), algorithm))?.verifies(['m'], signature)).toBe(true)
      const mislabelled = text.replaceAll(/(EC|RSA) PRIVATE/g, 'PRIVATE')
      await expect(privateKey(mislabelled, algorithm)).rejects.toMatchObject(refused(algorithm))
    }
  })

  it('read Ed25519 seeds with and without the public key, which is what they sign for', async () => {
    const pair = pairs.ed25519
    const key = await publicKey(rawPublic(pair).toString('base64'), 'ed25519')
    for (const bytes of [seed(pair), Buffer.concat([seed(pair), rawPublic(pair)])]) {
      const signature = await (await privateKey(bytes.toString('base64'), 'ed25519')).sign(['m'])
      expect(await key?.verifies(['m'], signature)).toBe(true)
    }
    for (const length of [0, 31, 33, 63, 65, 96]) {
      const text = Buffer.alloc(length, 7).toString('base64')
      await expect(privateKey(text, 'ed25519')).rejects.toMatchObject(refused('ed25519'))
      if (length !== 32) expect(await publicKey(text, 'ed25519')).toBeUndefined()
    }
    await expect(privateKey(seed(pair).toString('base64'), 'rsa-pss-sha512')).rejects.toMatchObject(
      refused('rsa-pss-sha512'),
    )
  })

  it('take an RSA key that is for PSS alone for that alone, and give it the one text', async () => {
    const pair = rsaPss({})
    const signature = await (await privateKey(pkcs8(pair), 'rsa-v1_5-sha256', 'rsa-pss-sha512')).sign(['m'])
    const key = await publicKey(spki(pair), 'rsa-v1_5-sha256', 'rsa-pss-sha512')
    expect([key?.algorithm, await key?.verifies(['m'], signature)]).toEqual(['rsa-pss-sha512', true])
    // The same numbers under the plain name of RSA.
    const numbers = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-270)
    const plain = createPublicKey({ key: numbers, format: 'der', type: 'pkcs1' }).export({
      type: 'spki',
      format: 'der',
    })
    expect(key?.spki).toBe(plain.toString('base64'))
    expect(await publicKey(spki(pair), 'rsa-v1_5-sha256')).toBeUndefined()
    await expect(privateKey(pkcs8(pair), 'rsa-v1_5-sha256')).rejects.toMatchObject(refused('rsa-v1_5-sha256'))
    const limited = rsaPss({ hashAlgorithm: 'sha256', saltLength: 32 })
    expect(await publicKey(spki(limited), 'rsa-pss-sha512')).toBeUndefined()
  })

  it.each([
    [2048, 65537, true],
    [2047, 65537, false],
    [1024, 65537, false],
    [8192, 65537, true],
    [8193, 65537, false],
    [16384, 65537, false],
    [4096, 2 ** 32 - 1, true],
    [4096, 2 ** 32 + 1, false],
    [4096, 2 ** 60 + 1, false],
    [4096, 65539, true],
    [4096, 65538, false],
    [4096, 65535, false],
    [4096, 3, false],
    [4096, 1, false],
  ])('judge an RSA key of %i bits and the exponent %d: %s', async (bits, exponent, isStrong) => {
    const text = madeUp(bits, BigInt(exponent))
    for (const algorithm of ['rsa-v1_5-sha256', 'rsa-pss-sha512'] as const) {
      expect((await publicKey(text, algorithm)) !== undefined).toBe(isStrong)
    }
  })

  it.each(['secp384r1', 'secp521r1', 'secp256k1'])('refuse the curve %s, whatever the key says it is', async name => {
    const pair = curve(name)
    const sec1 = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    expect(await publicKey(spki(pair), 'ecdsa-p256-sha256')).toBeUndefined()
    for (const text of [pkcs8(pair), sec1]) {
      await expect(privateKey(text, 'ecdsa-p256-sha256')).rejects.toMatchObject(refused('ecdsa-p256-sha256'))
    }
  })

  it('refuse other kinds of key', async () => {
    const kinds = [generateKeyPairSync('ed448'), generateKeyPairSync('x25519'), generateKeyPairSync('x448')]
    for (const pair of kinds) {
      expect(await publicKey(spki(pair), ...ALGORITHMS)).toBeUndefined()
      await expect(privateKey(pkcs8(pair), ...ALGORITHMS)).rejects.toMatchObject(refused(ALGORITHMS.join()))
    }
  })

  it('refuse an encrypted private key', async () => {
    const text = pairs.ed25519.privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' })
      .toString()
    await expect(privateKey(text, 'ed25519')).rejects.toMatchObject(refused('ed25519'))
  })

  it.each([2, 3, 4, 6, 7])(
    'want points of P-256 uncompressed: not with the first byte %i unless it is 4',
    async form => {
      const der = spkiDer(pairs['ecdsa-p256-sha256'])
      const point = der.subarray(-65)
      const isShort = form < 4
      const changed = Buffer.concat([Buffer.of(form), point.subarray(1, isShort ? 33 : 65)])
      const head = Buffer.from(der.subarray(0, -65))
      if (isShort) {
        head[1]! -= 32
        head[24]! -= 32
      }
      const key = await publicKey(Buffer.concat([head, changed]).toString('base64'), 'ecdsa-p256-sha256')
      expect(key !== undefined).toBe(form === 4)
    },
  )

  it('refuse points that are not on the curve', async () => {
    const der = Buffer.from(spkiDer(pairs['ecdsa-p256-sha256']))
    der[der.length - 1]! ^= 1
    expect(await publicKey(der.toString('base64'), 'ecdsa-p256-sha256')).toBeUndefined()
    expect(
      await publicKey(Buffer.concat([der.subarray(0, -64), Buffer.alloc(64)]).toString('base64'), 'ecdsa-p256-sha256'),
    ).toBeUndefined()
  })

  it('refuse every encoding of the points of small order, and every y that is not below the prime', async () => {
    const read = async (y: bigint, sign: number) => {
      const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse()
      bytes[31]! |= sign << 7
      return (await publicKey(bytes.toString('base64'), 'ed25519'))?.spki
    }
    for (const sign of [0, 1]) {
      for (const y of smallOrder()) expect([y, await read(y, sign)]).toEqual([y, undefined])
      for (let y = P; y < 2n ** 255n; y++) expect([y, await read(y, sign)]).toEqual([y, undefined])
      for (const y of [2n, 3n, P - 2n]) expect([y, await read(y, sign)]).toEqual([y, expect.any(String)])
    }
  })

  it('name what a platform without Web Cryptography lacks', async () => {
    const { crypto } = globalThis
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true })
    try {
      const reading = publicKey(spki(pairs.ed25519), 'ed25519')
      if (keyPairsOf === node.keyPairsOf) expect((await reading)?.algorithm).toBe('ed25519')
      else await expect(reading).rejects.toMatchObject({ name: 'ConfigError', code: 'ERR_PLATFORM' })
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true })
    }
  })
})

describe('Key pairs by Web Cryptography', () => {
  it.each([
    ['NotSupportedError', 'rejects'],
    ['DataError', 'refuses'],
  ])('tell a platform that lacks an algorithm from a key that is none: %s', async (name, what) => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', name))
    const reading = web.publicKeyOf(spki(pairs.ed25519), ['ed25519'])
    if (what === 'refuses') expect(await reading).toBeUndefined()
    else
      await expect(reading).rejects.toMatchObject({ code: 'ERR_PLATFORM', message: expect.stringContaining('ed25519') })
    importKey.mockRestore()
  })
})

describe.each(platforms)('The owner of a private key by %s', (_name, { spkiOfPrivateKey }) => {
  const spkiOf = async (text: string, ...algorithms: SignatureAlgorithm[]) => spkiOfPrivateKey(text, algorithms)

  it.each(ALGORITHMS)('is found for %s', async algorithm => {
    const pair = pairs[algorithm]
    expect(await spkiOf(pkcs8(pair), algorithm)).toBe(spkiDer(pair).toString('base64'))
    expect(await spkiOf(pkcs8(pair), 'ed25519', 'rsa-pss-sha512', algorithm)).toBe(spkiDer(pair).toString('base64'))
  })

  it('is found for an Ed25519 seed', async () => {
    const pair = pairs.ed25519
    const whole = Buffer.concat([seed(pair), rawPublic(pair)])
    for (const bytes of [seed(pair), whole]) {
      expect(await spkiOf(bytes.toString('base64'), 'ed25519')).toBe(spkiDer(pair).toString('base64'))
    }
  })

  it('is nobody for anything else', async () => {
    expect(await spkiOf(spki(pairs.ed25519), 'ed25519')).toBeUndefined()
    expect(await spkiOf(pkcs8(pairs.ed25519), 'ecdsa-p256-sha256')).toBeUndefined()
    expect(await spkiOf(pkcs8(pairs.ed25519).replace('MC4', 'MC5'), 'ed25519')).toBeUndefined()
    expect(await spkiOf('no key', ...ALGORITHMS)).toBeUndefined()
  })
})

describe('What looks like a private key', () => {
  it.each(ALGORITHMS)('is noticed for %s, and its public half is not', algorithm => {
    const pair = pairs[algorithm]
    const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
    const jwk = JSON.stringify(pair.privateKey.export({ format: 'jwk' }), null, 2)
    for (const text of [pkcs8(pair), der.toString('base64'), jwk]) expect(holdsPrivateKey(text)).toBe(true)
    const halves = [spki(pair), spkiDer(pair).toString('base64'), rawPublic(pair).toString('base64')]
    for (const text of [...halves, JSON.stringify(pair.publicKey.export({ format: 'jwk' }))]) {
      expect(holdsPrivateKey(text)).toBe(false)
    }
  })

  it('is noticed in its older forms, broken over lines, and cut off', () => {
    const ec = pairs['ecdsa-p256-sha256'].privateKey.export({ type: 'sec1', format: 'der' })
    const both = pairs['rsa-pss-sha512'].privateKey.export({ type: 'pkcs1', format: 'der' })
    const halves = Buffer.concat([seed(pairs.ed25519), rawPublic(pairs.ed25519)])
    for (const bytes of [ec, both, halves]) {
      const text = bytes.toString('base64')
      for (const form of [text, text.replace(/.{20}/g, '$&\n')]) expect(holdsPrivateKey(form)).toBe(true)
    }
    expect(holdsPrivateKey('-----BEGIN RSA PRIVATE KEY-----\nMII')).toBe(true)
    expect(holdsPrivateKey('no key')).toBe(false)
  })
})

describe('The two platforms', () => {
  it.each(ALGORITHMS)('read each other for %s, and give a key the same text', async algorithm => {
    const pair = pairs[algorithm]
    const texts = await Promise.all(
      platforms.map(async ([, { publicKeyOf }]) => (await publicKeyOf(spki(pair), [algorithm]))?.spki),
    )
    expect(new Set(texts).size).toBe(1)
    for (const [signer, verifier] of [
      [node, web],
      [web, node],
    ] as const) {
      const signature = await (await signer.keyPairsOf([algorithm]).privateKey(pkcs8(pair))).sign(['m'])
      const key = await verifier.publicKeyOf(spki(pair), [algorithm])
      expect([await key?.verifies(['m'], signature), await key?.verifies(['n'], signature)]).toEqual([true, false])
    }
  })
})

const P = 2n ** 255n - 19n

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = base % P, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P
  return result
}

/**
 * y of the points whose order divides 8, by arithmetic: 1, −1, 0, and those that doubled give y = 0. There x² = −y²,
 * which on the curve −x² + y² = 1 + d·x²·y² makes d·y⁴ + 2·y² − 1 = 0.
 */
function smallOrder(): readonly bigint[] {
  const d = (P - ((121665n * power(121666n, P - 2n)) % P)) % P
  const root = sqrt((1n + d) % P)
  const inverse = power(d, P - 2n)
  const squares = [root, P - root].map(r => ((r - 1n) * inverse) % P)
  const eighth = squares.filter(isSquare).map(sqrt)
  return [0n, 1n, P - 1n, ...eighth.flatMap(y => [y, P - y])]
}

function isSquare(n: bigint): boolean {
  return power(n, (P - 1n) / 2n) === 1n
}

function sqrt(n: bigint): bigint {
  const candidate = power(n, (P + 3n) / 8n)
  return (candidate * candidate - n) % P === 0n ? candidate : (candidate * power(2n, (P - 1n) / 4n)) % P
}

/** SPKI of an RSA key nobody has the other half of. */
function madeUp(bits: number, exponent: bigint): string {
  const n = (1n << BigInt(bits - 1)) + 0x1234567n
  const base64url = (number: bigint) => {
    const digits = number.toString(16)
    return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url')
  }
  const key = { kty: 'RSA', n: base64url(n), e: base64url(exponent) }
  return createPublicKey({ key: { ...key }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
}

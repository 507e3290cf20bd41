import { createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyPairsOf, publicKeyOf } from '#key-pairs'
import { generateKeyPair, provePossession } from '../../src/client/index.js'
import { possessionStatement } from '../../src/crypto/possession.js'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'
import type { Scheme } from '../../src/scheme.js'
import { bearer } from '../../src/schemes/bearer.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'

const ALGORITHMS = ['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256', 'rsa-pss-sha512'] as const
const scheme = ed25519V1({ audience: 'api.example.com' })
const of = (...algorithms: SignatureAlgorithm[]): Scheme => ({
  ...scheme,
  proof: { kind: 'signature', keyPairs: keyPairsOf(algorithms) },
})
const base64 = (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, '')
const about = { owner: 'owner-1', keyId: 'kl_live_1' }

describe.each(ALGORITHMS)('A generated key pair for %s', algorithm => {
  it('is a pair, in PEM that OpenSSL writes in the same way', async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const half = createPrivateKey(privateKey)
    expect(createPublicKey(half).export({ type: 'spki', format: 'pem' })).toBe(publicKey)
    expect(half.export({ type: 'pkcs8', format: 'pem' })).toBe(privateKey)
    const { modulusLength, publicExponent } = half.asymmetricKeyDetails ?? {}
    if (algorithm.startsWith('rsa')) expect([modulusLength, publicExponent]).toEqual([3072, 65537n])
  })

  it('is another one each time', async () => {
    const [one, other] = [await generateKeyPair('ed25519'), await generateKeyPair('ed25519')]
    expect(one.privateKey).not.toBe(other.privateKey)
  })

  it('proves itself for one key, owner and version', async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const possession = await provePossession({ scheme: of(algorithm), ...about, publicKey, privateKey })
    const key = await publicKeyOf(publicKey, [algorithm])
    const statement = (more: object) =>
      possessionStatement({ ...about, version: 1, algorithm, spki: base64(publicKey), ...more })
    const proves = (more: object) => key?.verifies(statement(more), Uint8Array.from(Buffer.from(possession, 'base64')))
    expect(await proves({})).toBe(true)
    for (const other of [{ owner: 'owner-2' }, { keyId: 'kl_live_2' }, { version: 2 }, { algorithm: 'other' }]) {
      expect(await proves(other)).toBe(false)
    }
  })
})

describe('A proof of possession', () => {
  it('is a signature over six lines', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const possession = await provePossession({ scheme, ...about, publicKey, privateKey, version: 7 })
    const lines = ['keylattice-key-possession-v1', 'owner-1', 'kl_live_1', '7', 'ed25519', base64(publicKey)]
    const check = (text: string) => verify(null, Buffer.from(text), publicKey, Buffer.from(possession, 'base64'))
    expect(check(lines.join('\n'))).toBe(true)
    expect(check(`${lines.join('\n')}\n`)).toBe(false)
  })

  it('is the same for every text of the public key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const prove = (text: string) => provePossession({ scheme, ...about, publicKey: text, privateKey })
    const proof = await prove(publicKey)
    for (const text of [base64(publicKey), base64(publicKey).slice(-44), publicKey.replaceAll('\n', '\r\n')]) {
      expect(await prove(text)).toBe(proof)
    }
    expect(await prove((await generateKeyPair('ed25519')).publicKey)).not.toBe(proof)
  })

  it('names the algorithm that the scheme uses an RSA key with', async () => {
    const { publicKey, privateKey } = await generateKeyPair('rsa-pss-sha512')
    const possession = await provePossession({
      ...{ scheme: of('ed25519', 'rsa-v1_5-sha256', 'rsa-pss-sha512'), ...about, publicKey, privateKey },
    })
    const [statement] = possessionStatement({
      ...{ ...about, version: 1, algorithm: 'rsa-v1_5-sha256', spki: base64(publicKey) },
    })
    const check = (padding: number) =>
      verify('sha256', Buffer.from(String(statement)), { key: publicKey, padding }, Buffer.from(possession, 'base64'))
    expect([check(1), check(6)]).toEqual([true, false])
  })

  it.each([
    ['scheme', { scheme: hmacV1({ audience: 'a' }) }],
    ['scheme', { scheme: bearer() }],
    ['publicKey', { publicKey: '' }],
    ['publicKey', { publicKey: 'no key!' }],
    ['publicKey', { publicKey: undefined }],
    ['owner', { owner: undefined }],
    ['secret', { privateKey: 'no key' }],
    ['other', { other: 1 }],
  ])('is not made with a wrong %s', async (field, wrong) => {
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const good = { scheme, ...about, publicKey, privateKey }
    await expect(provePossession({ ...good, ...wrong } as never)).rejects.toMatchObject({ name: 'ConfigError', field })
    await expect(provePossession(good)).resolves.toEqual(expect.any(String))
  })

  it('never takes a private key for the public one, nor shows it', async () => {
    const { privateKey } = await generateKeyPair('ed25519')
    const failure = await provePossession({ scheme, ...about, publicKey: privateKey, privateKey }).catch(error => error)
    expect(failure).toMatchObject({ code: 'ERR_OPTION_INVALID', field: 'publicKey' })
    expect(failure.message).not.toContain(base64(privateKey).slice(0, 40))
  })

  it('needs the platform’s cryptography only', async () => {
    const { crypto } = globalThis
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true })
    try {
      await expect(generateKeyPair('ed25519')).rejects.toMatchObject({ code: 'ERR_PLATFORM' })
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true })
    }
  })
})

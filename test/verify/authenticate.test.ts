import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyPairsOf } from '#key-pairs'
import { createSigner, generateKeyPair, type KeyPairTexts, provePossession } from '../../src/client/index.js'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'
import type { KeyRow, KeyStore, WireRequest } from '../../src/index.js'
import { type Claim, isMalformed, type Scheme } from '../../src/scheme.js'
import { ed25519V1 } from '../../src/schemes/ed25519-v1.js'
import { createWorld, OWNER, START, unsigned } from '../world.js'

const HOUR = 3_600_000
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const READ = { permission: 'read' } as const
const SIGNATURE = 'x-api-signature'
const base64 = (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, '')
const wanted = { owner: OWNER, label: '', permissions: ['read'] as const, accounts: null, ipAllowlist: null }
const v1 = ed25519V1({ audience: 'api.example.com' })

/** The lines of v1 with these key pairs, beside a secret or not; the wire may say the algorithm. */
function schemeOf(algorithms: readonly SignatureAlgorithm[], kind: 'signature' | 'mac' = 'signature'): Scheme {
  const keyPairs = keyPairsOf(algorithms)
  const secretEncoding = { name: 'utf8', keyOf: (secret: Uint8Array) => secret } as const
  return {
    ...v1,
    proof: kind === 'signature' ? { kind, keyPairs } : { kind, hash: 'sha256', secretEncoding, keyPairs },
    read(request) {
      const { [SIGNATURE]: signature, ...headers } = request.headers
      const claim = v1.read({ ...request, headers: { ...headers, [SIGNATURE]: '0'.repeat(128) } })
      if (claim === undefined || isMalformed(claim)) return claim
      const algorithm = (request.headers['x-algorithm'] ?? '') as Claim['algorithm']
      return { ...claim, algorithm, tag: Uint8Array.from(Buffer.from(String(signature), 'hex')) }
    },
  }
}

async function createPairWorld(scheme: Scheme, keys?: KeyStore) {
  const world = createWorld({ schemes: [scheme], ...(keys && { keys }) })
  const denialOf = async (request: WireRequest) => {
    const verdict = await world.verifier.verify(request, READ)
    return verdict.ok ? 'ok' : verdict.denial
  }
  const register = async (pair?: KeyPairTexts) => {
    const { publicKey, privateKey } = pair ?? (await generateKeyPair('ed25519'))
    const { key } = await world.manager.request(wanted)
    const { keyId } = key
    const possession = await provePossession({ scheme, owner: OWNER, keyId, publicKey, privateKey })
    await world.manager.register({ owner: OWNER, keyId, publicKey, possession })
    const signer = createSigner({ scheme, keyId, secret: privateKey, clock: world.clock })
    return { keyId, publicKey, privateKey, signer, sign: () => signer.sign(unsigned()) }
  }
  return { ...world, denialOf, register }
}

const withHeaders = (request: WireRequest, headers: Record<string, string>): WireRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
})

describe('A key pair', () => {
  it('proves a request, once, and no changed one', async () => {
    const { register, denialOf } = await createPairWorld(v1)
    const { sign } = await register()
    const request = await sign()
    expect(await denialOf(withHeaders(request, { [SIGNATURE]: '0'.repeat(128) }))).toBe('wrong_signature')
    expect(await denialOf({ ...request, target: '/v1/balance?asset=ETH' })).toBe('wrong_signature')
    expect(await denialOf(request)).toBe('ok')
    expect(await denialOf(request)).toBe('replayed')
  })

  it('proves nothing for another key', async () => {
    const { register, denialOf } = await createPairWorld(v1)
    const [mine, theirs] = [await register(), await register()]
    const request = await mine.sign()
    expect(await denialOf(withHeaders(request, { 'x-api-key': theirs.keyId }))).toBe('wrong_signature')
    expect(await denialOf(withHeaders(request, { 'x-api-key': 'kl_test_none' }))).toBe('unknown_key')
  })

  it.each([0, 1, 32, 63, 65, 128, 100_000])('is proven by no signature of %i bytes', async length => {
    const { register, denialOf } = await createPairWorld(schemeOf(['ed25519']))
    const request = await (await register()).sign()
    const signature = request.headers[SIGNATURE] as string
    const wrong = signature.repeat(Math.ceil((length * 2) / signature.length)).slice(0, length * 2)
    expect(await denialOf(withHeaders(request, { [SIGNATURE]: wrong }))).toBe('wrong_signature')
    expect(await denialOf(request)).toBe('ok')
  })

  it.each([
    ['ed25519', 'ok'],
    ['', 'ok'],
    ['ecdsa-p256-sha256', 'wrong_signature'],
    ['rsa-v1_5-sha256', 'wrong_signature'],
    ['hmac-sha256', 'wrong_signature'],
    ['none', 'wrong_signature'],
    ['ED25519', 'wrong_signature'],
  ])('where the request says %s: %s', async (algorithm, expected) => {
    const { register, denialOf } = await createPairWorld(schemeOf(['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256']))
    const request = await (await register()).sign()
    expect(await denialOf(withHeaders(request, { 'x-algorithm': algorithm }))).toBe(expected)
  })

  it('is used with the algorithm of its record and no other', async () => {
    const pair = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const { register, denialOf, clock } = await createPairWorld(schemeOf(['rsa-pss-sha512', 'rsa-v1_5-sha256']))
    const { keyId, sign } = await register(pair)
    const other = createSigner({
      ...{ scheme: schemeOf(['rsa-v1_5-sha256']), keyId, secret: pair.privateKey, clock },
    })
    for (const algorithm of ['', 'rsa-v1_5-sha256']) {
      const request = withHeaders(await other.sign(unsigned()), { 'x-algorithm': algorithm })
      expect(await denialOf(request)).toBe('wrong_signature')
    }
    expect(await denialOf(await sign())).toBe('ok')
  })

  it('keeps its algorithm when the scheme comes to prefer another, and ends with it', async () => {
    const pair = await generateKeyPair('rsa-pss-sha512')
    const before = await createPairWorld(schemeOf(['rsa-pss-sha512', 'rsa-v1_5-sha256']))
    const { sign } = await before.register(pair)
    const after = await createPairWorld(schemeOf(['rsa-v1_5-sha256', 'rsa-pss-sha512']), before.keys)
    expect(await after.denialOf(await sign())).toBe('ok')
    const without = await createPairWorld(schemeOf(['rsa-v1_5-sha256']), before.keys)
    expect(await without.denialOf(await sign())).toBe('key_corrupt')
  })
})

describe('A public key', () => {
  it('is no secret: a MAC made with any text of it proves nothing', async () => {
    const scheme = schemeOf(['ed25519'], 'mac')
    const { register, denialOf, clock } = await createPairWorld(scheme)
    const { keyId, publicKey, sign } = await register()
    const der = Buffer.from(base64(publicKey), 'base64')
    const secrets = [
      publicKey,
      publicKey.trim(),
      base64(publicKey),
      `ed25519:${base64(publicKey)}`,
      der,
      der.subarray(-32),
    ]
    for (const secret of secrets) {
      const signer = createSigner({ scheme, keyId, secret: 'any', clock })
      const request = await signer.sign(unsigned())
      const claim = scheme.read(request) as Claim
      const mac = createHmac('sha256', secret)
      for (const part of scheme.stringToSign(request, claim)) {
        mac.update(typeof part === 'object' && 'digest' in part ? SHA256_OF_NOTHING : part)
      }
      expect(await denialOf(withHeaders(request, { [SIGNATURE]: mac.digest('hex') }))).toBe('wrong_signature')
    }
    expect(await denialOf(await sign())).toBe('ok')
  })
})

describe('A secret of a scheme that knows key pairs too', () => {
  it('proves nothing that says a key pair made it', async () => {
    const { denialOf, issue } = await createPairWorld(schemeOf(['ed25519'], 'mac'))
    const { signer } = await issue()
    for (const [algorithm, expected] of [
      ['ed25519', 'wrong_signature'],
      ['', 'ok'],
    ] as const) {
      const request = await signer.sign(unsigned())
      expect(await denialOf(withHeaders(request, { 'x-algorithm': algorithm }))).toBe(expected)
    }
  })
})

describe('Two public keys of one key', () => {
  it('pass until the overlap ends, and tell which is going', async () => {
    const world = await createPairWorld(v1)
    const { keyId, signer: old } = await world.register()
    const { publicKey, privateKey } = await generateKeyPair('ed25519')
    const possession = await provePossession({
      ...{ scheme: v1, owner: OWNER, keyId, publicKey, privateKey, version: 2 },
    })
    await world.manager.rotate({ owner: OWNER, keyId, overlapMs: HOUR, publicKey, possession })
    const fresh = createSigner({ scheme: v1, keyId, secret: privateKey, clock: world.clock })
    const principalOf = async (signer: typeof old) => {
      const verdict = await world.verifier.verify(await signer.sign(unsigned()), READ)
      return verdict.ok ? verdict.principal.secretEndsAt : verdict.denial
    }
    expect([await principalOf(old), await principalOf(fresh)]).toEqual([START + HOUR, null])
    world.clock.set(START + HOUR - 1)
    expect(await principalOf(old)).toBe(START + HOUR)
    world.clock.set(START + HOUR)
    expect([await principalOf(old), await principalOf(fresh)]).toEqual(['wrong_signature', null])
  })
})

describe('A stored public key that was changed', () => {
  const rewrite = (row: KeyRow, change: (value: string) => string): KeyRow => {
    const record = JSON.parse(row.record)
    record.secrets[0].value = change(record.secrets[0].value)
    return { ...row, record: JSON.stringify(record) }
  }

  it.each<[string, (value: string) => string]>([
    ['cut off', value => value.slice(0, -4)],
    ['under another algorithm', value => value.replace('ed25519', 'ecdsa-p256-sha256')],
    ['under no algorithm', value => value.replace('ed25519', '')],
    ['without its algorithm', value => value.replace('ed25519:', '')],
    ['of small order', value => `${value.slice(0, -44)}${Buffer.alloc(32).toString('base64')}`],
    ['to a secret’s', () => 'v1.k1.AAAA'],
  ])('%s makes its own key unreadable, and no other', async (_how, change) => {
    const world = await createPairWorld(v1)
    const [broken, whole] = [await world.register(), await world.register()]
    const get: KeyStore['get'] = async keyId => {
      const row = await world.keys.get(keyId)
      return row?.keyId === broken.keyId ? rewrite(row, change) : row
    }
    const { denialOf } = await createPairWorld(v1, { ...world.keys, get })
    expect(await denialOf(await broken.sign())).toBe('key_corrupt')
    expect(await denialOf(await whole.sign())).toBe('ok')
  })

  it('to another’s proves that other’s requests only, which is what a writable store means', async () => {
    const world = await createPairWorld(v1)
    const mine = await world.register()
    const { publicKey } = await generateKeyPair('ed25519')
    const get: KeyStore['get'] = async keyId => {
      const row = await world.keys.get(keyId)
      return row && rewrite(row, () => `ed25519:${base64(publicKey)}`)
    }
    const { denialOf } = await createPairWorld(v1, { ...world.keys, get })
    expect(await denialOf(await mine.sign())).toBe('wrong_signature')
  })
})

describe('ECDSA, whose signatures anybody can turn into a second one', () => {
  const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

  it('passes once all the same where the signature is what is remembered', async () => {
    const scheme: Scheme = {
      ...schemeOf(['ecdsa-p256-sha256']),
      freshness: { ...v1.freshness, replay: 'tag' } as Scheme['freshness'],
    }
    const { register, denialOf } = await createPairWorld(scheme)
    const { sign } = await register(await generateKeyPair('ecdsa-p256-sha256'))
    const request = await sign()
    const signature = String(request.headers[SIGNATURE])
    const s = BigInt(`0x${signature.slice(64)}`)
    const turned = signature.slice(0, 64) + (N - s).toString(16).padStart(64, '0')
    expect(turned).not.toBe(signature)
    expect(await denialOf(withHeaders(request, { [SIGNATURE]: turned }))).toBe('ok')
    expect(await denialOf(request)).toBe('replayed')
  })
})

import { constants, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createSignature, verifySignature, webcrypto } from 'http-message-sig'
import * as dhensby from 'http-message-signatures'
import { describe, expect, it } from 'vitest'
import { publicKeyOf } from '#key-pairs'
import { createSigner, type UnsignedRequest } from '../../src/client/index.js'
import type { SignatureAlgorithm } from '../../src/crypto/signing.js'
import type { WireRequest } from '../../src/http/request.js'
import { acceptUncovered } from '../../src/insecure.js'
import type { Claim } from '../../src/scheme.js'
import { type HttpSignatureAlgorithm, httpMessageSignatures } from '../../src/schemes/http-message-signatures.js'
import { isConsistent } from '../../src/verify/consistency.js'
import { createWorld, START } from '../world.js'

const AUTHORITY = 'api.example.com'
const COMPONENTS = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest']
const KEY_ID = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
const NONCE = 'Jx3uQ7vT0aLr9sKpWm2Zb1'

const schemeOf = (algorithm: HttpSignatureAlgorithm) =>
  httpMessageSignatures({ authority: AUTHORITY, algorithms: [algorithm] })

/** With a body, so that every component has a value. */
const ORDER: UnsignedRequest & { readonly target: string } = {
  method: 'POST',
  target: '/v1/orders?note=a%20b%2Bc%26d&x[]=%C3%A9',
  headers: { 'content-type': 'application/json' },
  body: '{"market":"BTC-EUR","amount":"0.25"}',
}

/** The order with its digest, which the other libraries leave to whoever calls them. */
async function digested(): Promise<WireRequest> {
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(ORDER.body as string)))
  const headers = { ...ORDER.headers, 'content-digest': `sha-256=:${digest.toString('base64')}:` }
  return { method: ORDER.method, target: ORDER.target, headers, body: Buffer.from(ORDER.body as string) }
}

const textOf = (key: KeyObject, type: 'pkcs8' | 'spki') => key.export({ format: 'pem', type }) as string

const PAIRS = {
  ed25519: generateKeyPairSync('ed25519'),
  'ecdsa-p256-sha256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'rsa-pss-sha512': generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const
const pairs = Object.keys(PAIRS) as (keyof typeof PAIRS)[]

async function isAccepted(algorithm: keyof typeof PAIRS, request: WireRequest): Promise<boolean> {
  const scheme = schemeOf(algorithm)
  const claim = scheme.read(request) as Claim
  if (claim?.keyId !== KEY_ID || !isConsistent(scheme, request)) return false
  const key = await publicKeyOf(textOf(PAIRS[algorithm].publicKey, 'spki'), [algorithm as SignatureAlgorithm])
  return key!.verifies(scheme.stringToSign(request, claim), claim.tag)
}

const tampered = (request: WireRequest): readonly WireRequest[] => [
  { ...request, method: 'PUT' },
  { ...request, target: `${request.target}1` },
  { ...request, body: Buffer.from('{}') },
  { ...request, headers: { ...request.headers, 'content-type': 'text/plain' } },
  {
    ...request,
    headers: {
      ...request.headers,
      'signature-input': String(request.headers['signature-input']).replace(NONCE, `${NONCE}x`),
    },
  },
]

const signWithPair = (algorithm: keyof typeof PAIRS) =>
  createSigner({
    ...{ scheme: schemeOf(algorithm), keyId: KEY_ID, clock: () => START },
    secret: textOf(PAIRS[algorithm].privateKey, 'pkcs8'),
  }).sign(ORDER)

describe('http-message-signatures, by dhensby', () => {
  const { httpbis } = dhensby
  const asTheirs = ({ method, target, headers }: Pick<WireRequest, 'method' | 'target' | 'headers'>) => ({
    ...{ method, url: `https://${AUTHORITY}${target}` },
    headers: headers as Record<string, string>,
  })

  async function signTheirs(key: dhensby.SigningKey): Promise<WireRequest> {
    const request = await digested()
    const { headers } = await httpbis.signMessage(
      {
        key: { ...key, id: KEY_ID },
        fields: COMPONENTS,
        params: ['created', 'keyid', 'nonce'],
        paramValues: { created: new Date(START), nonce: NONCE },
      },
      asTheirs(request),
    )
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])
    return { ...request, headers: Object.fromEntries(lower) }
  }

  const verifyTheirs = (signed: WireRequest, verify: dhensby.Verifier) =>
    httpbis.verifyMessage(
      { keyLookup: async () => ({ verify }), notAfter: START / 1000 + 1, requiredFields: COMPONENTS },
      asTheirs(signed),
    )

  /** Their own RSA-PSS salts as long as the key allows, where RFC 9421 section 3.3.1 says 64 bytes. */
  function signerOf(algorithm: keyof typeof PAIRS): dhensby.SigningKey {
    const { privateKey } = PAIRS[algorithm]
    const theirs = dhensby.createSigner(privateKey, algorithm)
    const salted = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }
    return algorithm === 'rsa-pss-sha512' ? { ...theirs, sign: async data => sign('sha512', data, salted) } : theirs
  }

  it('salts RSA-PSS as its standard does not, and is refused', async () => {
    const signed = await signTheirs(dhensby.createSigner(PAIRS['rsa-pss-sha512'].privateKey, 'rsa-pss-sha512'))
    expect(await isAccepted('rsa-pss-sha512', signed)).toBe(false)
  })

  it.each(pairs)('signs with %s what we accept, and nothing that is changed afterwards', async algorithm => {
    const signed = await signTheirs(signerOf(algorithm))
    expect(await isAccepted(algorithm, signed)).toBe(true)
    for (const other of tampered(signed)) expect(await isAccepted(algorithm, other)).toBe(false)
  })

  it('signs with hmac-sha256 what a whole verifier accepts once, under a key of our manager', async () => {
    const scheme = schemeOf('hmac-sha256')
    const { issue, verifier } = createWorld({ schemes: [scheme] })
    const { key, secret } = await issue()
    const theirs = dhensby.createSigner(Buffer.from(secret), 'hmac-sha256')
    const signed = await signTheirs(theirs)
    const named = { ...theirs, id: key.keyId }
    const request = await digested()
    const { headers } = await httpbis.signMessage(
      {
        key: named,
        fields: COMPONENTS,
        params: ['created', 'keyid', 'nonce'],
        paramValues: { created: new Date(START), nonce: NONCE },
      },
      asTheirs(request),
    )
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    )
    const good = { ...request, headers: lower }
    for (const other of tampered(good)) expect((await verifier.verify(other, { permission: 'read' })).ok).toBe(false)
    expect(await verifier.verify(signed, { permission: 'read' })).toMatchObject({ denial: 'unknown_key' })
    expect(await verifier.verify(good, { permission: 'read' })).toMatchObject({ ok: true })
    expect(await verifier.verify(good, { permission: 'read' })).toMatchObject({ denial: 'replayed' })
  })

  it.each(pairs)('accepts what our signer signs with %s, and nothing that is changed afterwards', async algorithm => {
    const verify = dhensby.createVerifier(PAIRS[algorithm].publicKey, algorithm)
    const signed = await signWithPair(algorithm)
    expect(await verifyTheirs(signed, verify)).toBe(true)
    await expect(verifyTheirs({ ...signed, method: 'PUT' }, verify)).resolves.toBe(false)
  })

  it('accepts what our signer signs with hmac-sha256', async () => {
    const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
    const signer = createSigner({ scheme: schemeOf('hmac-sha256'), keyId: KEY_ID, secret, clock: () => START })
    const signed = await signer.sign(ORDER)
    expect(await verifyTheirs(signed, dhensby.createVerifier(Buffer.from(secret), 'hmac-sha256'))).toBe(true)
    expect(await verifyTheirs(signed, dhensby.createVerifier(Buffer.from(`${secret}x`), 'hmac-sha256'))).toBe(false)
  })
})

describe('http-message-sig, by Cloudflare', () => {
  const described = ({ method, target, headers }: WireRequest) => ({
    ...{ kind: 'request' as const, method, targetUri: `https://${AUTHORITY}${target}`, requestTarget: target },
    fields: Object.entries(headers).map(([name, value]) => ({ name, value: String(value) })),
  })
  const algorithms = ['ed25519', 'rsa-pss-sha512'] as const
  const NAMES = { ed25519: { name: 'Ed25519' }, 'rsa-pss-sha512': { name: 'RSA-PSS', hash: 'SHA-512' } } as const
  const der = (key: KeyObject, type: 'pkcs8' | 'spki') => key.export({ format: 'der', type }) as Buffer<ArrayBuffer>

  it.each(algorithms)('signs with %s what we accept, and nothing that is changed afterwards', async algorithm => {
    const pkcs8 = der(createPrivateKey(textOf(PAIRS[algorithm].privateKey, 'pkcs8')), 'pkcs8')
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, NAMES[algorithm], false, ['sign'])
    const request = await digested()
    const { signature, signatureInput } = await createSignature(described(request), {
      label: 'sig1',
      components: COMPONENTS,
      parameters: { created: START / 1000, keyid: KEY_ID, alg: algorithm, nonce: NONCE },
      signer: webcrypto.signer(key),
    })
    const signed = { ...request, headers: { ...request.headers, 'signature-input': signatureInput, signature } }
    expect(await isAccepted(algorithm, signed)).toBe(true)
    for (const other of tampered(signed)) expect(await isAccepted(algorithm, other)).toBe(false)
  })

  it.each(algorithms)(
    'accepts what our signer signs with %s, and nothing that is changed afterwards',
    async algorithm => {
      const spki = der(PAIRS[algorithm].publicKey, 'spki')
      const key = await crypto.subtle.importKey('spki', spki, NAMES[algorithm], false, ['verify'])
      const verify = (signed: WireRequest) =>
        verifySignature(described(signed), {
          policy: {
            algorithms: [algorithm],
            requiredComponents: COMPONENTS,
            requiredParameters: ['created', 'keyid', 'nonce', 'alg'],
            now: START / 1000,
          },
          resolveVerifier: () => webcrypto.verifier(key),
        })
      const signed = await signWithPair(algorithm)
      await expect(verify(signed)).resolves.toMatchObject({ algorithm, label: 'sig1' })
      await expect(verify({ ...signed, target: `${signed.target}1` })).rejects.toThrow()
    },
  )
})

describe('a policy that leaves a component out', () => {
  it('must be accepted by name', () => {
    const scheme = httpMessageSignatures({
      ...{ authority: AUTHORITY, algorithms: ['hmac-sha256'], components: ['@method', '@authority', '@path'] },
    })
    expect(() => createWorld({ schemes: [scheme] })).toThrow(expect.objectContaining({ code: 'ERR_SCHEME_UNCOVERED' }))
    expect(() => createWorld({ schemes: [acceptUncovered(scheme, ['query', 'content-type', 'body'])] })).not.toThrow()
  })
})

import { describe, expect, it } from 'vitest'
import { EMPTY_BODY, type WireRequest } from '../../src/http/request.js'
import { acceptUncovered } from '../../src/insecure.js'
import type { Scheme } from '../../src/scheme.js'
import { bearer } from '../../src/schemes/bearer.js'
import { bodyDigestOf } from '../../src/verify/body-digest.js'
import { loadDialect } from '../schemes/dialects.js'
import { loadVectors, schemeIds, toWire } from '../schemes/vectors.js'
import { createWorld, unsigned } from '../world.js'

const LIMITS = { maxBodyBytes: 1000, maxTargetChars: 4096, ambiguousPaths: true }
const headOf = (request: WireRequest): WireRequest => ({ ...request, body: EMPTY_BODY })
const readers = (...schemes: readonly Scheme[]) => schemes.map(scheme => ({ scheme, dialect: scheme }))

/** The hashes that the valid vectors of a dialect name. */
async function hashesOf(id: string): Promise<readonly string[]> {
  const dialect = await loadDialect(id)
  const named = loadVectors(id).valid.map(({ options, claim, signed }) => {
    const limits = { ...LIMITS, now: claim.timestampMs ?? 0 }
    return bodyDigestOf(headOf(toWire(signed)), readers(dialect.make(options)), limits)?.hash ?? 'none'
  })
  return [...new Set(named)].sort()
}

describe('The digest of a body that a head asks for', () => {
  it('is that of every dialect which signs one alone, and of no other', async () => {
    const named = await Promise.all(schemeIds.map(async id => [id, await hashesOf(id)] as const))
    expect(Object.fromEntries(named.filter(([, hashes]) => hashes.some(hash => hash !== 'none')))).toEqual({
      'bitcoin-suisse': ['none', 'sha256'],
      'ed25519-v1': ['sha256'],
      gate: ['sha512'],
      'hmac-v1': ['sha256'],
      'http-message-signatures': ['none', 'sha256'],
    })
  })

  it('ends where the verifier takes no larger body', async () => {
    const { verifier, issue } = createWorld({ verifier: { maxBodyBytes: 5000 } })
    const { signer } = await issue()
    expect(verifier.bodyDigest(await signer.sign(unsigned()))).toEqual({ hash: 'sha256', maxBytes: 5000 })
  })

  it('is none for a head that is refused by itself', async () => {
    const { verifier, issue, clock } = createWorld()
    const { signer } = await issue()
    const signed = await signer.sign(unsigned())
    expect(verifier.bodyDigest(signed)).toBeDefined()
    const refused: WireRequest[] = [
      unsigned(),
      { ...signed, target: `/${'a'.repeat(9000)}` },
      { ...signed, target: '/v1/../balance' },
      { ...signed, method: 'G T' },
      { ...signed, headers: { ...signed.headers, 'x-api-signature': 'zz' } },
      { ...signed, headers: { ...signed.headers, 'x-api-timestamp': '1' } },
    ]
    expect(refused.map(head => verifier.bodyDigest(head))).toEqual(refused.map(() => undefined))
    clock.advance(60_000)
    expect(verifier.bodyDigest(signed)).toBeUndefined()
  })

  it('is none where two schemes find credentials, since nothing is judged then', async () => {
    const one = createWorld()
    const open = acceptUncovered(bearer(), ['method', 'host', 'path', 'query', 'content-type', 'body'])
    const two = createWorld({ schemes: [...one.schemes, open] })
    const { signer, secret } = await one.issue()
    const signed = await signer.sign(unsigned())
    const both = { ...signed, headers: { ...signed.headers, authorization: `Bearer ${secret}` } }
    expect(two.verifier.bodyDigest(signed)).toBeDefined()
    expect(two.verifier.bodyDigest(both)).toBeUndefined()
  })

  it('asks no store: whether there is such a key is not told before the body is there', async () => {
    const { issue, clock } = createWorld()
    const { signer } = await issue()
    const head = await signer.sign(unsigned())
    const get = () => Promise.reject(new Error('asked'))
    const { verifier } = createWorld({ verifier: { clock, keys: { get } } })
    expect(verifier.bodyDigest(head)).toMatchObject({ hash: 'sha256' })
  })
})

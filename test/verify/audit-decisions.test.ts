import { describe, expect, it } from 'vitest'
import type { AuditEntry, AuditSink, Decision, DenialEvent } from '../../src/index.js'
import { auditDecisions, DENIALS, decisionToAudit, readAuditEntry } from '../../src/index.js'
import { acceptUncovered } from '../../src/insecure.js'
import { bearer } from '../../src/schemes/bearer.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createWorld, START, unsigned } from '../world.js'

const ALL = ['method', 'host', 'path', 'query', 'content-type', 'body'] as const
const READ = { permission: 'read' } as const
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u

function createAudited(sink?: AuditSink) {
  const trail: AuditEntry[] = []
  const reported: unknown[] = []
  const told = sink ?? { append: (entry: AuditEntry) => void trail.push(entry) }
  const onDecision = auditDecisions(told, error => void reported.push(error))
  const world = createWorld({
    schemes: [hmacV1({ audience: 'api.example.com' }), acceptUncovered(bearer(), ALL)],
    verifier: { onDecision },
  })
  const events = () => trail.map(entry => readAuditEntry(entry) as DenialEvent)
  return { ...world, trail, events, reported, onDecision }
}

const issueHmac = ({ issue }: ReturnType<typeof createAudited>, fields: object = {}) =>
  issue({ scheme: 'hmac-v1', ...fields })

describe('auditDecisions', () => {
  it('tells every denial: which key, from where, what for, and why', async () => {
    const world = createAudited()
    const { key, signer } = await issueHmac(world, { ipAllowlist: ['10.0.0.1'] })
    const request = {
      ...(await signer.sign(unsigned({ method: 'DELETE', target: '/v1/orders/7?note=private' }))),
      ip: '192.0.2.7',
    }
    await world.verifier.verify(request, READ)
    const event: DenialEvent = {
      ...{ kind: 'denial', at: START, denial: 'ip_not_allowed', proven: true, owner: null, keyId: key.keyId },
      ...{ scheme: 'hmac-v1', method: 'DELETE', path: '/v1/orders/7', ip: '192.0.2.7', field: null, error: null },
    }
    expect(world.events()).toEqual([event])
    expect(world.trail[0]).toMatchObject({ at: START, event: 'request.denied', owner: null, keyId: key.keyId })
  })

  it('tells nothing of what is allowed', async () => {
    const world = createAudited()
    const { signer } = await issueHmac(world)
    expect(await world.verifier.verify(await signer.sign(unsigned()), READ)).toMatchObject({ ok: true })
    expect(world.trail).toEqual([])
  })

  it('says what is only claimed', async () => {
    const world = createAudited()
    const { key, signer } = await issueHmac(world)
    const forged = { ...(await signer.sign(unsigned())), target: '/v1/other' }
    await world.verifier.verify(forged, READ)
    await world.verifier.verify(unsigned(), READ)
    expect(world.events()).toMatchObject([
      { denial: 'wrong_signature', proven: false, keyId: key.keyId },
      { denial: 'missing_credentials', proven: false, keyId: null, scheme: null },
    ])
  })

  it('says what made a key unreadable', async () => {
    const world = createAudited()
    const { key, signer } = await issueHmac(world)
    const row = await world.keys.get(key.keyId)
    await world.keys.replace({ ...(row as never as { version: number }), record: '{' } as never, 1)
    await world.verifier.verify(await signer.sign(unsigned()), READ)
    expect(world.events()).toMatchObject([{ denial: 'key_corrupt', error: 'ERR_KEY_CORRUPT' }])
  })

  it('holds no secret, signature, token or query, whatever scheme was tried', async () => {
    const world = createAudited()
    const { signer, secret } = await issueHmac(world, { permissions: [] })
    const token = (await world.issue({ scheme: 'bearer', permissions: [] })).secret
    const signed = await signer.sign(unsigned({ target: '/v1/balance?canary=query' }))
    const shown = unsigned({ headers: { authorization: `Bearer ${token}` } })
    const wrong = unsigned({
      headers: { authorization: `Bearer ${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}` },
    })
    const bare = unsigned({ headers: { authorization: 'Bearer canary-token-of-another-house-0123456789' } })
    for (const request of [signed, { ...signed, target: '/x?canary=query' }, shown, wrong, bare]) {
      expect(await world.verifier.verify(request, READ)).toMatchObject({ ok: false })
    }
    const text = JSON.stringify(world.trail)
    expect(world.trail).toHaveLength(5)
    const half = (token.split('.')[1] ?? token).slice(9, 40)
    for (const canary of [secret, token, half, String(signed.headers['x-api-signature']), 'canary']) {
      expect(text).not.toContain(canary)
    }
  })
})

describe('the line of a denial', () => {
  const decision = (fields: Partial<Decision> & { readonly keyId?: string | undefined }): Decision => ({
    ...{ scheme: 'x', keyId: undefined, method: 'GET', path: '/', ip: undefined, at: 1, error: undefined },
    ...{ ...fields, verdict: { ok: false, denial: 'wrong_signature', keyId: fields.keyId, at: 1, field: undefined } },
  })

  it('cannot be forged or disguised by unproven text', () => {
    const hostile = 'GET /\r\n{"event":"key.revoked"}\u0000\u001b[31m\u0085\u2028\u202e\ud800'
    const entry = decisionToAudit(
      decision({ keyId: hostile, method: hostile, path: hostile, ip: hostile, scheme: hostile }),
    )
    expect(entry?.detail).not.toMatch(UNSAFE)
    expect(entry?.keyId).not.toMatch(UNSAFE)
    for (const text of Object.values(readAuditEntry(entry as AuditEntry))) expect(String(text)).not.toMatch(UNSAFE)
    expect(entry?.keyId).toBe(
      'GET /\\u000d\\u000a{"event":"key.revoked"}\\u0000\\u001b[31m\\u0085\\u2028\\u202e\\ud800',
    )
  })

  it('is bounded, however much was sent', () => {
    const huge = '\u202e'.repeat(1 << 20)
    const entry = decisionToAudit(decision({ keyId: huge, method: huge, path: huge, ip: huge, scheme: huge }))
    expect(entry?.detail.length).toBeLessThan(32_768)
  })

  it('says of every denial whether it was proven', () => {
    for (const denial of Object.keys(DENIALS) as (keyof typeof DENIALS)[]) {
      const verdict = { ok: false, denial, keyId: undefined, at: 1, field: undefined } as const
      const entry = decisionToAudit({ ...decision({}), verdict })
      expect(readAuditEntry(entry as AuditEntry)).toMatchObject({ denial, proven: DENIALS[denial].proven })
    }
  })
})

describe('a sink that fails', () => {
  const outage = new Error('disk full')

  it.each([
    [
      'throws',
      {
        append: () => {
          throw outage
        },
      },
    ],
    ['rejects', { append: () => Promise.reject(outage) }],
  ])('and %s is reported, and the denial stands', async (_, sink) => {
    const world = createAudited(sink)
    expect(await world.verifier.verify(unsigned(), READ)).toMatchObject({ denial: 'missing_credentials' })
    await Promise.resolve()
    expect(world.reported).toEqual([outage])
  })

  it('to keep up holds 10,000 entries in memory and no more, and takes them again when it has', async () => {
    const waiting: (() => void)[] = []
    const world = createAudited({ append: () => new Promise<void>(resolve => waiting.push(resolve)) })
    for (let n = 0; n < 10_050; n++) await world.verifier.verify(unsigned(), READ)
    expect(waiting).toHaveLength(10_000)
    expect(world.reported).toHaveLength(50)
    expect(world.reported[0]).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    for (const resolve of waiting.splice(0)) resolve()
    await Promise.resolve()
    await world.verifier.verify(unsigned(), READ)
    expect([waiting.length, world.reported.length]).toEqual([1, 50])
  })
})

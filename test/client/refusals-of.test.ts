import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createSignedFetch, createSigner, refusalsOf, type SignedFetchOptions } from '../../src/client/index.js'
import { DENIALS, type DenialCode } from '../../src/denials.js'
import type { Answer } from '../../src/http/answer.js'
import type { Claim, Scheme } from '../../src/scheme.js'
import { checkFreshness } from '../../src/verify/freshness.js'
import { type LoadedDialect, loadDialect } from '../schemes/dialects.js'
import { loadVectors, schemeIds, toWire, type VectorFixture } from '../schemes/vectors.js'
import { type House, startHouse } from './house-server.js'

interface Case {
  readonly id: string
  readonly dialect: LoadedDialect
  readonly fixture: VectorFixture
  readonly scheme: Scheme
}

const cases: readonly Case[] = await Promise.all(
  schemeIds.map(async id => {
    const dialect = await loadDialect(id)
    const [fixture] = loadVectors(id).fixtures
    return { id, dialect, fixture: fixture!, scheme: dialect.make(fixture!.options) }
  }),
)
const answered = cases.flatMap(({ id, dialect: { answer }, ...rest }) => (answer ? [{ id, answer, ...rest }] : []))
const timed = cases.filter(({ scheme }) => ['timestamp', 'deadline'].includes(scheme.freshness.kind))

const denials = Object.keys(DENIALS) as DenialCode[]
const OUTSIDE = 'timestamp_outside_window'
const HOURS = 400_000_000
const NOW = 1_767_225_600_000

/** As it comes from a server of the house. */
function responseOf(answer: Answer, denial: DenialCode, at = NOW): Response {
  const { status, headers, body } = answer({ denial, at })
  return new Response(body, { status, headers: { ...headers, date: new Date(at).toUTCString() } })
}

describe('The refusals of a house', () => {
  it.each(answered)('are told by its own answers: $id', async ({ answer }) => {
    const read = refusalsOf(answer)
    for (const denial of denials) {
      const response = responseOf(answer, denial)
      const refusal = await read(response)
      expect(refusal?.denials).toContain(DENIALS[denial].wire)
      expect(refusal?.serverCode ?? refusal?.detail).toBeTruthy()
      // Whoever asked still reads the answer.
      expect(await response.text()).toBe(answer({ denial, at: NOW }).body)
    }
  })

  it.each(answered)('name only what the house answers in the same way: $id', async ({ answer }) => {
    const read = refusalsOf(answer)
    const bodies = new Map(denials.map(denial => [denial, answer({ denial, at: NOW }).body]))
    for (const denial of denials) {
      const same = denials.filter(other => bodies.get(other) === bodies.get(denial)).map(other => DENIALS[other].wire)
      expect((await read(responseOf(answer, denial)))?.denials.toSorted()).toEqual([...new Set(same)].toSorted())
    }
  })

  it.each(answered)('say the time of the server: $id', async ({ answer }) => {
    const refusal = await refusalsOf(answer)(responseOf(answer, 'timestamp_outside_window', NOW + 250))
    expect([NOW + 250, NOW + 500]).toContain(refusal?.serverTime)
  })

  it('say it to the millisecond where the answer does, in whatever unit', async () => {
    for (const [unit, perMs] of [
      ['s', 0.001],
      ['ms', 1],
      ['us', 1000],
    ] as const) {
      const answer: Answer = ({ denial, at }) => ({
        status: 400,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: denial, [unit]: at * perMs }),
      })
      const refusal = await refusalsOf(answer)(responseOf(answer, 'timestamp_outside_window', NOW))
      expect(refusal).toMatchObject({ serverTime: NOW, denials: ['timestamp_outside_window'] })
    }
  })

  it('are told by the code where a house has changed its words', async () => {
    const { answer } = answered.find(({ id }) => id === 'binance')!
    const body = { code: -1022, msg: 'Signature for this request is not valid any more.' }
    const refusal = await refusalsOf(answer)(Response.json(body, { status: 400 }))
    expect(refusal).toMatchObject({ denials: ['invalid_credentials'], serverCode: '-1022', detail: body.msg })
  })

  it.each<[string, () => Response]>([
    ['a code the house has for something else', () => Response.json({ code: -2010, msg: 'no money' }, { status: 400 })],
    ['a success', () => Response.json({ code: -1022, msg: 'x' })],
    ['another form', () => Response.json(['error', -1022], { status: 400 })],
    ['no JSON', () => new Response('{"code":-1022}', { status: 400, headers: { 'content-type': 'text/plain' } })],
    ['broken JSON', () => new Response('{"code":', { status: 400, headers: { 'content-type': 'application/json' } })],
    ['nothing', () => new Response(null, { status: 400, headers: { 'content-type': 'application/json' } })],
    ['nests without end', () => new Response('['.repeat(16_000) + ']'.repeat(16_000), json)],
    ['far too much', () => new Response(`{"code":-1022,"msg":"${'x'.repeat(20_000)}"}`, json)],
  ])('are not seen in what is none: %s', async (_, response) => {
    const { answer } = answered.find(({ id }) => id === 'binance')!
    expect(await refusalsOf(answer)(response())).toBeUndefined()
  })
  const json = { status: 400, headers: { 'content-type': 'application/json' } }
})

describe('A refusal that may be of the timestamp', () => {
  const ambiguous = answered.filter(({ answer, scheme }) => {
    const bodyOf = (denial: DenialCode) => answer({ denial, at: NOW }).body
    return timed.some(({ scheme: { id } }) => id === scheme.id) && bodyOf('replayed') === bodyOf(OUTSIDE)
  })

  it('is one at many houses', () => {
    expect(ambiguous.length).toBeGreaterThanOrEqual(8)
  })

  it.each(ambiguous)('is one only where no server with a right clock can have taken it: $id', async given => {
    const { scheme, fixture, answer } = given
    const { keyId, secret, passphrase } = fixture.credentials
    const read = refusalsOf(answer)
    const skews = fc.oneof(fc.integer({ min: -400_000, max: 400_000 }), fc.integer({ min: -7000, max: 7000 }))
    await fc.assert(
      fc.asyncProperty(skews, fc.integer({ min: 0, max: 5000 }), async (skewMs, elapsedMs) => {
        const clock = () => fixture.now + skewMs
        const signer = createSigner({ scheme, keyId, secret, ...(passphrase && { passphrase }), clock })
        const request = await signer.sign(toWire(fixture.requests[0]!))
        const refusal = await read(responseOf(answer, 'replayed', fixture.now), { scheme, request, elapsedMs })
        const claim = scheme.read(request) as Claim
        const mayPass = (now: number) => checkFreshness(scheme.freshness, claim, now) === undefined
        const moments = [0, 0.25, 0.5, 0.75, 1].map(part => fixture.now - part * elapsedMs)
        if (refusal?.denials.join() === OUTSIDE) expect(moments.some(mayPass)).toBe(false)
        else expect(refusal?.denials).toContain('replayed')
      }),
      { numRuns: 60 },
    )
    const late = createSigner({
      scheme,
      keyId,
      secret,
      ...(passphrase && { passphrase }),
      clock: () => fixture.now - HOURS,
    })
    const request = await late.sign(toWire(fixture.requests[0]!))
    const refusal = await read(responseOf(answer, OUTSIDE, fixture.now), { scheme, request, elapsedMs: 1000 })
    expect(refusal?.denials).toEqual([OUTSIDE])
  })
})

describe('A signed fetch whose clock is wrong', () => {
  const houses: House[] = []
  afterAll(() => Promise.all(houses.map(house => house.close())))

  async function send({ scheme, fixture, dialect: { answer } }: Case, skewMs: number) {
    const { keyId, secret, passphrase } = fixture.credentials
    const house = await startHouse({ scheme, credentials: fixture.credentials, now: () => fixture.now, answer })
    houses.push(house)
    const given = passphrase === undefined ? {} : { passphrase }
    const signer = createSigner({ scheme, keyId, secret, ...given, clock: () => fixture.now + skewMs })
    const request = toWire(fixture.requests[0]!)
    const options: SignedFetchOptions = {
      signer,
      baseUrl: house.origin,
      ...(answer && { refusals: refusalsOf(answer) }),
    }
    const { host: _, ...headers } = request.headers as Record<string, string>
    const body = request.body.length > 0 ? request.body : null
    const init = { method: request.method, headers, body } as RequestInit
    const response = await createSignedFetch(options)(house.origin + request.target, init)
    return { response, verdicts: house.log.map(({ verdict }) => verdict), signer }
  }

  it.each(timed)('is set right by the answer of every dialect that has a time: $id', async dialect => {
    const { response, verdicts, signer } = await send(dialect, -HOURS)
    expect(verdicts).toEqual(['timestamp_outside_window', 'accepted'])
    expect(response.status).toBe(200)
    expect(Math.abs(signer.clockOffset.offsetMs - HOURS)).toBeLessThanOrEqual(1000)
  })

  it.each(timed)('sends once where it is right: $id', async dialect => {
    expect((await send(dialect, 0)).verdicts).toEqual(['accepted'])
  })

  it.each(answered)(
    'never sends what is answered as a replay a second time: $id',
    async ({ scheme, fixture, answer }) => {
      let calls = 0
      const { keyId, secret, passphrase } = fixture.credentials
      const given = passphrase === undefined ? {} : { passphrase }
      const signer = createSigner({ scheme, keyId, secret, ...given, clock: () => fixture.now })
      const signedFetch = createSignedFetch({
        signer,
        baseUrl: 'https://api.example.com',
        refusals: refusalsOf(answer),
        async fetch() {
          calls++
          return responseOf(answer, 'replayed', fixture.now)
        },
      })
      const { method, target, headers, body } = toWire(fixture.requests[0]!)
      const { host: _, ...rest } = headers as Record<string, string>
      const init = { method, headers: rest, body: body.length > 0 ? body : null } as RequestInit
      await signedFetch(`https://api.example.com${target}`, init)
      expect(calls).toBe(1)
    },
  )
})

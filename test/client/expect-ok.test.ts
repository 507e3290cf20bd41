import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createSignedFetch, createSigner, expectOk, RequestError, refusalsOf } from '../../src/client/index.js'
import { DENIALS, type DenialCode } from '../../src/denials.js'
import { defectProblem, failedProblem, type Problem, problemOf, unavailableProblem } from '../../src/http/respond.js'
import { bybit, bybitAnswer } from '../../src/schemes/bybit.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { startHouse } from './house-server.js'

const NOW = 1_767_225_600_000
const denials = Object.keys(DENIALS) as DenialCode[]
const toResponse = ({ status, headers, body }: Problem) => new Response(body, { status, headers })

async function failureOf(
  response: Response,
  ...rest: [answered?: Parameters<typeof expectOk>[1]]
): Promise<RequestError> {
  const error = await expectOk(response, ...rest).then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(RequestError)
  return error as RequestError
}

describe('An answer that is expected to be a success', () => {
  it('is handed back unread where it is one', async () => {
    for (const status of [200, 201, 204]) {
      const response = new Response(status === 204 ? null : '{"code":"invalid_credentials"}', { status })
      expect(await expectOk(response)).toBe(response)
      expect(response.bodyUsed).toBe(false)
    }
  })

  it.each(denials)('is thrown with what to do where it is %s', async denial => {
    const error = await failureOf(toResponse(problemOf(denial, NOW)))
    const { wire, status } = DENIALS[denial]
    expect(error).toMatchObject({
      code: 'ERR_REQUEST_REFUSED',
      denials: [wire],
      serverCode: wire,
      status,
      serverTime: NOW,
    })
    expect(error.message).toMatch(new RegExp(`^the request was refused: ${status} ${wire}; \\S.{10}`))
    expect(error.mayHaveExecuted).toBe(wire === 'replayed')
    expect(error.detail).toBe(JSON.parse(problemOf(denial, NOW).body).detail)
  })

  it.each([
    [42_000, "the clock is 42 s behind the server's"],
    [-42_400, "the clock is 42 s ahead of the server's"],
    [1_500, "the clock is 1.5 s behind the server's"],
    [-300, 'the clock is right, so the request was too long on its way'],
  ])('says how wrong the clock is: by %i ms', async (offset, sentence) => {
    const scheme = hmacV1({ audience: 'api.example.com' })
    const signer = createSigner({ scheme, keyId: 'key', secret: 'secret', clock: () => NOW - offset })
    // What was learned meanwhile does not hide it.
    signer.clockOffset.measure()(NOW)
    const error = await failureOf(toResponse(problemOf('timestamp_outside_window', NOW)), { signer })
    expect(error.message).toContain(sentence)
    expect(error.clockOffsetMs).toBe(offset)
  })

  it.each<[string, Response, Partial<RequestError>]>([
    ['unavailable', toResponse(unavailableProblem()), { mayHaveExecuted: false, status: 503, retryAfterMs: 1000 }],
    ['a defect', toResponse(defectProblem()), { mayHaveExecuted: true, serverCode: 'internal_error' }],
    ['a failure', toResponse(failedProblem()), { mayHaveExecuted: true, status: 500 }],
    ['a page', new Response('<h1>Bad Gateway</h1>', { status: 502 }), { mayHaveExecuted: true, status: 502 }],
    ['a redirect', new Response(null, { status: 307 }), { mayHaveExecuted: true, status: 307 }],
    [
      'of the API itself',
      Response.json({ code: 'insufficient_funds', detail: 'You have 3 EUR.' }, { status: 422 }),
      { mayHaveExecuted: true, serverCode: 'insufficient_funds', detail: 'You have 3 EUR.' },
    ],
  ])('is a failure of another kind: %s', async (_, response, members) => {
    const error = await failureOf(response)
    expect(error).toMatchObject({ code: 'ERR_REQUEST_FAILED', denials: [], ...members })
    expect(error.message).toMatch(/^the request failed: \d{3}/)
  })

  it('takes a date for no number of seconds to wait', async () => {
    const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }
    expect((await failureOf(new Response(null, { status: 503, headers }))).retryAfterMs).toBeUndefined()
  })
})

describe('A house that refuses with status 200', () => {
  const credentials = { keyId: 'a-key-of-the-house', secret: 'the secret of the house' }
  const scheme = bybit()
  const open = async (secret: string) => {
    const house = await startHouse({ scheme, credentials, answer: bybitAnswer })
    const signer = createSigner({ scheme, keyId: credentials.keyId, secret })
    const options = { signer, baseUrl: house.origin, refusals: refusalsOf(bybitAnswer), check: expectOk }
    return { send: createSignedFetch(options), close: house.close }
  }

  it('is understood, when it refuses and when it does not', async () => {
    const { send, close } = await open('another secret')
    const error = await send('/v5/order').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ denials: ['invalid_credentials'], serverCode: '10004', status: 200 })
    await close()
    const right = await open(credentials.secret)
    expect(await (await right.send('/v5/order')).json()).toEqual({ ok: true })
    await right.close()
  })
})

describe('What a failure shows', () => {
  const secret = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
  const canaries = [
    secret,
    'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
    'dGhlIHNpZ25hdHVyZSBvZiB0aGUgcmVxdWVzdA==',
    'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJrZXkifQ.c2lnbmF0dXJl',
    'aB3dE5gH7jK9mN1pQ3sT5',
  ]

  it.each(canaries)('is nothing that a server repeats of what was sent: %s', async canary => {
    const body = { code: `wrong ${canary}`, detail: `expected "${canary}" or \u001b[31m${canary}, ${'x '.repeat(500)}` }
    const headers = { 'x-echo': canary, 'set-cookie': canary }
    const error = await failureOf(Response.json(body, { status: 400, headers }))
    const texts = [
      inspect(error, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(error),
      String(error),
      error.stack ?? '',
    ]
    for (const text of texts) {
      expect(text).not.toContain(canary)
      expect(text).not.toContain('\u001b[31m')
    }
    expect(error.detail!.length).toBeLessThanOrEqual(200)
    expect(error.detail).toContain('expected')
  })

  it('is nothing of the request', async () => {
    const scheme = hmacV1({ audience: 'api.example.com' })
    const keyId = 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s'
    let sent: RequestInit = {}
    const send = createSignedFetch({
      signer: createSigner({ scheme, keyId, secret }),
      baseUrl: 'https://api.example.com',
      check: expectOk,
      async fetch(_, init) {
        sent = init
        return toResponse(problemOf('wrong_signature', NOW))
      },
    })
    const init = { method: 'POST', headers: { 'x-private': 'a-header-of-mine' }, body: 'a-body-of-mine' }
    const error = (await send('/v1/a-path-of-mine', init).catch((thrown: unknown) => thrown)) as RequestError
    const { 'x-api-signature': signature, 'x-api-nonce': nonce } = sent.headers as Record<string, string>
    const text = inspect(error, { depth: 20, showHidden: true, getters: true }) + JSON.stringify(error) + error.stack
    for (const canary of [secret, keyId, signature!, nonce!, 'a-header-of-mine', 'a-body-of-mine', 'a-path-of-mine']) {
      expect(text).not.toContain(canary)
    }
  })
})

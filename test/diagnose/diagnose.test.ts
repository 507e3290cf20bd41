import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Diagnosis, diagnose, MISTAKES, type MistakeCode } from '../../src/diagnose/index.js'
import type { WireRequest } from '../../src/http/request.js'
import { type SchemeCase, signWith } from '../laws/scheme-case.js'
import { loadFixtures } from '../laws/scheme-fixtures.js'
import { arbitraryMessage } from '../laws/strange-messages.js'
import { schemeIds } from '../schemes/vectors.js'
import { WRONG_CLIENTS, type WrongClient } from './wrong-clients.js'
import { clientOf, optionsFor, sentBy } from './wrong-requests.js'
import { type Sent, WRONG_SENDERS, type WrongSender } from './wrong-senders.js'

/** Two names for what makes one and the same signature: where the one was made, the other may come first. */
const EQUIVALENT: Readonly<Partial<Record<MistakeCode, readonly MistakeCode[]>>> = {
  // The body stands last.
  'string-newline': ['body-newline'],
  // No other letters are signed.
  'string-case': ['method-case'],
  // An empty object is an empty form.
  'body-form-json': ['body-left-out'],
  // The key id is a parameter.
  'part-left-out': ['parameter-left-out', 'query-left-out', 'body-left-out'],
  'query-left-out': ['part-left-out'],
  // The body stands right behind the query.
  'query-body-swapped': ['query-mark'],
  'body-left-out': ['part-left-out'],
}

const all = await Promise.all(schemeIds.map(async id => ({ id, cases: (await loadFixtures(id)).requests })))
const cases: readonly SchemeCase<WireRequest>[] = all.flatMap(scheme => scheme.cases)
const signing = cases.filter(({ scheme }) => scheme.proof.kind !== 'bearer')

function codesOf(diagnosis: Diagnosis): readonly string[] {
  return [diagnosis.mistakes, ...diagnosis.alternatives].map(mistakes =>
    mistakes
      .map(({ code }) => code)
      .sort()
      .join(' + '),
  )
}

async function diagnosed(subject: SchemeCase<WireRequest>, sent: WireRequest, more = {}): Promise<Diagnosis> {
  const diagnosis = await diagnose(sent, { ...optionsFor(await clientOf(subject)), ...more })
  const { secret, passphrase, publicKey } = subject.credentials
  const { text: _, ...structure } = diagnosis
  const printed = diagnosis.text + (subject.scheme.proof.kind === 'bearer' ? '' : JSON.stringify(structure))
  if (publicKey === undefined) expect(printed).not.toContain(secret)
  if (passphrase !== undefined) expect(printed).not.toContain(passphrase)
  for (const { code, message, fix } of diagnosis.mistakes) {
    expect(message.startsWith(MISTAKES[code].happened)).toBe(true)
    expect(fix).toBe(MISTAKES[code].fix)
    expect(diagnosis.text).toContain(code)
  }
  return diagnosis
}

async function signed(subject: SchemeCase<WireRequest>, message: WireRequest, more: object = {}): Promise<WireRequest> {
  const { prover, claim } = await clientOf(subject)
  return signWith(subject, prover, message, { ...claim, ...more })
}

describe.each(cases.map(subject => [subject.name, subject] as const))('A request of %s', (_, subject) => {
  it('that is right is said to be right', async () => {
    for (const message of subject.messages) {
      const diagnosis = await diagnosed(subject, await signed(subject, message))
      expect(diagnosis).toMatchObject({ ok: true, matches: true, mistakes: [], alternatives: [] })
      expect(diagnosis.text).toContain('signed rightly')
    }
  })

  it('that was signed with another secret matches nothing, and costs the same whatever the secret is', async () => {
    const sent = await signed(subject, subject.messages.at(-1) as WireRequest)
    const { proof } = subject.scheme
    const { secret, publicKey } = subject.stranger
    const isBase64 = proof.kind === 'mac' && proof.secretEncoding.name === 'base64'
    const others = publicKey === undefined ? [{ secret }] : [{ publicKey }]
    const more = isBase64 || publicKey !== undefined ? [] : ['ab'.repeat(32), 'not / hex + 64 ="']
    // Later ones are no others: all that depends on the secret is tried first.
    const known = [...others, ...more.map(text => ({ secret: text }))].map(other => ({ ...other, maxAttempts: 300 }))
    const found = await Promise.all(known.map(other => diagnosed(subject, sent, other)))
    for (const { matches, mistakes, text, tried } of found) {
      expect([matches, mistakes]).toEqual([false, []])
      expect(tried).toEqual(found[0]?.tried)
      expect(text).toContain('Nothing that was tried')
    }
  })
})

describe('Another secret', () => {
  it.each(['hmac-v1', 'kraken', 'kucoin', 'htx'])('matches nothing, with any two mistakes: %s', async name => {
    const subject = caseNamed(name)
    const sent = await signed(subject, subject.messages.at(-1) as WireRequest)
    const { matches, tried } = await diagnosed(subject, sent, { secret: subject.stranger.secret })
    expect([matches, tried.complete]).toEqual([false, true])
    expect(tried.attempts).toBeGreaterThan(5000)
  })
})

/** The string of a scheme does not depend on the kind of key: of further key pairs, a few mistakes are enough. */
const furtherPairs = signing.filter(
  ({ scheme, credentials: { publicKey } }, at) =>
    publicKey !== undefined &&
    signing.slice(0, at).some(other => other.scheme.id === scheme.id && other.credentials.publicKey !== undefined),
)

describe.each(signing.map(subject => [subject.name, subject] as const))('A client of %s', (_, subject) => {
  it('learns the name of every mistake that it can make', async () => {
    const client = await clientOf(subject)
    const turn = signing.indexOf(subject)
    const isFurther = furtherPairs.includes(subject)
    const made = new Set<MistakeCode>()
    for (const [at, wrong] of WRONG_CLIENTS.entries()) {
      // Where there are several ways to make a mistake, one is enough here, and every one is made somewhere.
      if (isFurther ? wrong.tag === undefined && at % 8 > 0 : made.has(wrong.code) && (turn + at) % 2 > 0) continue
      const sent = await firstSent(subject, [wrong])
      if (sent === undefined) continue
      made.add(wrong.code)
      const diagnosis = await diagnose(sent, optionsFor(client))
      // Digits of either case are the dialect's own.
      if (diagnosis.ok && subject.anyCase && wrong.code === 'signature-encoding') continue
      const [first, ...others] = codesOf(diagnosis)
      const label = `${wrong.code}, ${wrong.name}: ${sent.method} ${sent.target}`
      if (EQUIVALENT[wrong.code]?.some(code => code === first)) expect(others, label).toContain(wrong.code)
      else expect(first, label).toBe(wrong.code)
    }
  })
})

async function firstSent(
  subject: SchemeCase<WireRequest>,
  wrongs: readonly WrongClient[],
): Promise<WireRequest | undefined> {
  const client = await clientOf(subject)
  for (const message of subject.messages) {
    const sent = await sentBy(client, message, wrongs)
    if (sent !== undefined) return sent
  }
  return undefined
}

async function firstWrong(subject: SchemeCase<WireRequest>, { send }: WrongSender): Promise<Sent | undefined> {
  const client = await clientOf(subject)
  for (const message of subject.messages) {
    const sent = await send(client, message)
    if (sent !== undefined) return sent
  }
  return undefined
}

describe.each(WRONG_SENDERS.map(sender => [sender.code, sender] as const))(
  'A request with the mistake %s',
  (code, sender) => {
    it('is said to have it, whatever the scheme', async () => {
      for (const subject of cases) {
        const sent = await firstWrong(subject, sender)
        if (sent === undefined) continue
        const { ok, mistakes } = await diagnosed(subject, sent.request, sent.known)
        expect([ok, mistakes.map(mistake => mistake.code)], subject.name).toEqual([false, [code]])
      }
    })
  },
)

describe('The clients above', () => {
  it('make each mistake with some scheme', async () => {
    const made = new Set<WrongClient | WrongSender>()
    for (const subject of cases) {
      for (const wrong of signing.includes(subject) ? WRONG_CLIENTS : []) {
        if (!made.has(wrong) && (await firstSent(subject, [wrong])) !== undefined) made.add(wrong)
      }
      for (const wrong of WRONG_SENDERS) {
        if (!made.has(wrong) && (await firstWrong(subject, wrong)) !== undefined) made.add(wrong)
      }
    }
    const never = [...WRONG_CLIENTS, ...WRONG_SENDERS].filter(wrong => !made.has(wrong))
    expect(never.map(({ code }) => code)).toEqual([])
  })

  it('make every mistake of the table', () => {
    const codes = new Set([...WRONG_CLIENTS, ...WRONG_SENDERS].map(({ code }) => code))
    expect([...codes].sort()).toEqual(Object.keys(MISTAKES).sort())
  })
})

/** Too many to be tried with others. */
const ALONE: readonly MistakeCode[] = ['part-added', 'timestamp-differs', 'nonce-differs']

describe('Two mistakes', () => {
  it('are found together', { timeout: 120_000 }, async () => {
    const paired = WRONG_CLIENTS.filter(({ code }) => !ALONE.includes(code))
    const names = fc.record({
      subject: fc.constantFrom(...signing.map(({ name }) => name)),
      a: fc.constantFrom(...paired.map(labelOf)),
      b: fc.constantFrom(...paired.map(labelOf)),
    })
    await fc.assert(
      fc.asyncProperty(names, async ({ subject: name, a: first, b: second }) => {
        const subject = signing.find(other => other.name === name)
        const [a, b] = paired.filter(wrong => [first, second].includes(labelOf(wrong))) as WrongClient[]
        fc.pre(subject !== undefined && a !== undefined && b !== undefined && a.code !== b.code)
        // What was taken away cannot be changed as well.
        fc.pre(!(a.code === 'timestamp-unit' && b.name === 'the time'))
        // A body that was made of the query is not sent.
        fc.pre(!(codes(a, b).includes('query-body-swapped') && codes(a, b).some(code => code.startsWith('body-'))))
        const sent = await firstSent(subject, [a, b])
        fc.pre(sent !== undefined)
        const diagnosis = await diagnosed(subject, sent)
        expect(diagnosis.matches, diagnosis.text).toBe(true)
        const named = [a, b].map(({ code }) => [code, ...(EQUIVALENT[code] ?? [])])
        const isNamed = named.every(codes => codesOf(diagnosis).some(found => codes.some(code => found.includes(code))))
        // One mistake that makes the same signature is a better answer than two.
        expect(isNamed || diagnosis.mistakes.length === 1, codesOf(diagnosis).join(' / ')).toBe(true)
      }),
      { numRuns: 12 },
    )
  })
})

function codes(...wrong: readonly WrongClient[]): readonly MistakeCode[] {
  return wrong.map(({ code }) => code)
}

function labelOf({ code, name }: WrongClient): string {
  return `${code}, ${name}`
}

function caseNamed(name: string): SchemeCase<WireRequest> {
  const found = cases.find(subject => subject.name === name)
  if (found === undefined) throw new Error(`no fixture is called '${name}'`)
  return found
}

describe('What is wrong beside the string', () => {
  const hmac = caseNamed('hmac-v1')
  const [get, , post] = hmac.messages as [WireRequest, WireRequest, WireRequest]

  async function codesFor(subject: SchemeCase<WireRequest>, sent: WireRequest, more = {}): Promise<readonly string[]> {
    return (await diagnosed(subject, sent, more)).mistakes.map(({ code }) => code)
  }

  it('is the clock, by how much', async () => {
    const sent = await signed(hmac, get)
    const late = await diagnosed(hmac, sent, { now: hmac.now + 400_000 })
    expect(late).toMatchObject({ ok: false, matches: true, mistakes: [{ code: 'clock-behind', field: 'timestamp' }] })
    expect(late.mistakes[0]?.message).toContain('400000 ms old')
    const early = await diagnosed(hmac, sent, { now: hmac.now - 400_000 })
    expect(early.mistakes).toMatchObject([{ code: 'clock-ahead' }])
    expect(early.mistakes[0]?.message).toContain('400000 ms ahead')
    expect((await diagnosed(hmac, sent, { now: hmac.now + 100 })).ok).toBe(true)
  })

  it('is a window that asks for too much', async () => {
    const window = { recvWindow: '999999999', recvWindowMs: 999_999_999 }
    const { prover, claim } = await clientOf(hmac)
    const sent = await signWith(hmac, prover, get, { ...claim, ...window })
    expect(await codesFor(hmac, sent)).toEqual(['window-too-large'])
  })

  it.each([
    ['hmac-v1', (ms: number) => String(Math.floor(ms / 1000))],
    ['hmac-v1', (ms: number) => new Date(ms).toISOString()],
    ['okx', (ms: number) => String(ms)],
    ['gate', (ms: number) => String(ms)],
    ['coinbase-exchange', (ms: number) => String(ms)],
    ['bitget', (ms: number) => String(Math.floor(ms / 1000))],
  ])('is a time sent and signed in another unit: %s', async (name, write) => {
    const subject = caseNamed(name)
    const sent = await signed(subject, subject.messages[0] as WireRequest, { timestamp: write(subject.now) })
    expect(await codesFor(subject, sent)).toEqual(['timestamp-unit'])
  })

  it('is a passphrase that is another, or is sent as it must not be', async () => {
    const okx = caseNamed('okx')
    const sent = await signed(okx, okx.messages[0] as WireRequest)
    expect(await codesFor(okx, sent, { passphrase: 'another one' })).toEqual(['passphrase-other'])
    const kucoin = caseNamed('kucoin')
    const { passphrase } = kucoin.credentials
    const plain = await signed(kucoin, kucoin.messages[0] as WireRequest)
    const open = { ...plain, headers: { ...plain.headers, 'kc-api-passphrase': passphrase ?? '' } }
    expect(await codesFor(kucoin, open)).toEqual(['passphrase-plain'])
    const { passphrase: maced } = (await clientOf(kucoin)).claim
    expect(maced).not.toBe(passphrase)
  })

  it('is another key, or the secret in its place', async () => {
    const sent = await signed(hmac, get)
    expect(await codesFor(hmac, sent, { keyId: 'kl_test_another' })).toEqual(['key-id-other'])
    const swapped = await signed(hmac, get, { keyId: hmac.credentials.secret })
    expect(await codesFor(hmac, swapped)).toContain('credentials-swapped')
  })

  it('is a field that is not there, or credentials that are not', async () => {
    const sent = await signed(hmac, post)
    const { 'x-api-timestamp': _, ...headers } = sent.headers
    const partly = await diagnosed(hmac, { ...sent, headers })
    expect(partly.mistakes).toMatchObject([{ code: 'field-missing', field: 'x-api-timestamp' }])
    expect(await codesFor(hmac, post)).toEqual(['credentials-missing'])
    expect(await codesFor(hmac, { ...sent, headers: { ...sent.headers, 'x-api-nonce': '?' } })).toEqual([
      'field-malformed',
    ])
  })

  it('is a digest of another body, and of which', async () => {
    const subject = caseNamed('http-message-signatures hmac-sha256')
    const message = subject.messages.find(({ body }) => body.length > 0) as WireRequest
    const sent = await signed(subject, message)
    const body = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(message.body)), null, 2))
    expect(await codesFor(subject, { ...sent, body })).toEqual(['body-reserialised', 'content-digest'])
    expect(await codesFor(subject, sent)).toEqual([])
  })

  it('is a method in lower case', async () => {
    const sent = await signed(hmac, get)
    expect(await codesFor(hmac, { ...sent, method: 'get' })).toContain('method-case')
  })
})

describe('Whatever arrives', () => {
  it.each(['hmac-v1', 'binance', 'kucoin', 'htx', 'kraken', 'crypto-com'])(
    'is answered: %s',
    { timeout: 60_000 },
    async name => {
      const subject = caseNamed(name)
      const options = { ...optionsFor(await clientOf(subject)), maxAttempts: 1000 }
      const sent = await signed(subject, subject.messages[1] as WireRequest)
      await fc.assert(
        fc.asyncProperty(arbitraryMessage(sent), async message => {
          expect((await diagnose(message as WireRequest, options)).text).not.toContain(subject.credentials.secret)
        }),
        { numRuns: 15 },
      )
    },
  )

  const nested = '['.repeat(30_000) + ']'.repeat(30_000)
  const strange = [
    'a=1&',
    'a&',
    'a=1767225600000&',
    '1767225600000',
    `s=${'ab'.repeat(32)}&`,
    '=',
    '%41=%20&',
    ',1',
  ].map(text => text.repeat(60_000 / text.length))

  it.each(['hmac-v1', 'gate', 'binance', 'crypto-com'])('is answered at a bounded cost: %s', async name => {
    const subject = caseNamed(name)
    const right = await signed(subject, subject.messages.at(-1) as WireRequest)
    const options = { ...optionsFor(await clientOf(subject)), secret: subject.stranger.secret, maxBytes: 2 ** 20 }
    for (const text of [...strange, nested, `{"a":${nested}}`, `{"a":"${'x'.repeat(200_000)}"}`]) {
      const sent = [
        { ...right, body: new TextEncoder().encode(text) },
        { ...right, target: `/x?${text}` },
      ]
      for (const request of sent) {
        const { matches, tried } = await diagnose(request, options)
        expect(matches).toBe(false)
        // One step more than the limit, of all that is the request and its string.
        expect(tried.bytes).toBeLessThan(2 ** 20 + 8 * (text.length + 1000))
      }
    }
  })
})

describe('The options', () => {
  const { scheme } = caseNamed('hmac-v1')
  const request = caseNamed('hmac-v1').messages[0] as WireRequest

  it('name a secret or a public key, and nothing unknown', async () => {
    await expect(diagnose(request, { scheme })).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', field: 'secret' })
    await expect(diagnose(request, { scheme, secret: 's', verbose: true } as never)).rejects.toMatchObject({
      code: 'ERR_OPTION_UNKNOWN',
    })
    expect((await diagnose(request, { scheme, secret: { reveal: () => 'secret' } })).matches).toBe(false)
  })

  it('bound the search', async () => {
    const hmac = caseNamed('hmac-v1')
    const sent = await signed(hmac, request)
    const { tried } = await diagnosed(hmac, sent, { secret: 'another secret', maxAttempts: 100 })
    expect(tried).toMatchObject({ attempts: 100, complete: false })
    const { tried: fewer } = await diagnosed(hmac, sent, { secret: 'another secret', maxBytes: 2000 })
    expect(fewer.complete).toBe(false)
    expect(fewer.bytes).toBeLessThan(6000)
  })
})

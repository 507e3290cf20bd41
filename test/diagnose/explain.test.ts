import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/bytes.js'
import { joinParts } from '../../src/crypto/web.js'
import { explain, MISTAKES, type NamedPart } from '../../src/diagnose/index.js'
import { headerOf, pathOf, queryOf, type WireRequest } from '../../src/http/request.js'
import type { Claim } from '../../src/scheme.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { claimFor, proverOf, signWith } from '../laws/scheme-case.js'
import { loadFixtures } from '../laws/scheme-fixtures.js'
import { schemeIds } from '../schemes/vectors.js'

const all = await Promise.all(schemeIds.map(async id => (await loadFixtures(id)).requests))
const cases = all.flat()

function textOf({ bytes }: NamedPart): string {
  return new TextDecoder().decode(bytes)
}

/** The parts themselves, those of digests in place of these. */
function flat(parts: readonly NamedPart[]): readonly NamedPart[] {
  return parts.flatMap(part => (part.digest === undefined ? [part] : flat(part.digest.of)))
}

/** What a part may say, by what it is said to come from. Dialects that decode a query sign it decoded. */
function originOf({ source, name }: NamedPart, request: WireRequest, claim: Claim): string {
  const query = queryOf(request.target)
  const origins: Readonly<Record<string, string>> = {
    method: request.method,
    path: pathOf(request.target),
    query: `${query} ${decodeURIComponent(query)} ${query.split('&').sort().join('&')}`,
    header: headerOf(request, name) ?? '',
    'key id': claim.keyId,
    timestamp: claim.timestamp,
    nonce: claim.nonce,
    'recv window': claim.recvWindow,
  }
  return origins[source] ?? ''
}

describe.each(cases.map(subject => [subject.name, subject] as const))('The explanation of %s', (_, subject) => {
  const { scheme, credentials, messages } = subject

  it('has the string to sign, whole, and says rightly what each part comes from', async () => {
    const prover = await proverOf(scheme, credentials)
    for (const message of messages) {
      const sent = await signWith(subject, prover, message, claimFor(subject, prover, { recvWindowMs: 5000 }))
      const claim = scheme.read(sent) as Claim
      const { parts, signed, malformed, text, stringToSign } = await explain(sent, { scheme })
      expect([signed, malformed]).toEqual([true, undefined])
      if (scheme.proof.kind === 'bearer') {
        expect(parts.map(({ source }) => source)).toEqual(['token'])
        expect(text).not.toContain(credentials.secret)
        continue
      }
      const whole = await joinParts(scheme.stringToSign(sent, claim))
      expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(Buffer.from(whole))
      expect(await joinParts(stringToSign)).toEqual(whole)
      for (const part of flat(parts)) {
        // A query in the order of its names, and a body that says the same in another way, have pieces of their own.
        if (['literal', 'body'].includes(part.source)) continue
        if (part.source === 'query' && !originOf(part, sent, claim).includes(textOf(part))) {
          expect([...textOf(part)].every(character => originOf(part, sent, claim).includes(character))).toBe(true)
        } else expect(originOf(part, sent, claim), `${part.source} ${part.name}`).toContain(textOf(part))
      }
      const sources = new Set(flat(parts).map(({ source }) => source))
      const isCarried = flat(parts).some(({ source, bytes }) => source === 'header' && bytes.length > 60)
      for (const component of isCarried || sources.has('body') ? [] : (['path', 'method'] as const)) {
        expect(sources.has(component)).toBe(scheme.covers.includes(component))
      }
    }
  })

  it('shows what to sign of a request that is not signed, and no passphrase', async () => {
    const [message] = messages as [WireRequest]
    const { signed, text, notCovered, parts } = await explain(message, { scheme, keyId: 'my-key', now: subject.now })
    expect(signed).toBe(false)
    expect(text).toContain('The request is not signed')
    expect(parts.length).toBeGreaterThan(0)
    const open = notCovered.filter(({ partly }) => partly === undefined).map(({ component }) => component)
    expect(open.filter(component => scheme.covers.includes(component))).toEqual([])
    const { passphrase, publicKey, secret } = credentials
    const prover = await proverOf(scheme, credentials)
    const sent = await explain(await signWith(subject, prover, message, claimFor(subject, prover)), { scheme })
    const printed = sent.text + JSON.stringify(sent)
    for (const hidden of [passphrase, publicKey === undefined ? secret : undefined, prover.passphrase || undefined]) {
      if (hidden !== undefined) expect(printed).not.toContain(hidden)
    }
  })
})

describe('An explanation', () => {
  const scheme = hmacV1({ audience: 'api.example.com' })
  const request = (body: Uint8Array, target = '/v1/orders'): WireRequest => ({
    method: 'POST',
    target,
    headers: {},
    body,
  })

  it('shows what cannot be seen, and counts bytes', async () => {
    const { text } = await explain(request(encodeUtf8('a\t\u00a0\u200bü\n\x7f')), { scheme })
    expect(text).toContain('"a␉\\u{a0}\\u{200b}ü␊␡" (7 characters, 11 bytes)')
    const { text: hex } = await explain(request(new Uint8Array([0xff, 0xfe])), { scheme })
    expect(hex).toContain('fffe (2 bytes, hex)')
  })

  it('says which field cannot be read, and shows the rest', async () => {
    const headers = { 'x-api-key': 'my-key', 'x-api-timestamp': 'now', 'x-api-nonce': '0123456789abcdef' }
    const { malformed, text } = await explain({ ...request(new Uint8Array(0)), headers }, { scheme })
    expect(malformed).toBe('x-api-timestamp')
    expect(text).toContain("cannot read 'x-api-timestamp'")
    expect(text).toContain('/v1/orders')
  })

  it('takes no secret, and no option that it has not', async () => {
    const wrong = explain(request(new Uint8Array(0)), { scheme, secret: 'secret' } as never)
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_OPTION_UNKNOWN', field: 'secret' })
  })
})

describe('The guide', () => {
  it('has every mistake, with the sentences of the table, and no other', () => {
    const guide = readFileSync(new URL('../../docs/guide/invalid-signature.md', import.meta.url), 'utf8')
    const rows = Object.entries(MISTAKES).map(([code, { happened, fix }]) => `| \`${code}\` | ${happened} | ${fix} |`)
    expect(guide.split('\n').filter(line => /^\| `/.test(line))).toEqual(rows)
  })
})

/**
 * What every signing scheme must do, whatever its dialect. A law takes a fixture and a judge; the judge may be the
 * bare proof (`proofJudge`) or a whole verifier, as long as it treats every request as the first it sees, at the time
 * the fixture signs at.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { sha256 } from '#hash'
import { encodeBase64, encodeHex, encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, type Component, isMalformed, type Scheme } from '../../src/scheme.js'

export interface SchemeFixture {
  readonly name: string
  readonly scheme: Scheme
  readonly keyId: string
  readonly secret: string
  /** When the fixture signs, epoch ms. */
  readonly now: number
  /** Unsigned requests of this dialect, which between them have every component it covers. */
  readonly requests: readonly WireRequest[]
  /** The scheme as another deployment configures it, where `host` is covered. */
  readonly elsewhere?: Scheme
  /** The dialect lets a signature be written in either case. */
  readonly anyCase?: true
}

/** Whether the request passes, under the fixture's key or, for `elsewhere`, at another deployment. */
export type Judge = (request: WireRequest, scheme?: Scheme) => boolean | Promise<boolean>

export interface SchemeLaw {
  readonly name: string
  run(fixture: SchemeFixture, judge: Judge): Promise<void>
}

const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body']

/** A claim such as a signer makes. `salt` makes it another one. */
export function claimFor({ scheme, keyId, now }: SchemeFixture, salt = 0, recvWindowMs = -1): Claim {
  return scheme.stamp({
    keyId,
    nowMs: now,
    recvWindowMs,
    randomNonce: () => `nonce${String(salt).padStart(17, '0')}`,
    lastNonce: String(now * 1000 + salt - 1),
  })
}

export function proofOf({ scheme, secret }: SchemeFixture, request: WireRequest, claim: Claim): Uint8Array {
  const { proof } = scheme
  const bytes = encodeUtf8(secret)
  if (proof.kind === 'bearer') return bytes
  return proof.hash.mac(bytes).tag(scheme.stringToSign(scheme.write(request, claim, new Uint8Array(0)), claim))
}

export function signWith(fixture: SchemeFixture, request: WireRequest, claim: Claim = claimFor(fixture)): WireRequest {
  return plain(fixture.scheme.write(request, claim, proofOf(fixture, request, claim)))
}

/** Judges by the proof alone: the scheme, the key's secret, and nothing of time or rights. */
export function proofJudge({ scheme, keyId, secret }: SchemeFixture): Judge {
  const bytes = encodeUtf8(secret)
  return (request, under = scheme) => {
    const claim = under.read(request)
    if (claim === undefined || isMalformed(claim) || claim.keyId !== keyId) return false
    if (under.proof.kind === 'bearer') return encodeHex(sha256.digest([bytes])) === encodeHex(claim.tag)
    return under.proof.hash.mac(bytes).matches(under.stringToSign(request, claim), claim.tag)
  }
}

/** Without the fields that are `undefined`, as a request looks when it arrives. */
function plain(request: WireRequest): WireRequest {
  return { ...request, headers: Object.fromEntries(Object.entries(request.headers).filter(([, v]) => v !== undefined)) }
}

export const schemeLaws: readonly SchemeLaw[] = [
  {
    name: 'What is written is read back, with and without a receive window',
    run: async fixture => {
      for (const request of fixture.requests) {
        for (const recvWindowMs of [-1, 1, 2500]) {
          const claim = claimFor(fixture, 7, recvWindowMs)
          const proof = proofOf(fixture, request, claim)
          const tag = fixture.scheme.proof.kind === 'bearer' ? sha256.digest([proof]) : proof
          expect(fixture.scheme.read(fixture.scheme.write(request, claim, proof))).toEqual({ ...claim, tag })
        }
      }
    },
  },
  {
    name: 'The string to sign does not depend on the tag, and writing changes nothing it was given',
    run: async fixture => {
      const { scheme } = fixture
      for (const request of fixture.requests) {
        const before = JSON.stringify(request)
        const claim = claimFor(fixture)
        const strings = [0, 1, 255].map(byte => {
          const tag =
            scheme.proof.kind === 'mac'
              ? new Uint8Array(scheme.proof.hash.digestBytes).fill(byte)
              : encodeUtf8(fixture.secret)
          return JSON.stringify(scheme.stringToSign(scheme.write(request, claim, tag), claim))
        })
        if (scheme.proof.kind === 'mac')
          strings.push(JSON.stringify(scheme.stringToSign(scheme.write(request, claim, new Uint8Array(0)), claim)))
        expect(new Set(strings).size).toBe(1)
        expect(JSON.stringify(request)).toBe(before)
      }
    },
  },
  {
    name: 'What is signed passes; what is signed with another secret, or not at all, does not',
    run: async (fixture, judge) => {
      for (const request of fixture.requests) {
        expect(await judge(signWith(fixture, request))).toBe(true)
        expect(await judge(signWith({ ...fixture, secret: `${fixture.secret}x` }, request))).toBe(false)
        expect(
          await judge(signWith({ ...fixture, keyId: `${fixture.keyId}x`, secret: `x${fixture.secret}` }, request)),
        ).toBe(false)
        expect(await judge(request)).toBe(false)
        expect(await judge(plain(fixture.scheme.write(request, claimFor(fixture), new Uint8Array(0))))).toBe(false)
      }
    },
  },
  {
    name: 'A change of anything covered is refused, a change of anything else passes',
    run: async (fixture, judge) => {
      const changed = new Set<Component>()
      for (const request of fixture.requests) {
        const signed = signWith(fixture, request)
        for (const component of COMPONENTS) {
          const covered = fixture.scheme.covers.includes(component)
          changed.add(component)
          // A covered host is no part of the request: it is the deployment that judges.
          if (component === 'host' && covered) continue
          for (const other of changesOf(component, signed)) {
            expect(await judge(other), `${component}: ${other.method} ${other.target}`).toBe(!covered)
          }
        }
        if (fixture.elsewhere !== undefined) expect(await judge(signed, fixture.elsewhere)).toBe(false)
      }
      expect(changed.size).toBe(COMPONENTS.length)
      expect(fixture.scheme.covers.includes('host')).toBe(fixture.elsewhere !== undefined)
    },
  },
  {
    name: 'Another spelling of a signature never passes as another tag',
    run: async (fixture, judge) => {
      for (const request of fixture.requests) {
        const signed = signWith(fixture, request)
        const claim = fixture.scheme.read(signed) as Claim
        const text = fixture.scheme.proof.kind === 'bearer' ? fixture.secret : encodeHex(claim.tag)
        for (const other of spellingsOf(text)) {
          const respelled = replaceIn(signed, text, other)
          const read = fixture.scheme.read(respelled)
          if (await judge(respelled)) expect(encodeHex((read as Claim).tag)).toBe(encodeHex(claim.tag))
          expect(await judge(respelled)).toBe(fixture.anyCase === true && other.toLowerCase() === text)
        }
      }
    },
  },
  {
    name: 'No bit of what is signed can be flipped',
    run: async (fixture, judge) => {
      for (const request of fixture.requests) {
        const signed = signWith(fixture, request)
        for (const flipped of flipsOf(fixture, request, signed)) {
          expect(await judge(flipped.request), flipped.what).toBe(flipped.harmless)
        }
      }
    },
  },
  {
    name: 'Reading never throws, whatever arrives',
    run: async (fixture, judge) => {
      const signed = signWith(fixture, fixture.requests[0]!)
      await fc.assert(
        fc.asyncProperty(arbitraryRequest(Object.keys(signed.headers), signed), async request => {
          const read = fixture.scheme.read(request)
          if (read !== undefined && !isMalformed(read)) fixture.scheme.stringToSign(request, read)
          // Reached only by what the fixture signed, changed where nothing is covered.
          if (await judge(request)) expect((read as Claim).keyId).toBe(fixture.keyId)
        }),
        { numRuns: 500 },
      )
    },
  },
]

/** The request with one component changed, in several ways. */
function changesOf(component: Component, request: WireRequest): WireRequest[] {
  const { method, target, headers, body } = request
  const [path = '', query] = target.split(/\?(.*)/s)
  const at = (newPath: string, newQuery: string | undefined) => ({
    ...request,
    target: newQuery === undefined ? newPath : `${newPath}?${newQuery}`,
  })
  switch (component) {
    case 'method':
      return ['GET', 'POST', 'PUT', 'DELETE']
        .filter(other => other !== method)
        .map(other => ({ ...request, method: other }))
    case 'host':
      return [{ ...request, headers: { ...headers, host: 'evil.example.com' } }]
    case 'path':
      return [at(`${path}x`, query), at(`${path.slice(0, -1)}_`, query), at(`/v0${path}`, query)]
    case 'query':
      return query === undefined || query === ''
        ? [at(path, 'a=1')]
        : [at(path, `${query}&a=1`), at(path, `a=1&${query}`), at(path, undefined)]
    case 'content-type':
      return [undefined, 'text/plain', 'application/json; charset=utf-8']
        .filter(other => other !== headers['content-type'])
        .map(other => plain({ ...request, headers: { ...headers, 'content-type': other } }))
    case 'body':
      return body.length === 0
        ? [{ ...request, body: encodeUtf8('{"a":1}') }]
        : [
            { ...request, body: new Uint8Array([...body, 0x20]) },
            { ...request, body: new Uint8Array([...body, 0x31]) },
            { ...request, body: body.subarray(0, -1) },
            { ...request, body: new Uint8Array(0) },
          ]
  }
}

function spellingsOf(text: string): string[] {
  const bytes = encodeUtf8(text)
  const half = text.length >> 1
  return [
    text.toUpperCase(),
    text.slice(0, half).toUpperCase() + text.slice(half),
    ` ${text}`,
    `${text} `,
    `\t${text}`,
    `${text}\0`,
    `${text}\n`,
    `0x${text}`,
    `${text}0`,
    `0${text}`,
    `${text}${text}`,
    text.slice(1),
    text.slice(0, half),
    '',
    `"${text}"`,
    `${text}, ${text}`,
    encodeBase64(bytes),
    `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`,
    String.fromCodePoint(text.charCodeAt(0) + 0xfee0) + text.slice(1),
    `${text}=`,
  ].filter(other => other !== text)
}

/** The request with `from` replaced wherever it stands. */
function replaceIn(request: WireRequest, from: string, to: string): WireRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value).replace(from, to)])
  const body =
    request.body.length === 0 ? request.body : encodeUtf8(new TextDecoder().decode(request.body).replace(from, to))
  return { ...request, target: request.target.replace(from, to), headers: Object.fromEntries(headers), body }
}

interface Flip {
  readonly what: string
  readonly request: WireRequest
  /** The flip changes the case of a letter, where the dialect says that case does not count. */
  readonly harmless: boolean
}

/** Every bit of every part that the scheme covers or wrote itself. */
function* flipsOf({ scheme, anyCase }: SchemeFixture, unsigned: WireRequest, signed: WireRequest): Generator<Flip> {
  const covers = new Set(scheme.covers)
  const tag = encodeHex((scheme.read(signed) as Claim).tag)
  const [path = '', query = ''] = signed.target.split(/\?(.*)/s)
  const part = function* (what: string, text: string, put: (text: string) => WireRequest): Generator<Flip> {
    const start = anyCase ? text.indexOf(tag) : -1
    for (const { other, at, bit } of flippedTexts(text)) {
      const inTag = start >= 0 && at >= start && at < start + tag.length && /[a-f]/.test(text.charAt(at))
      const inBearer = what === 'authorization' && at < 'Bearer'.length
      yield { what: `${what} ${other}`, request: put(other), harmless: bit === CASE_BIT && (inTag || inBearer) }
    }
  }
  if (covers.has('method')) yield* part('method', signed.method, method => ({ ...signed, method }))
  if (covers.has('path')) {
    yield* part('path', path, other => ({ ...signed, target: other + signed.target.slice(path.length) }))
  }
  if (covers.has('query')) yield* part('query', query, other => ({ ...signed, target: `${path}?${other}` }))
  if (covers.has('body')) {
    yield* part('body', String.fromCharCode(...signed.body), other => ({
      ...signed,
      body: Uint8Array.from(other, character => character.charCodeAt(0)),
    }))
  }
  for (const [name, value] of Object.entries(signed.headers)) {
    const written = unsigned.headers[name] !== value
    if (!written && !(name === 'content-type' && covers.has('content-type'))) continue
    yield* part(name, String(value), other => ({ ...signed, headers: { ...signed.headers, [name]: other } }))
  }
}

const CASE_BIT = 5

/** The text with each of the lower eight bits of each character flipped. */
function* flippedTexts(text: string): Generator<{ other: string; at: number; bit: number }> {
  for (let at = 0; at < text.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit))
      yield { other: text.slice(0, at) + flipped + text.slice(at + 1), at, bit }
    }
  }
}

function arbitraryRequest(names: readonly string[], seed: WireRequest): fc.Arbitrary<WireRequest> {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom(
      '',
      ' ',
      '\0',
      '\n',
      '\ud800',
      '\u{1f4b6}',
      '0',
      '-1',
      '1e3',
      '9'.repeat(400),
      'a'.repeat(100_000),
      'Bearer',
      'Bearer ',
    ),
    fc.constantFrom(...Object.values(seed.headers).map(String)),
  )
  const value = fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 1, arbitrary: fc.array(text, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
  const header = fc.tuple(
    fc.oneof(fc.constantFrom(...names, 'content-type', 'authorization', '__proto__', 'constructor'), fc.string()),
    value,
  )
  const query = fc.stringMatching(
    /^(timestamp|recvWindow|signature|%74imestamp|a|=|&|\?|%|\+|1767225600000|5000|0){0,12}$/,
  )
  return fc.record({
    method: fc.oneof(text, fc.constantFrom('GET', 'POST')),
    target: fc.oneof(
      text,
      fc.constant(seed.target),
      query.map(q => `/x?${q}`),
    ),
    headers: fc
      .tuple(fc.boolean(), fc.array(header, { maxLength: 8 }))
      .map(([keep, more]) => ({ ...(keep ? seed.headers : {}), ...Object.fromEntries(more) })),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constant(seed.body),
      query.map(encodeUtf8),
      fc.constant(new Uint8Array(200_000)),
    ),
  })
}

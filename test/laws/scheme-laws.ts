/**
 * What every dialect must do, for its requests and for its logins, whoever made it: each law takes a case and fails
 * with what it saw. A judge treats every message as the first it sees, at the time the case signs at.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { encodeHex } from '../../src/bytes.js'
import { createSigner } from '../../src/client/index.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, type Component, isMalformed, type LoginMessage, type Scheme } from '../../src/scheme.js'
import { checkFreshness } from '../../src/verify/freshness.js'
import { createDice } from '../schemes/distinct.js'
import { COMPONENTS, changesOf } from './component-changes.js'
import { meansTheSame } from './meaning.js'
import { guardedPlaces, isRequest, type Place, placesOf } from './message-parts.js'
import {
  claimFor,
  type Judge,
  judgeOf,
  type Prover,
  plain,
  proverOf,
  type SchemeCase,
  signWith,
} from './scheme-case.js'
import { findTag, spellingsOf } from './spellings.js'
import { arbitraryMessage } from './strange-messages.js'

/** A case with its prover and its judge: all that a law needs. */
export interface Court<M = unknown> extends SchemeCase<M> {
  readonly prover: Prover
  readonly judge: Judge<M>
  /** Whatever else is drawn, the laws draw the same for one seed; it is told when a law fails. */
  readonly seed: number
}

export async function courtOf<M>(subject: SchemeCase<M>, seed: number): Promise<Court<M>> {
  const prover = await proverOf(subject.scheme, subject.credentials)
  return { ...subject, prover, judge: judgeOf(subject, prover), seed }
}

export interface SchemeLaw {
  readonly name: string
  run(court: Court): Promise<void>
}

const EMPTY = new Uint8Array(0)

export const schemeLaws: readonly SchemeLaw[] = [
  {
    name: 'What is written is read back, with and without a receive window',
    run: async court => {
      const { dialect, messages, prover } = court
      for (const message of messages) {
        for (const recvWindowMs of [-1, 1000, 2500]) {
          const claim = claimFor(court, prover, { salt: 7, recvWindowMs })
          const tag = await prover.sign(dialect.stringToSign(dialect.write(message, claim, EMPTY), claim))
          const signed = dialect.write(message, claim, tag)
          expect(dialect.read(signed)).toEqual({ ...claim, tag })
          expect(dialect.read(plain(signed))).toEqual({ ...claim, tag })
        }
      }
    },
  },
  {
    name: 'The string to sign does not depend on the tag, and writing changes nothing it was given',
    run: async court => {
      const { dialect, messages, prover, scheme } = court
      for (const message of messages) {
        const before = JSON.stringify(message)
        const claim = claimFor(court, prover)
        const length = (await prover.sign(['x'])).length
        const tags = [0, 1, 255].map(byte => new Uint8Array(length).fill(byte))
        // The tag of a bearer scheme is the secret, and so is its string.
        const all = scheme.proof.kind === 'bearer' ? [await prover.sign([])] : [EMPTY, ...tags]
        const strings = all.map(tag => JSON.stringify(dialect.stringToSign(dialect.write(message, claim, tag), claim)))
        expect(new Set(strings).size).toBe(1)
        expect(JSON.stringify(message)).toBe(before)
      }
    },
  },
  {
    name: 'What is signed passes; what is signed with another secret, for another key, or not at all, does not',
    run: async court => {
      const { dialect, judge, messages, prover, scheme, stranger } = court
      const { keyId } = court.credentials
      const other = await proverOf(scheme, stranger)
      for (const message of messages) {
        const claim = claimFor(court, prover)
        expect(await judge(await signWith(court, prover, message, claim))).toBe(true)
        expect(await judge(await signWith(court, other, message, claim))).toBe(false)
        if (scheme.proof.kind !== 'bearer') {
          expect(await judge(await signWith(court, prover, message, { ...claim, keyId: `${keyId}x` }))).toBe(false)
        }
        expect(await judge(message)).toBe(false)
        expect(await judge(plain(dialect.write(message, claim, EMPTY)))).toBe(false)
      }
    },
  },
  {
    name: 'A signer signs what passes, and its messages rise in time and nonce',
    run: async ({ credentials, dialect, judge, messages, now, scheme }) => {
      const { keyId, secret, passphrase } = credentials
      const rest = { ...(keyId !== '' && { keyId }), ...(passphrase !== undefined && { passphrase }) }
      let clock = now
      const signer = createSigner({ scheme, secret, ...rest, clock: () => clock })
      const claims: Claim[] = []
      for (const message of messages) {
        const signed = isRequest(message) ? await signer.sign(message) : await signer.login(message as LoginMessage)
        expect(await judge(signed)).toBe(true)
        claims.push(dialect.read(signed) as Claim)
        clock += 1000
      }
      const rising = dialect.freshness.kind === 'rising-nonce'
      const order = claims.map(({ nonce, timestampMs }) => (rising ? BigInt(nonce) : BigInt(timestampMs)))
      const isOrdered = (a: bigint, b: bigint) =>
        rising || dialect.freshness.kind === 'none' ? a < b || !rising : a < b
      expect(order.filter((value, at) => at > 0 && !isOrdered(order[at - 1]!, value))).toEqual([])
    },
  },
  {
    name: 'A change of anything covered is refused, a change of anything else can pass',
    run: async court => {
      const { byMeaning, elsewhere, judge, messages, prover, scheme } = court
      const requests = messages.filter(isRequest)
      const passed = new Set<Component>()
      const refused = new Set<Component>()
      for (const request of requests) {
        const signed = (await signWith(court, prover, request, claimFor(court, prover))) as WireRequest
        for (const component of COMPONENTS) {
          // A covered host is no part of the request: it is the deployment that judges.
          if (component === 'host' && scheme.covers.includes('host')) continue
          for (const other of changesOf(component, signed)) {
            if (byMeaning.includes(component) && meansTheSame(component, signed, other)) continue
            const passes = await judge(other)
            if (passes) expect(scheme.covers, `${component}: ${other.method} ${other.target}`).not.toContain(component)
            ;(passes ? passed : refused).add(component)
          }
        }
        if (elsewhere !== undefined) expect(await judge(signed, elsewhere)).toBe(false)
      }
      if (requests.length === 0) return
      const open = COMPONENTS.filter(component => !scheme.covers.includes(component))
      const uncovered = open.filter(component => scheme.partial?.[component] === undefined)
      expect(
        uncovered.filter(component => !passed.has(component)),
        'not covered, yet no change passes',
      ).toEqual([])
      const partial = open.filter(component => scheme.partial?.[component] !== undefined)
      expect(
        partial.filter(component => !refused.has(component)),
        'partial, yet no change is refused',
      ).toEqual([])
      expect(scheme.covers.includes('host')).toBe(elsewhere !== undefined)
    },
  },
  {
    name: 'The time, the window and a covered nonce are signed',
    run: async court => {
      const { dialect, judge, messages, prover, scheme } = court
      const claim = claimFor(court, prover, { salt: 1, recvWindowMs: 2500 })
      const later = claimFor(court, prover, { salt: 2, recvWindowMs: 3500, laterMs: 2000, lastNonce: claim.nonce })
      const { timestamp, timestampMs, nonce, recvWindow, recvWindowMs } = later
      const changes: readonly (readonly [field: keyof Claim, changed: Partial<Claim>])[] = [
        ['timestamp', { timestamp, timestampMs }],
        ['nonce', { nonce }],
        ['recvWindow', { recvWindow, recvWindowMs }],
      ]
      // A login has no components: whatever it claims is signed.
      const mayChange = isRequest(messages[0]) && claim.nonce !== '' && !scheme.covers.includes('nonce')
      for (const message of messages) {
        const tag = await prover.sign(dialect.stringToSign(dialect.write(message, claim, EMPTY), claim))
        for (const [field, changed] of changes) {
          if (claim[field] === '') continue
          expect(changed[field], field).not.toBe(claim[field])
          const passes = await judge(plain(dialect.write(message, { ...claim, ...changed }, tag)))
          expect(passes, field).toBe(field === 'nonce' && mayChange)
        }
      }
      if (scheme.covers.includes('nonce')) expect(claim.nonce).not.toBe('')
      const { kind } = dialect.freshness
      if (kind === 'rising-nonce') expect(claim.nonce).toMatch(/^[1-9]\d*$/)
      else if (kind !== 'none') expect(claim.timestamp).not.toBe('')
      if ('replay' in dialect.freshness && dialect.freshness.replay === 'nonce') {
        expect(claim.nonce).not.toBe('')
        expect(mayChange, 'remembers a nonce that anybody can change').toBe(false)
      }
    },
  },
  {
    name: 'What is signed now is fresh now, to a server whose clock differs a little, and not a day later',
    run: async court => {
      const { dialect, now, prover } = court
      const { freshness } = dialect
      for (const recvWindowMs of [-1, 1000]) {
        const claim = claimFor(court, prover, { recvWindowMs })
        expect(checkFreshness(freshness, claim, now)).toBeUndefined()
        expect(checkFreshness(freshness, claim, now + 100)).toBeUndefined()
        if (freshness.kind !== 'timestamp' && freshness.kind !== 'deadline') continue
        for (const later of [86_400_000, -86_400_000]) {
          expect(checkFreshness(freshness, claim, now + later)).toHaveProperty('denial')
        }
        const known = freshness.kind === 'timestamp' ? [-freshness.futureMs - 1, freshness.maxRecvWindowMs + 1] : [1]
        for (const beyond of known) {
          expect(checkFreshness(freshness, claim, claim.timestampMs + beyond)).toHaveProperty('denial')
        }
      }
    },
  },
  {
    name: 'Another spelling of a signature never passes, least of all as another tag',
    run: async court => {
      const { anyCase, byMeaning, dialect, judge, messages, prover } = court
      for (const message of messages) {
        const signed = await signWith(court, prover, message, claimFor(court, prover))
        const { tag } = dialect.read(signed) as Claim
        const { text, place } = findTag(signed, tag)
        for (const other of spellingsOf(text)) {
          const respelled = place.put(place.text.replace(text, () => other))
          if (!(await judge(respelled))) continue
          expect(encodeHex((dialect.read(respelled) as Claim).tag), other).toBe(encodeHex(tag))
          const meant =
            byMeaning.some(component => component === place.what) && sameRequest(place.what, signed, respelled)
          expect((anyCase && other.toLowerCase() === text) || meant, other).toBe(true)
        }
      }
    },
  },
  {
    name: 'No bit of what is signed can be flipped',
    run: async court => {
      const { dialect, judge, messages, prover, scheme, seed } = court
      const dice = createDice(seed)
      for (const message of messages) {
        const signed = await signWith(court, prover, message, claimFor(court, prover))
        const other = await signWith(court, prover, message, otherClaim(court))
        const places = guardedPlaces(scheme, message, signed)
        const bits = places.reduce((sum, { text }) => sum + text.length * 8, 0)
        const keep = (prover.isSlow ? SLOW_FLIPS : FLIPS) / bits
        const wrong: string[] = []
        for (const place of places) {
          for (let bit = 0; bit < place.text.length * 8; bit++) {
            if (keep < 1 && dice(1 << 20) >= keep * (1 << 20)) continue
            const flipped = place.put(flip(place.text, bit))
            const passes = judge(flipped)
            if (!(passes === true || (passes !== false && (await passes)))) continue
            if (isHarmless(court, { signed, other, flipped, place, bit })) continue
            wrong.push(`${place.what}: ${flip(place.text, bit)}`)
          }
        }
        expect(wrong, `seed ${seed}`).toEqual([])
        expect(await judge(signed)).toBe(true)
        expect(dialect.read(signed)).toBeDefined()
      }
    },
  },
  {
    name: 'Reading never throws, whatever arrives',
    run: async court => {
      const { credentials, dialect, judge, messages, prover } = court
      const signed = await signWith(court, prover, messages[0], claimFor(court, prover))
      await fc.assert(
        fc.asyncProperty(arbitraryMessage(signed), async message => {
          const read = dialect.read(message)
          if (read === undefined || isMalformed(read)) return
          dialect.stringToSign(message, read)
          // Reached only by what the case signed, changed where nothing is covered.
          if (await judge(message)) expect(read.keyId).toBe(credentials.keyId)
        }),
        { numRuns: 500 },
      )
    },
  },
]

/** Flips of one message, above which a sample must do. */
const FLIPS = 12_000
const SLOW_FLIPS = 250

/** A claim that differs in every field, so that what is the same in both messages is no part of a claim. */
function otherClaim(court: Court): Claim {
  const { prover, credentials } = court
  const { keyId } = credentials
  const other = claimFor(court, prover, { salt: 9, laterMs: 86_461_003, recvWindowMs: 7000, lastNonce: '9' })
  return {
    ...other,
    keyId: keyId.slice(0, -1) + (keyId.endsWith('z') ? 'y' : 'z'),
    passphrase: other.passphrase && 'p',
  }
}

interface Flipped {
  readonly signed: unknown
  readonly other: unknown
  readonly flipped: unknown
  readonly place: Place<unknown>
  readonly bit: number
}

const CASE_BIT = 5

function flip(text: string, bit: number): string {
  const at = bit >> 3
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit & 7))) + text.slice(at + 1)
}

/** A flip that passes must claim the same, and be one of the few that change nothing but a spelling. */
function isHarmless(court: Court, { signed, other, flipped, place, bit }: Flipped): boolean {
  const { anyCase, byMeaning, dialect, scheme } = court
  const [before, after] = [dialect.read(signed) as Claim, dialect.read(flipped) as Claim]
  const nonceIsOpen = isRequest(signed) && !scheme.covers.includes('nonce')
  const same = (field: keyof Claim) => JSON.stringify(before[field]) === JSON.stringify(after[field])
  const differing = (Object.keys(before) as (keyof Claim)[]).filter(field => !same(field))
  if (differing.length > 0) return nonceIsOpen && differing.every(field => field === 'nonce')
  if (byMeaning.some(component => component === place.what) && sameRequest(place.what, signed, flipped)) return true
  // A header that is the same whatever is claimed, such as the version of the dialect.
  const isWord = !['method', 'path', 'query', 'body', 'content-type'].includes(place.what)
  if (isWord && placesOf(other).find(({ what }) => what === place.what)?.text === place.text) return true
  if ((bit & 7) !== CASE_BIT || !/[a-z]/i.test(place.text.charAt(bit >> 3))) return false
  // The name of an authentication scheme is of either case (RFC 9110 section 11.1).
  if (place.what === 'authorization' && bit >> 3 < place.text.indexOf(' ')) return true
  if (!anyCase) return false
  const { text, place: tagPlace } = findTag(signed, before.tag)
  const start = place.text.indexOf(text)
  return tagPlace.what === place.what && bit >> 3 >= start && bit >> 3 < start + text.length
}

function sameRequest(component: string, a: unknown, b: unknown): boolean {
  return isRequest(a) && isRequest(b) && meansTheSame(component as Component, a, b)
}

/** Two requests that a dialect cannot tell apart really are two, and share a signature. */
export async function expectShared(
  court: Court<WireRequest>,
  { component, a, b }: { readonly component: Component; readonly a: WireRequest; readonly b: WireRequest },
): Promise<void> {
  const { dialect, judge, prover, scheme } = court as Court<WireRequest> & { readonly scheme: Scheme }
  expect(scheme.covers).not.toContain(component)
  expect(scheme.partial?.[component]).toMatch(/^\S.*\.$/)
  const claim = claimFor(court, prover)
  const tag = await prover.sign(dialect.stringToSign(dialect.write(a, claim, EMPTY), claim))
  const [one, other] = [plain(dialect.write(a, claim, tag)), plain(dialect.write(b, claim, tag))]
  expect(meansTheSame(component, one, other)).toBe(false)
  expect([await judge(one), await judge(other)]).toEqual([true, true])
}

/**
 * Signs messages of a dialect, damages them as somebody on their way could, and asks a whole verifier. What still passes
 * must claim the same and differ in nothing that the scheme covers, and must be refused once the original was seen.
 */

import { encodeHex } from '../../src/bytes.js'
import { queryOf, type WireRequest } from '../../src/http/request.js'
import type { Claim, Component } from '../../src/scheme.js'
import type { Verdict } from '../../src/verify/verdict.js'
import type { Verifier } from '../../src/verify/verifier.js'
import { latin1, meansTheSame, partOf } from '../laws/meaning.js'
import { isRequest } from '../laws/message-parts.js'
import { claimFor, proverOf, type SchemeCase, signWith } from '../laws/scheme-case.js'
import type { SchemeFixtures } from '../laws/scheme-fixtures.js'
import { createHouse, type House, STRANGER_ID } from './house.js'
import { loginOperators } from './login-operators.js'
import { requestOperators } from './operators.js'
import { createRandom } from './random.js'
import { makeOriginals, type Operator, type Original } from './subject.js'

export interface Tally {
  /** Damaged messages that were judged, and how many of them passed because they mean the same or differ in the open. */
  mutated: number
  passed: number
  /** Of those, how many were tried again after their original. */
  replayed: number
  /** Messages as their signer made them, all of which must pass. */
  untouched: number
  /** How often each operator was applied. */
  readonly applied: Map<string, number>
}

export function createTally(): Tally {
  return { mutated: 0, passed: 0, replayed: 0, untouched: 0, applied: new Map() }
}

/** The scheme whose credentials are put beside those of the one at hand: one that reads other headers. */
export function foreignTo(id: string): string {
  return id === 'hmac-v1' || id === 'ed25519-v1' ? 'bitfinex' : 'hmac-v1'
}

export interface Course {
  readonly seed: number
  readonly runs: number
}

/** Cases that share their originals, so that a signature costs less than its damages. */
const BLOCK = 2000
const ORIGINALS = 64
/** Of a key pair, whose signatures cost a thousand MACs. */
const SLOW_ORIGINALS = 12
/** Passes that are tried again after their original, for each case of a scheme. */
const REPLAYS = 200

/**
 * Tries `runs` damaged and `runs / 10` untouched requests of a dialect, shared by its fixtures, and a tenth as many logins.
 *
 * @throws {Error} naming what passed and should not have, and the seed that shows it again
 */
export async function damageAll(fixtures: SchemeFixtures, foreign: SchemeFixtures, course: Course): Promise<Tally> {
  const tally = createTally()
  const { id, requests, logins } = fixtures
  for (const [cases, runs] of [
    [requests, course.runs],
    [logins, Math.ceil(course.runs / 10)],
  ] as const) {
    for (const [at, subject] of (cases as readonly SchemeCase[]).entries()) {
      const share = Math.ceil((runs * (at + 1)) / cases.length) - Math.ceil((runs * at) / cases.length)
      const setting = { subject, id, house: await openHouse(subject, foreign), foreign }
      await damageCase(setting, { ...course, runs: share }, tally)
    }
  }
  return tally
}

interface Setting {
  readonly id: string
  readonly subject: SchemeCase
  readonly house: House
  readonly foreign: SchemeFixtures
}

function openHouse(subject: SchemeCase, foreign: SchemeFixtures): Promise<House> {
  return createHouse(subject, foreign.requests.at(-1)!)
}

async function damageCase(setting: Setting, { seed, runs }: Course, tally: Tally): Promise<void> {
  const { house, id, subject } = setting
  const prover = await proverOf(subject.scheme, subject.credentials)
  const block = { count: prover.isSlow ? SLOW_ORIGINALS : ORIGINALS }
  const foreign = await foreignMessage(setting)
  const isLogin = !isRequest(subject.messages[0])
  const operators = Object.entries(isLogin ? loginOperators : requestOperators) as [string, Operator<unknown>][]
  let originals: readonly Original<unknown>[] = []
  let drawn = -1
  for (let run = 0; run < runs; run++) {
    const now = Math.floor((seed + run) / BLOCK)
    if (now !== drawn) originals = await makeOriginals(subject, prover, { ...block, random: createRandom(now) })
    drawn = now
    const random = createRandom(Math.imul(seed + run + 1, 0x9e3779b1))
    const original = random.pick(originals)
    const damaged: Damaged = { original, others: [], names: [], message: original.signed }
    for (let left = depth(random.below(100)); left > 0; left--) {
      const [name, operate] = random.pick(operators)
      const other = random.pick(originals)
      const next = operate({
        random,
        dialect: subject.dialect,
        message: damaged.message,
        original,
        other,
        strangerId: STRANGER_ID,
        foreign,
      })
      if (next === undefined) continue
      damaged.message = next
      damaged.others.push(other)
      damaged.names.push(name)
      tally.applied.set(name, (tally.applied.get(name) ?? 0) + 1)
    }
    if (damaged.names.length === 0) {
      runs++
      continue
    }
    tally.mutated++
    const wrong = await judgeDamaged(setting, damaged, tally)
    if (wrong !== undefined)
      throw new Error(failure(`${id}, ${subject.name}: ${wrong}`, damaged, { seed: seed + run, id }))
  }
  for (let left = Math.ceil(runs / 10); left > 0; left -= block.count) {
    const random = createRandom(Math.imul(seed + left, 0x85ebca6b))
    for (const original of await makeOriginals(subject, prover, { random, count: Math.min(left, block.count) })) {
      tally.untouched++
      const verdict = await ask(house.verifier, original.signed)
      if (verdict.ok) continue
      const damaged = { original, others: [], names: [], message: original.signed }
      throw new Error(
        failure(`${id}, ${subject.name}: refused as ${verdict.denial}`, damaged, { seed: seed + left, id }),
      )
    }
  }
}

/** Most messages suffer one change, some up to four. */
function depth(percent: number): number {
  if (percent < 60) return 1
  return percent < 85 ? 2 : percent < 95 ? 3 : 4
}

/** What the attacker signs with a key of their own, of another scheme. */
async function foreignMessage({ subject, foreign }: Setting): Promise<unknown> {
  const theirs = isRequest(subject.messages[0]) ? foreign.requests.at(-1) : foreign.logins.at(-1)
  if (theirs === undefined) return {}
  const prover = await proverOf(theirs.scheme, theirs.credentials)
  const there = { ...(theirs as SchemeCase), now: subject.now }
  return signWith(there, prover, there.messages[0], claimFor(there, prover))
}

interface Damaged {
  readonly original: Original<unknown>
  /** Messages that pieces were taken from. */
  readonly others: Original<unknown>[]
  readonly names: string[]
  message: unknown
}

function ask(verifier: Verifier, message: unknown): Promise<Verdict> {
  return isRequest(message)
    ? verifier.verify(message, { permission: 'read' })
    : verifier.verifyLogin({ message }, { permission: 'read' })
}

/** What is wrong with the verdict, if anything. */
async function judgeDamaged(
  { subject, house, foreign }: Setting,
  damaged: Damaged,
  tally: Tally,
): Promise<string | undefined> {
  const { message, original } = damaged
  const verdict = await ask(house.verifier, message)
  if (!verdict.ok) return undefined
  tally.passed++
  // A message of their own, signed with a key of their own, is nobody's loss.
  if (verdict.principal.scheme === foreign.id)
    return ofBoth(subject, message) ? 'two schemes read it, and one was believed' : undefined
  if (verdict.principal.owner !== 'owner-1') return `passes as ${verdict.principal.keyId}`
  const wrong = differenceOf(subject, original, message)
  // Whoever exchanges all that is signed sends another message of the same key, which they could have done at once.
  const source = wrong === undefined ? original : damaged.others.find(other => !differenceOf(subject, other, message))
  if (source === undefined || tally.replayed >= REPLAYS) return source === undefined ? wrong : undefined
  return passesAgain(subject, house, { original: source, message, tally })
}

function ofBoth({ dialect }: SchemeCase, message: unknown): boolean {
  return dialect.read(message) !== undefined
}

/** The first thing that may not differ. */
function differenceOf(subject: SchemeCase, original: Original<unknown>, message: unknown): string | undefined {
  const { dialect, scheme } = subject
  const [before, after] = [original.claim, dialect.read(message) as Claim]
  const nonceIsOpen = isRequest(message) && !scheme.covers.includes('nonce')
  const fields = (Object.keys(before) as (keyof Claim)[]).filter(field => field !== 'nonce' || !nonceIsOpen)
  const claimed = fields.find(field => textIn(before[field]) !== textIn(after[field]))
  if (claimed !== undefined) return `passes with another ${claimed}`
  if (!isRequest(message)) return undefined
  const signed = original.signed as WireRequest
  if (subject.anyPlace && parametersOf(original, signed) === parametersOf(original, message)) return undefined
  const changed = scheme.covers.find(component => isChanged(component, signed, { message, subject, original }))
  return changed && `passes with another ${changed}`
}

/** All but the signature, wherever they stand. */
function parametersOf({ tag }: Original<unknown>, { target, body }: WireRequest): string {
  const pairs = [queryOf(target), latin1(body)].flatMap(text => (text === '' ? [] : text.split('&')))
  return pairs.filter(pair => !pair.toLowerCase().endsWith(`=${tag.text}`)).join('&')
}

function inOneCase({ tag }: Original<unknown>, text = ''): string {
  const at = text.toLowerCase().indexOf(tag.text)
  return at < 0 ? text : text.slice(0, at) + tag.text + text.slice(at + tag.text.length)
}

function isChanged(
  component: Component,
  signed: WireRequest,
  { message, subject, original }: { message: WireRequest; subject: SchemeCase; original: Original<unknown> },
): boolean {
  const [was, is] = [partOf(component, signed), partOf(component, message)]
  if (was === is || (subject.byMeaning.includes(component) && meansTheSame(component, signed, message))) return false
  return !(subject.anyCase && inOneCase(original, was) === inOneCase(original, is))
}

function textIn(value: unknown): string {
  return value instanceof Uint8Array ? encodeHex(value) : String(value)
}

/** Whether the original and what was made of it are carried out both. */
async function passesAgain(
  { scheme, dialect }: SchemeCase,
  house: House,
  {
    original,
    message,
    tally,
  }: { readonly original: Original<unknown>; readonly message: unknown; readonly tally: Tally },
): Promise<string | undefined> {
  const { freshness } = dialect
  if (freshness.kind === 'none') return undefined
  // Reading twice is allowed, where the scheme says so; whoever can change the nonce can repeat anything.
  const isRead = isRequest(message) && /^(GET|HEAD)$/.test(message.method)
  if ('replay' in freshness && freshness.replay === 'tag-except-reads' && isRead) return undefined
  if (isRequest(message) && original.claim.nonce !== '' && !scheme.covers.includes('nonce')) return undefined
  tally.replayed++
  const verifier = house.remembering()
  const first = await ask(verifier, original.signed)
  if (!first.ok) return `the original is refused as ${first.denial}`
  const second = await ask(verifier, message)
  return second.ok ? 'passes after its original' : undefined
}

function failure(
  what: string,
  { names, message, original }: Damaged,
  { seed, id }: { readonly seed: number; readonly id: string },
): string {
  const shown = (value: unknown) =>
    JSON.stringify(value, (name, member) =>
      name === 'body' ? String.fromCharCode(...Object.values(member as object).slice(0, 2000)) : member,
    )
  return [
    `${what}, after: ${names.join(', ')}`,
    `signed:  ${shown(original.signed)}`,
    `damaged: ${shown(message)}`,
    `again: npm run fuzz -- --runs 1 --seed ${seed} --scheme ${id}`,
  ].join('\n')
}

import { encodeUtf8 } from '../bytes.js'
import { pathOf } from '../http/request.js'
import type { Scheme } from '../scheme.js'
import type { Change, ChangeGroup, Draft, Surroundings } from './change.js'
import { changedDraft, createDraft, isEqual } from './draft.js'
import { GROUPS, RARE } from './groups.js'
import { isExhausted } from './meter.js'
import { type Mistake, type MistakeCode, mistakeOf } from './mistakes.js'
import type { Prover, Trial } from './provers.js'
import { sizeOf } from './sources.js'

/** Mistakes that fit, beyond which no more are looked for. */
const MAX_FOUND = 8

export interface Search {
  readonly scheme: Scheme
  readonly base: Draft
  readonly trials: readonly Trial[]
  readonly surroundings: Surroundings
  readonly maxAttempts: number
}

export interface Found {
  /** Each makes the signature match; the first is the likeliest. Empty when none does. */
  readonly matches: readonly (readonly Mistake[])[]
  readonly attempts: number
  readonly bytes: number
  readonly complete: boolean
  readonly codes: readonly MistakeCode[]
}

/** What is no query and no body of any dialect: a scheme that signs the same for it makes nothing of either. */
const GARBAGE = ['&=%', '{"', '=\0'] as const

/** The strings of requests that the scheme makes nothing of. */
function emptyStrings({ scheme, base }: Search): readonly Uint8Array[] {
  const { request, claim } = base
  const garbage = GARBAGE.flatMap(text => [
    { ...request, target: `${pathOf(request.target)}?${text}` },
    { ...request, body: encodeUtf8(text) },
  ])
  return garbage.map(changed => createDraft(scheme, { request: changed, claim }, base.meter).bytes)
}

interface Single {
  readonly group: number
  readonly change: Change
  readonly draft: Draft
}

/** What the search has seen and spent so far. */
interface Progress {
  readonly matches: (readonly Mistake[])[]
  readonly codes: Set<MistakeCode>
  attempts: number
  complete: boolean
}

/**
 * Tries every mistake alone, and where none fits, every two together. Ends at the limits. What it costs depends on the
 * request and not on the secret.
 */
export async function search(options: Search): Promise<Found> {
  const progress: Progress = { matches: [], codes: new Set(), attempts: 0, complete: true }
  const { base } = options
  for (const trial of options.trials) await tryProvers(options, progress, { trial, draft: base, made: [], least: 0 })
  // A token is sent and not signed: there is no string to be wrong.
  const isOver = progress.matches.length > 0 || options.scheme.proof.kind === 'bearer'
  const singles = isOver ? [] : [...singlesOf(options, progress, false)]
  for (const { change, draft } of singles) await tryRight(options, progress, { draft, made: [change] })
  const rest = isOver || progress.matches.length > 0 ? [] : singlesOf(options, progress, true)
  for (const { change, draft } of rest) {
    await tryRight(options, progress, { draft, made: [change] })
    // There are many, each as good an explanation as the next.
    if (progress.matches.length > 0) break
  }
  if (progress.matches.length === 0) await tryPairs(options, progress, singles)
  const { attempts, complete, codes } = progress
  return { matches: ranked(progress.matches), attempts, bytes: base.meter.bytes, complete, codes: [...codes].sort() }
}

async function tryPairs(options: Search, progress: Progress, singles: readonly Single[]): Promise<void> {
  for (const { change, draft } of singles) {
    for (const trial of options.trials) await tryProvers(options, progress, { trial, draft, made: [change], least: 1 })
  }
  for (const single of singles) {
    for (const [change, draft] of nextOf(options, progress, single)) {
      await tryRight(options, progress, { draft, made: [single.change, change] })
    }
  }
}

/** Every mistake that changes what is signed, for as long as there is something left to spend. */
function* singlesOf(options: Search, progress: Progress, wanted: boolean): Generator<Single> {
  const empty = emptyStrings(options)
  const groups = [...GROUPS.entries()].filter(([, { alone = false }]) => alone === wanted)
  for (const [group, { changes }] of groups) {
    for (const change of listed(changes, options.base, options)) {
      if (isSpent(options, progress)) return
      const draft = changedDraft(options.scheme, options.base, change)
      const known =
        draft.isEdited || change.code.endsWith('left-out') ? [options.base.bytes] : [options.base.bytes, ...empty]
      if (!known.some(bytes => isEqual(bytes, draft.bytes))) yield { group, change, draft }
    }
  }
}

/** What can be made after the first: of its own kind or a later one. */
function* nextOf(options: Search, progress: Progress, single: Single): Generator<[Change, Draft]> {
  const { group, change: first, draft: before } = single
  const groups = GROUPS.slice(group).filter(({ level, alone }) => !alone && !(before.isEdited && level === 'request'))
  for (const { changes } of groups) {
    const next = listed(changes, before, options)
    for (const change of next.filter(({ code, field }) => code !== first.code || field !== first.field)) {
      if (isSpent(options, progress)) return
      const draft = changedDraft(options.scheme, before, change)
      const isNew = !isEqual(draft.bytes, before.bytes) && !isEqual(draft.bytes, options.base.bytes)
      if (isNew) yield [change, draft]
    }
  }
}

function listed(changes: ChangeGroup['changes'], draft: Draft, { surroundings }: Search): readonly Change[] {
  const { meter } = draft
  if (isExhausted(meter)) return []
  meter.bytes += draft.bytes.length + sizeOf(draft.request)
  return changes(draft, surroundings)
}

interface Made {
  readonly draft: Draft
  readonly made: readonly Change[]
}

async function tryRight(options: Search, progress: Progress, { draft, made }: Made): Promise<void> {
  for (const { mistakes, provers } of options.trials) {
    const [right] = provers
    if (right !== undefined) await attempt(options, progress, { draft, made, mistakes, prover: right })
  }
}

/** @param least mistakes that a prover must make, and no more than one beside others */
async function tryProvers(
  options: Search,
  progress: Progress,
  { trial, draft, made, least }: Made & { readonly trial: Trial; readonly least: number },
): Promise<void> {
  const wanted = trial.provers.filter(({ mistakes }) => mistakes.length >= least && mistakes.length + made.length <= 2)
  for (const prover of wanted) await attempt(options, progress, { draft, made, mistakes: trial.mistakes, prover })
}

interface Attempt extends Made {
  readonly mistakes: readonly Mistake[]
  readonly prover: Prover
}

async function attempt(options: Search, progress: Progress, { draft, made, mistakes, prover }: Attempt): Promise<void> {
  if (isSpent(options, progress)) return
  progress.attempts++
  options.base.meter.bytes += draft.bytes.length
  for (const { code } of [...made, ...prover.mistakes]) progress.codes.add(code)
  const proven = prover.proves(draft.bytes)
  if (proven === false || !(await proven)) return
  const named = made.map(({ code, field, detail }) => mistakeOf(code, field, detail))
  const match = [...mistakes, ...named, ...prover.mistakes]
  if (!progress.matches.some(other => keyOf(other) === keyOf(match))) progress.matches.push(match)
}

function isSpent({ maxAttempts, base }: Search, progress: Progress): boolean {
  const isOver = progress.attempts >= maxAttempts || isExhausted(base.meter)
  if (isOver) progress.complete = false
  return isOver || progress.matches.length >= MAX_FOUND
}

/** The likelier first. Where nothing is wrong, nothing else is. */
function ranked(matches: readonly (readonly Mistake[])[]): readonly (readonly Mistake[])[] {
  const isRight = matches.some(match => match.length === 0)
  const rareness = (match: readonly Mistake[]) => match.filter(({ code }) => RARE.includes(code)).length
  return isRight ? [[]] : [...matches].sort((a, b) => rareness(a) - rareness(b))
}

/** Two matches that name the same mistakes are one. */
function keyOf(mistakes: readonly Mistake[]): string {
  return mistakes
    .map(({ code, field }) => `${code} ${field}`)
    .sort()
    .join()
}

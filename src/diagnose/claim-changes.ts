import type { Change, ChangeGroup, Draft } from './change.js'
import type { PartSource } from './explanation.js'
import type { MistakeCode } from './mistakes.js'
import { isDigestSegment } from './segment.js'
import { mapContents, plainSegments, replaceText } from './segment-edits.js'
import { instantOf, TIME_WRITINGS } from './time-texts.js'

/** Milliseconds to either side within which a clock read twice is looked for, and numbers for a nonce. */
const REACH = 1500

type Named = readonly [code: MistakeCode, field: string, detail: string]

/** The instant that was sent, signed in another unit or form. */
export const timeChanges: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const ms = instantOf(draft.claim.timestamp)
    if (ms === undefined) return []
    return TIME_WRITINGS.flatMap(({ name, write }) =>
      replaced(
        draft,
        ['timestamp', draft.claim.timestamp],
        [['timestamp-unit', 'timestamp', `It was signed as ${name}, and sent otherwise.`], write(ms)],
      ),
    )
  },
}

/** The clock read twice: once for what is signed, once for what is sent. */
export const clockReadTwice: ChangeGroup = {
  level: 'string',
  alone: true,
  changes(draft) {
    const { timestamp } = draft.claim
    const ms = instantOf(timestamp)
    const same = TIME_WRITINGS.find(({ write }) => ms !== undefined && write(ms) === timestamp)
    if (ms === undefined || same === undefined) return []
    const unit = same.write(0) === same.write(1) ? 1000 : 1
    return around(unit === 1 ? REACH : 60).flatMap(steps => {
      const named: Named = ['timestamp-differs', 'timestamp', apart(steps * unit)]
      return replaced(draft, ['timestamp', timestamp], [named, same.write(ms + steps * unit)])
    })
  },
}

/** A nonce that counts, taken twice. */
export const nonceTakenTwice: ChangeGroup = {
  level: 'string',
  alone: true,
  changes(draft) {
    const { nonce } = draft.claim
    if (!/^[1-9]\d{0,18}$/.test(nonce)) return []
    return around(REACH).flatMap(steps => {
      const named: Named = ['nonce-differs', 'nonce', `The one signed is ${Math.abs(steps)} ${before(steps)}.`]
      return replaced(draft, ['nonce', nonce], [named, String(BigInt(nonce) + BigInt(steps))])
    })
  },
}

/** A nonce that is a text, in another writing. */
export const nonceChanges: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const { nonce } = draft.claim
    const writings = [nonce.toLowerCase(), nonce.toUpperCase(), nonce.replaceAll('-', '')]
    const named: Named = ['nonce-differs', 'nonce', 'The one signed is the same in another writing.']
    return writings.flatMap(text => replaced(draft, ['nonce', nonce], [named, text]))
  },
}

/** In place of the piece that it is; where there is none, in the texts in which it stands. */
function replaced(
  draft: Draft,
  [source, from]: readonly [source: PartSource, from: string],
  [named, to]: readonly [Named, string],
): readonly Change[] {
  if (from.length < 4 || to === from) return []
  const [code, field, detail] = named
  const segments = draft.segments()
  const whole = () =>
    mapContents(segments, segment => (segment.source === source ? { ...segment, content: to } : segment))
  const pieces = plainSegments(segments).filter(([, segment]) => segment.source === source)
  const last = pieces.length > 1 ? pieces.at(-1) : undefined
  const isThere = pieces.length > 0 || segments.some(segment => isDigestSegment(segment))
  const all: Change = { code, field, detail, segments: isThere ? whole : () => replaceText(segments, from, to) }
  return last === undefined
    ? [all]
    : [all, { ...all, segments: () => segments.with(last[0], { ...last[1], content: to }) }]
}

function around(reach: number): readonly number[] {
  return Array.from({ length: reach }, (_, at) => at + 1).flatMap(steps => [steps, -steps])
}

function apart(ms: number): string {
  return `The one signed is ${Math.abs(ms)} ms ${before(ms)}.`
}

function before(steps: number): string {
  return steps > 0 ? 'later' : 'earlier'
}

import { DENIALS, type DenialCode, type WireCode } from '../denials.js'
import type { Answer } from '../http/answer.js'
import { isMalformed } from '../scheme.js'
import { isInstant } from '../time.js'
import { jsonOf, type ReadRefusal, type Sent, timeOfDate } from './refusal.js'

/** The texts, numbers and so on of a JSON value, by where they stand. */
type Leaves = ReadonlyMap<string, unknown>

/** Where an answer has the server's time, and how many of its units are a millisecond. */
interface TimeLeaf {
  readonly at: string
  readonly perMs: number
}

/** What is known of a house's answers. */
interface House {
  readonly lines: readonly { readonly denial: WireCode; readonly leaves: Leaves }[]
  /** Where its answers differ. */
  readonly telling: readonly string[]
  /** Those of them that are codes: none of its values there holds a blank. */
  readonly codes: readonly string[]
  readonly statuses: ReadonlySet<number>
  readonly time: TimeLeaf | undefined
}

const OUTSIDE = 'timestamp_outside_window'
/** An instant that nothing else in an answer is. */
const AT = 1_712_345_678_000
const UNITS_PER_MS: readonly number[] = [0.001, 1, 1000]
const MAX_DEPTH = 4
const SECOND_MS = 1000

/**
 * Reads the refusals of a house by the answers that its servers give, so that the two cannot drift: the same code and
 * words, or the same code, or where the house has none, the same words. Where it has one answer for several refusals, all
 * are named; the timestamp alone where no server with a right clock can have taken the request while it was on its way.
 *
 * @param answer as it is given to the middleware, e.g. `okxAnswer` of `keylattice/schemes/okx`
 */
export function refusalsOf(answer: Answer): ReadRefusal {
  const house = houseOf(answer)
  return async (response, sent) => {
    const { status } = response
    const leaves = leavesOf(status >= 400 || house.statuses.has(status) ? await jsonOf(response) : undefined)
    const denials = denialsOf(house, leaves)
    if (denials.length === 0) return undefined
    const exact = house.time && Number(leaves.get(house.time.at)) / house.time.perMs
    const serverTime = isInstant(exact) ? exact : timeOfDate(response)
    const alone = denials.includes(OUTSIDE) && sent && isOutside(sent, boundsOf(response, exact))
    const [code, words] = [true, false].map(isCode => textAt(leaves, house, isCode))
    return {
      denials: alone ? [OUTSIDE] : denials,
      serverCode: code,
      detail: words,
      serverTime,
    }
  }
}

function houseOf(answer: Answer): House {
  const problems = (Object.keys(DENIALS) as DenialCode[]).map(denial => ({
    denial: DENIALS[denial].wire,
    ...answer({ denial, at: AT }),
  }))
  const lines = problems.map(({ denial, body }) => ({ denial, leaves: leavesOf(JSON.parse(body)) }))
  const places = [...new Set(lines.flatMap(({ leaves }) => [...leaves.keys()]))]
  const valuesAt = (place: string) => new Set(lines.map(({ leaves }) => leaves.get(place)))
  const telling = places.filter(place => valuesAt(place).size > 1)
  return {
    lines,
    telling,
    codes: telling.filter(place => [...valuesAt(place)].every(value => !/\s/.test(String(value)))),
    statuses: new Set(problems.map(({ status }) => status)),
    time: timeLeafOf(lines[0]?.leaves ?? new Map()),
  }
}

function timeLeafOf(leaves: Leaves): TimeLeaf | undefined {
  const found = [...leaves].flatMap(([at, value]) => ({ at, perMs: Number(value) / AT }))
  return found.find(({ perMs }) => UNITS_PER_MS.includes(perMs))
}

function denialsOf({ lines, telling, codes }: House, leaves: Leaves): readonly WireCode[] {
  const matching = (places: readonly string[]) => {
    const same = lines.filter(line => places.every(place => line.leaves.get(place) === leaves.get(place)))
    return [...new Set(same.map(({ denial }) => denial))]
  }
  const exact = matching(telling)
  // Houses change their words more often than their codes.
  return exact.length > 0 || codes.length === 0 ? exact : matching(codes)
}

/** The answer's own code, or its words. */
function textAt(leaves: Leaves, { telling, codes }: House, isCode: boolean): string | undefined {
  const place = telling.find(at => codes.includes(at) === isCode)
  const value = place && leaves.get(place)
  return value === undefined ? undefined : String(value)
}

/** Between which instants the server gave its answer. */
function boundsOf({ headers }: Response, exact: number | undefined): readonly [earliest: number, latest: number] {
  if (isInstant(exact)) return [exact, exact]
  const second = Date.parse(headers.get('date') ?? '')
  return [second, second + SECOND_MS - 1]
}

/** Whether the time that the request names was wrong at every instant between its departure and its answer. */
function isOutside({ scheme, request, elapsedMs }: Sent, [earliest, latest]: readonly [number, number]): boolean {
  const { freshness } = scheme
  const claim = scheme.read(request)
  if (claim === undefined || isMalformed(claim)) return false
  const { timestampMs, recvWindowMs } = claim
  const departure = earliest - elapsedMs
  if (freshness.kind === 'deadline') return timestampMs < departure || timestampMs > latest + freshness.maxAheadMs
  if (freshness.kind !== 'timestamp') return false
  const window = recvWindowMs < 0 ? freshness.recvWindowMs : recvWindowMs
  return timestampMs < departure - window || timestampMs > latest + freshness.futureMs
}

function leavesOf(value: unknown): Leaves {
  return new Map(walk(value, []))
}

function* walk(value: unknown, path: readonly string[]): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) yield [path.join('/'), value]
  else if (path.length < MAX_DEPTH) {
    for (const [name, inner] of Object.entries(value)) yield* walk(inner, [...path, name])
  }
}

import type { Part } from '../crypto/hash.js'
import { isDigest } from '../crypto/parts.js'
import type { Scheme } from '../scheme.js'
import type { Meter } from './meter.js'
import { extendRun } from './runs.js'
import { type AnySegment, leavesOf, literal, type Segment } from './segment.js'
import { type Signing, type Source, sourcesOf } from './sources.js'
import { splitClaimed } from './split-claimed.js'

/** Characters of one source that are changed at most; of a longer text, a sample is. */
const MAX_PROBES = 2048

/** Characters that are compared for one source, so that a long text costs no more than many short ones … */
const MAX_COMPARED = 1_000_000

/** … and in all: what has no name by then gets none. */
const MAX_WORK = 8_000_000

/** Pieces that a text falls into; what is left is one. */
const MAX_PIECES = 256

/** A changed character changes few others: more than these, and the text was read in another way. */
const MAX_CHANGED = 6

/** Names, for each character of each text, the source it comes from; -1 = none. */
type Owners = readonly Int16Array[]

/** Characters that are compared in one step, where most are the same. */
const BLOCK = 256

/**
 * The string to sign of a request, each piece named by what it comes from. No scheme says so itself: one character of
 * the request or the claim after the other is changed, and what changes in the string comes from there.
 *
 * Costs up to 2048 calls of `stringToSign` for each field that is signed, three for each that is not, and no more than
 * the meter has left.
 */
export function nameString(
  { stringToSign }: Pick<Scheme, 'stringToSign'>,
  signing: Signing,
  meter: Meter,
): readonly AnySegment[] {
  const parts = stringToSign(signing.request, signing.claim)
  const leaves = leavesOf(parts)
  const sources = sourcesOf(signing)
  const owners = leaves.map(leaf => new Int16Array(typeof leaf === 'string' ? leaf.length : 0).fill(-1))
  const total = leaves.reduce((sum, leaf) => sum + leaf.length, 0)
  const most = Math.min(meter.maxBytes, meter.bytes + MAX_WORK)
  for (const [index, source] of sources.entries()) {
    probe({ stringToSign, leaves, owners, total, meter, most }, source, index)
    extend(leaves, owners, { index, text: source.text })
  }
  const named = leaves.map((leaf, at) =>
    typeof leaf === 'string'
      ? splitClaimed(segmentsOf(leaf, owners[at]!, sources), signing.claim)
      : [leaf === signing.request.body ? ({ source: 'body', name: '', content: leaf } as const) : literal(leaf)],
  )
  return assemble(parts, named)
}

interface Probing extends Pick<Scheme, 'stringToSign'> {
  readonly leaves: readonly (string | Uint8Array)[]
  readonly owners: Owners
  /** Length of all leaves. */
  readonly total: number
  readonly meter: Meter
  /** What the meter may not pass. */
  readonly most: number
}

function probe(probing: Probing, { text, put }: Source, index: number): void {
  const { stringToSign, leaves, owners, total, meter, most } = probing
  const cost = total + text.length
  const isSpent = () => meter.bytes + cost > most
  const changed = (at: number): readonly (string | Uint8Array)[] => {
    meter.bytes += cost
    const { request, claim } = put(text.slice(0, at) + otherCharacter(text.charAt(at)) + text.slice(at + 1))
    return leavesOf(stringToSign(request, claim))
  }
  const isUsed = [0, text.length - 1, text.length >> 1].some(at => !isSpent() && !isSame(leaves, changed(at)))
  if (!isUsed) return
  const stride = Math.ceil(text.length / Math.min(MAX_PROBES, Math.max(16, MAX_COMPARED / cost)))
  for (let at = 0; at < text.length && !isSpent(); at += stride) mark(leaves, changed(at), { owners, index })
}

function isSame(a: readonly (string | Uint8Array)[], b: readonly (string | Uint8Array)[]): boolean {
  return a.length === b.length && a.every((leaf, at) => typeof leaf !== 'string' || leaf === b[at])
}

function mark(
  before: readonly (string | Uint8Array)[],
  after: readonly (string | Uint8Array)[],
  { owners, index }: { readonly owners: Owners; readonly index: number },
): void {
  const places: [leaf: number, at: number][] = []
  for (const [leaf, text] of before.entries()) {
    const other = after[leaf]
    if (typeof text !== 'string' || text === other) continue
    if (typeof other !== 'string' || other.length !== text.length) return
    for (const at of differences(text, other)) places.push([leaf, at])
  }
  if (places.length > MAX_CHANGED) return
  for (const [leaf, at] of places) if (owners[leaf]![at] === -1) owners[leaf]![at] = index
}

/** The places at which two texts of one length differ: up to one more than count. */
function differences(a: string, b: string): readonly number[] {
  const places: number[] = []
  for (let start = 0; start < a.length && places.length <= MAX_CHANGED; start += BLOCK) {
    const end = Math.min(start + BLOCK, a.length)
    if (a.slice(start, end) === b.slice(start, end)) continue
    for (let at = start; at < end; at++) if (a[at] !== b[at]) places.push(at)
  }
  return places
}

/** Another character of the same kind, so that a number stays one and a name stays one. */
function otherCharacter(character: string): string {
  if (/[0-8a-yA-Y]/.test(character)) return String.fromCharCode(character.charCodeAt(0) + 1)
  if (/[9zZ]/.test(character)) return String.fromCharCode(character.charCodeAt(0) - 1)
  return character === '_' ? '-' : '_'
}

/** Blanks, brackets and the like, which could not be changed, belong to what stands around them. */
function extend(
  leaves: readonly (string | Uint8Array)[],
  owners: Owners,
  { index, text }: { readonly index: number; readonly text: string },
): void {
  for (const [leaf, owner] of owners.entries()) {
    const from = leaves[leaf] as string
    let at = owner.indexOf(index)
    while (at >= 0) at = owner.indexOf(index, extendRun({ from, owner, at }, { index, text }))
  }
}

function segmentsOf(leaf: string, owner: Int16Array, sources: readonly Source[]): readonly Segment[] {
  const segments: Segment[] = []
  for (let at = 0; at < leaf.length; ) {
    const index = segments.length < MAX_PIECES ? owner[at]! : -1
    let end = segments.length < MAX_PIECES ? at + 1 : leaf.length
    while (end < leaf.length && owner[end] === index) end++
    const content = leaf.slice(at, end)
    const { source, name } = sources[index] ?? literal(content)
    segments.push({ source, name, content })
    at = end
  }
  return bridged(segments)
}

/** What stands between two pieces of one source, as `=` between parameters or `true` in JSON, is of this source too. */
function bridged(segments: readonly Segment[]): readonly Segment[] {
  const joined: Segment[] = []
  for (const segment of segments) {
    const gap = joined.at(-1)
    const before = joined.at(-2)
    const isGap = gap?.source === 'literal' && /^[^\n]{1,64}$/.test(gap.content as string)
    const isSameSource = before?.source === segment.source && before.name === segment.name
    if (isGap && isSameSource && before !== undefined && segment.source !== 'literal') {
      joined.splice(-2, 2, { ...segment, content: `${before.content}${gap.content}${segment.content}` })
    } else joined.push(segment)
  }
  return joined
}

/** The named pieces where the parts have their texts. */
function assemble(parts: readonly Part[], named: readonly (readonly Segment[])[]): readonly AnySegment[] {
  let next = 0
  return parts.flatMap((part): readonly AnySegment[] => {
    if (typeof part === 'string' || !isDigest(part)) return named[next++] ?? []
    const of = part.of.flatMap(() => named[next++] ?? [])
    return [{ hash: part.digest, as: part.as, of }]
  })
}

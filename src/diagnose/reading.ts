import { encodeBase64 } from '../bytes.js'
import type { WireRequest } from '../http/request.js'
import { type Claim, isMalformed, type Scheme } from '../scheme.js'
import { type Mistake, mistakeOf } from './mistakes.js'
import { type Place, placesOf } from './places.js'
import { sizeOf } from './sources.js'
import { type ReadTag, readTag, TAG_TEXT, TAG_WRITERS } from './tag-texts.js'
import { instantOf, TIME_TEXT, TIME_WRITINGS } from './time-texts.js'
import { tokenHostOf } from './token-host.js'

/** A request as the scheme reads it, or as it would read it if one field or two were written as the scheme writes them. */
export interface Reading {
  /** With the texts that are on the wire, which are what a client signed. */
  readonly claim: Claim
  /** What the signature on the wire can be; first, what the scheme takes it for. */
  readonly tags: readonly ReadTag[]
  /** How the scheme writes a signature; `undefined` where that need not be known. */
  readonly tagEncoding: string | undefined
  /** What was seen to be wrong. */
  readonly mistakes: readonly Mistake[]
  /** The field that could not be read, whether or not it could be put right. */
  readonly malformed: string | undefined
}

/** What no reading could be made of. */
export interface Unread {
  readonly claim?: undefined
  readonly mistakes: readonly Mistake[]
  readonly malformed: string | undefined
}

/** A text of the request, put right. */
interface Repair {
  readonly request: WireRequest
  readonly mistakes: readonly Mistake[]
  /** What it changes of the claim, back to what is on the wire. */
  readonly wire: Partial<Claim>
  readonly tags?: readonly ReadTag[]
  readonly tagEncoding?: string
}

const MAX_REPAIRS = 4

/** Changes that are tried for one repair, however many a request has room for … */
const MAX_TRIED = 2000
/** … and how much of it may be written anew for them. */
const MAX_WRITTEN = 8_000_000

/** Reads a request, and puts right what it cannot read: the unit of a time, the encoding of a signature, a case, a blank. */
export function readLeniently(scheme: Scheme, request: WireRequest): Reading | Unread {
  let repaired: Repair = { request, mistakes: [], wire: {} }
  let malformed: string | undefined
  for (let round = 0; round <= MAX_REPAIRS; round++) {
    const read = scheme.read(repaired.request)
    if (read === undefined) return { mistakes: [mistakeOf('credentials-missing', scheme.id)], malformed: undefined }
    if (!isMalformed(read)) return readingOf(read, repaired, malformed)
    malformed ??= read.malformed
    const next = repairOf(scheme, repaired, read.malformed)
    if (next === undefined)
      return { mistakes: [...repaired.mistakes, blame(scheme, request, read.malformed)], malformed }
    repaired = next
  }
  return { mistakes: [...repaired.mistakes, blame(scheme, request, malformed ?? '')], malformed }
}

function readingOf(read: Claim, repair: Repair, malformed: string | undefined): Reading {
  const { mistakes, wire, tags = [{ bytes: read.tag, encoding: 'hex', escaped: false }], tagEncoding } = repair
  return { claim: { ...read, ...wire }, tags, tagEncoding, mistakes, malformed }
}

function blame(scheme: Scheme, request: WireRequest, field: string): Mistake {
  const host = tokenHostOf(scheme, request)
  if (host !== undefined) return mistakeOf('host', 'host', `It was signed for '${host}'.`)
  const isThere = placesOf(request).some(({ name }) => name.toLowerCase() === field.toLowerCase())
  const isPart = ['method', 'target', 'body', 'parameters', 'params'].includes(field)
  return mistakeOf(isThere || isPart ? 'field-malformed' : 'field-missing', field)
}

/** The first change after which the scheme reads the field, or fails at another one. */
function repairOf(scheme: Scheme, before: Repair, field: string): Repair | undefined {
  const { request } = before
  const places = placesOf(request)
  const named = places.filter(({ name }) => name.toLowerCase() === field.toLowerCase())
  // What stands under another name may be something else: then all must be right at once.
  const isBetter = (changed: WireRequest) => {
    const read = scheme.read(changed)
    return read !== undefined && !(isMalformed(read) && (named.length === 0 || read.malformed === field))
  }
  let left = Math.min(MAX_TRIED, MAX_WRITTEN / (sizeOf(request) + 1))
  for (const found of repairsOf(scheme, before, { field, places: named.length > 0 ? named : places })) {
    if (left-- <= 0) return undefined
    if (!isBetter(found.request)) continue
    const mistakes = [...before.mistakes, ...found.mistakes]
    return { ...before, ...found, mistakes, wire: { ...before.wire, ...found.wire } }
  }
  return undefined
}

interface Repairing {
  readonly field: string
  readonly places: readonly Place[]
}

function* repairsOf(scheme: Scheme, { request }: Repair, { field, places }: Repairing): Generator<Repair> {
  yield* methodRepairs(request, field)
  for (const place of places) {
    yield* blankRepairs(place, field)
    yield* timeRepairs(place, field)
    yield* tagRepairs(scheme, place)
    yield* passphraseRepairs(scheme, place, place.name.toLowerCase() === field.toLowerCase())
  }
}

function methodRepairs(request: WireRequest, field: string): readonly Repair[] {
  if (field !== 'method') return []
  const changed = { ...request, method: request.method.toUpperCase() }
  return [{ request: changed, mistakes: [mistakeOf('method-case', 'method', 'It was sent so.')], wire: {} }]
}

function blankRepairs({ name, text, put }: Place, field: string): readonly Repair[] {
  const trimmed = text.trim().replace(/^"(.*)"$/, '$1')
  const mistake = mistakeOf('field-malformed', field, `There is a blank or a quote around '${name}'.`)
  return trimmed === text ? [] : [{ request: put(trimmed), mistakes: [mistake], wire: {} }]
}

function* timeRepairs({ text, put }: Place, field: string): Generator<Repair> {
  for (const match of text.matchAll(TIME_TEXT)) {
    const [found] = match
    const ms = instantOf(found)
    for (const { name, write } of ms === undefined ? [] : TIME_WRITINGS) {
      const changed = text.slice(0, match.index) + write(ms!) + text.slice(match.index + found.length)
      const mistake = mistakeOf('timestamp-unit', field, `The scheme takes ${name} here.`)
      yield { request: put(changed), mistakes: [mistake], wire: { timestamp: found } }
    }
  }
}

/** A tag of the right size takes the place of what stands there, so that the rest can be read. */
function* tagRepairs({ proof }: Scheme, { text, put }: Place): Generator<Repair> {
  const size = proof.kind === 'mac' ? Number(proof.hash.slice(3)) / 8 : 64
  for (const match of text.matchAll(TAG_TEXT)) {
    const tags = readTag(match[0])
    const sizes = tags.length === 0 ? [] : [...new Set([size, ...tags.map(({ bytes }) => bytes.length)])]
    for (const written of sizes.flatMap(writtenTags)) {
      const changed = text.slice(0, match.index) + written + text.slice(match.index + match[0].length)
      const tagEncoding = readTag(written)[0]?.encoding ?? ''
      yield { request: put(changed), mistakes: [], wire: {}, tags, tagEncoding }
    }
  }
}

function writtenTags(size: number): readonly string[] {
  return TAG_WRITERS.map(write => write(new Uint8Array(size).fill(0xa5)))
}

/** Something of the size of a MAC, where the passphrase itself was sent. */
function passphraseRepairs({ proof }: Scheme, { text, put }: Place, isNamed: boolean): readonly Repair[] {
  if (!isNamed || proof.kind !== 'mac' || proof.passphrase !== 'mac') return []
  const size = Number(proof.hash.slice(3)) / 8
  return [{ request: put(encodeBase64(new Uint8Array(size))), mistakes: [], wire: { passphrase: text } }]
}

import { headerOf, pathOf, queryOf, type WireRequest } from '../http/request.js'
import type { Change, ChangeGroup, Draft } from './change.js'
import { type AnySegment, isDigestSegment, literal, type Segment } from './segment.js'
import { mapContents, plainSegments, type Segments } from './segment-edits.js'

/** What an HTTP client or a person calls a piece: the name of its field, where it has one. */
export function nameOf(segment: AnySegment): string {
  if (isDigestSegment(segment)) return segment.of.map(nameOf).join(' and ') || 'digest'
  return segment.name || segment.source
}

const WORDS = /[A-Za-z0-9]/

/** One piece left out, with the line feed that follows it and without. */
export const missingParts: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const segments = draft.segments()
    return segments.flatMap((segment, at): readonly Change[] => {
      const field = nameOf(segment)
      const isSeparator = !isDigestSegment(segment) && !WORDS.test(String(segment.content))
      if (isSeparator || segments.length < 2) return []
      const without = { code: 'part-left-out', field, detail: `It is the ${field}.` } as const
      const next = segments[at + 1]
      const shortened = next !== undefined && !isDigestSegment(next) && shorter(next)
      const line = shortened && { ...without, segments: () => segments.with(at + 1, shortened).toSpliced(at, 1) }
      return [{ ...without, segments: () => segments.toSpliced(at, 1) }, ...(line ? [line] : [])]
    })
  },
}

function shorter(next: Segment): Segment | false {
  const { content } = next
  return typeof content === 'string' && content.startsWith('\n') && { ...next, content: content.slice(1) }
}

/** Two neighbours in each other's place, and what stands between them where it is. */
export const partOrders: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const segments = draft.segments()
    const moving = segments.flatMap((segment, at) =>
      isDigestSegment(segment) || (segment.source !== 'literal' && segment.content.length > 0) ? [at] : [],
    )
    return moving.slice(1).map((at, index): Change => {
      const before = moving[index]!
      const [a, b] = [segments[before]!, segments[at]!]
      const detail = `They are ${nameOf(a)} and ${nameOf(b)}.`
      return { code: 'part-order', field: nameOf(b), detail, segments: () => segments.with(before, b).with(at, a) }
    })
  },
}

const INSTEAD = [
  ['', 'nothing'],
  [' ', 'a blank'],
  ['\r\n', 'CR and LF'],
  ['\\n', 'a backslash and an n'],
  [',', 'a comma'],
  ['|', '`|`'],
  ['&', '`&`'],
  ['.', 'a full stop'],
  [':', 'a colon'],
] as const

/** Line feeds as something else; where there are none, marks between all parts. */
export const separators: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const segments = draft.segments()
    const hasLines = plainSegments(segments).some(([, segment]) => hasLine(segment))
    const wrong = hasLines ? INSTEAD : ([['\n', 'a line feed'], ...INSTEAD.slice(1)] as const)
    return wrong.map(([text, name]): Change => {
      const detail = `There was ${name} between them.`
      const changed = () => (hasLines ? relined(segments, text) : spread(segments, text))
      return { code: 'part-separator', field: 'string to sign', detail, segments: changed }
    })
  },
}

function hasLine({ source, content }: Segment): boolean {
  return source === 'literal' && typeof content === 'string' && content.includes('\n')
}

function relined(segments: Segments, text: string): Segments {
  return mapContents(segments, segment =>
    hasLine(segment) ? { ...segment, content: String(segment.content).replaceAll('\n', text) } : segment,
  )
}

function spread(segments: Segments, text: string): Segments {
  const filled = segments.filter(segment => isDigestSegment(segment) || segment.content.length > 0)
  return filled.flatMap((segment, at) => (at === 0 ? [segment] : [literal(text), segment]))
}

/** What the string has no place for, put in at every place. */
export const addedParts: ChangeGroup = {
  level: 'string',
  alone: true,
  changes(draft) {
    const segments = draft.segments()
    const sources = new Set(
      segments.flatMap(segment => (isDigestSegment(segment) ? segment.of : [segment])).map(nameOf),
    )
    return piecesOf(draft)
      .filter(([name, content]) => content.length > 0 && !sources.has(name))
      .flatMap(([name, content]) =>
        Array.from({ length: segments.length + 1 }, (_, at): Change => {
          const added = () => segments.toSpliced(at, 0, literal(content))
          return { code: 'part-added', field: name, detail: `It is the ${name}.`, segments: added }
        }),
      )
  },
}

function piecesOf({ request, claim }: Draft): readonly (readonly [name: string, content: string | Uint8Array])[] {
  const { method, target, body } = request
  return [
    ['method', method],
    ['path', pathOf(target)],
    ['target', target],
    ['query', queryOf(target)],
    ['body', body],
    ['key id', claim.keyId],
    ['timestamp', claim.timestamp],
    ['nonce', claim.nonce],
    ['recv window', claim.recvWindow],
    ['content-type', typeOf(request)],
    ['host', headerOf(request, 'host') ?? ''],
  ]
}

function typeOf(request: WireRequest): string {
  return headerOf(request, 'content-type') ?? ''
}

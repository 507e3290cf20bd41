import { hashes } from '#hash'
import { decodeBase64, encodeBase64, encodeHex, encodeUtf8 } from '../bytes.js'
import { joinBytes } from '../crypto/parts.js'
import { headerOf } from '../http/request.js'
import type { Change, ChangeGroup, Draft } from './change.js'
import type { MistakeCode } from './mistakes.js'
import { isDigestSegment, literal, type Segment, textOfContent } from './segment.js'
import { mapContents, plainSegments, type Segments } from './segment-edits.js'
import { HOST } from './token-host.js'

const WHERE = 'string to sign'

/** What becomes of the whole string after it was put together rightly. */
export const wholeStringChanges: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const { bytes } = draft
    const text = textOfContent(bytes)
    const to = (code: MistakeCode, detail: string, content: () => string | Uint8Array): Change => ({
      code,
      field: WHERE,
      detail,
      segments: () => [literal(content())],
    })
    const digests = Object.values(hashes).flatMap(hash =>
      [encodeHex, (digest: Uint8Array) => digest, encodeBase64].map(write =>
        to('string-hashed', hash.name, () => write(hash.digest([bytes]))),
      ),
    )
    const bare = text?.trimEnd() ?? ''
    return [
      ...['\n', '\r\n'].map(end => to('string-newline', '', () => joinBytes([bytes, encodeUtf8(end)]))),
      ...(bare === text || bare === '' ? [] : [to('string-newline', 'It lacked the last one.', () => bare)]),
      ...(text === undefined
        ? []
        : [
            to('string-case', 'It was lower case.', () => text.toLowerCase()),
            to('string-case', 'It was upper case.', () => text.toUpperCase()),
            to('string-encoded', 'It was percent-encoded.', () => encodeURIComponent(text)),
          ]),
      to('string-encoded', 'It was base64.', () => encodeBase64(bytes)),
      to('string-encoded', 'It was hex.', () => encodeHex(bytes)),
      ...digests,
    ]
  },
}

/** A field that carries base64, signed decoded. */
export const decodedFields: ChangeGroup = {
  level: 'string',
  changes: draft =>
    plainSegments(draft.segments()).flatMap(([at, { source, name, content }]): readonly Change[] => {
      const decoded = source === 'header' && typeof content === 'string' ? decodeBase64(content) : undefined
      if (decoded === undefined || decoded.length === 0) return []
      const detail = `'${name}' was signed decoded.`
      return [
        { code: 'string-encoded', field: name, detail, segments: () => draft.segments().with(at, literal(decoded)) },
      ]
    }),
}

/** The question mark before the query. */
export const queryMarks: ChangeGroup = {
  level: 'string',
  changes(draft) {
    const segments = draft.segments()
    const at = segments.findIndex(segment => !isDigestSegment(segment) && segment.source === 'query')
    const path = segments.findIndex(segment => !isDigestSegment(segment) && segment.source === 'path')
    const before = segments[at - 1]
    const to = (detail: string, changed: () => Segments): Change => ({
      code: 'query-mark',
      field: 'query',
      detail,
      segments: changed,
    })
    if (at < 0) return path < 0 ? [] : [to('There is no query.', () => segments.toSpliced(path + 1, 0, literal('?')))]
    const hasMark = before !== undefined && !isDigestSegment(before) && String(before.content).endsWith('?')
    const dropped = hasMark && segments.with(at - 1, { ...before, content: String(before.content).slice(0, -1) })
    const doubled = to('There was one more.', () => segments.toSpliced(at, 0, literal('?')))
    return dropped ? [to('There was none.', () => dropped), doubled] : [doubled]
  },
}

/** A host or an audience that the scheme's options say. */
export const hostChanges: ChangeGroup = {
  level: 'string',
  changes(draft, { hosts }) {
    const sent = headerOf(draft.request, 'host') ?? ''
    const known = [sent, sent.replace(/:\d+$/, ''), ...hosts].filter(host => host !== '')
    const others = [...new Set(known.flatMap(host => [host, host.toLowerCase(), `https://${host}`, `${host}:443`]))]
    return others.map((host): Change => {
      const segments = () => mapContents(draft.segments(), segment => rehosted(segment, host))
      return { code: 'host', field: 'host', detail: `It was signed for '${host}'.`, segments }
    })
  },
}

function rehosted(segment: Segment, host: string): Segment {
  const { source, content } = segment
  return source === 'literal' && typeof content === 'string'
    ? { ...segment, content: content.replaceAll(HOST, () => host) }
    : segment
}

/** The body, or a digest with the body in it, otherwise digested. */
export const digestChanges: ChangeGroup = {
  level: 'string',
  changes: draft => draft.segments().flatMap((_, at) => redigested(draft, at)),
}

const ENCODINGS = ['hex', 'base64', 'bytes'] as const

function redigested(draft: Draft, at: number): readonly Change[] {
  const segments = draft.segments()
  const segment = segments[at]
  if (segment === undefined) return []
  const isDigest = isDigestSegment(segment)
  // A body that is text was put together from what is in it: its digest is that of a part of the string.
  if (!isDigest && (segment.source !== 'body' || typeof segment.content === 'string')) return []
  const to = (detail: string, changed: () => Segments): Change => ({
    code: 'body-digest',
    field: 'body',
    detail,
    segments: () => segments.toSpliced(at, 1, ...changed()),
  })
  const of = isDigest ? segment.of : [segment]
  const digests = Object.values(hashes).flatMap(({ name: hash }) =>
    ENCODINGS.map(as => to(`Its digest was ${hash} as ${as}.`, () => [{ hash, as, of }])),
  )
  const upper = Object.values(hashes).map(({ name: hash }) =>
    to(`Its digest was ${hash} as upper-case hex.`, () => [literal(hexOf({ hash, of }).toUpperCase())]),
  )
  return [...(isDigest ? [to('There was no digest.', () => of)] : []), ...digests, ...upper]
}

function hexOf({ hash, of }: { readonly hash: keyof typeof hashes; readonly of: readonly Segment[] }): string {
  return encodeHex(hashes[hash].digest(of.map(({ content }) => content)))
}

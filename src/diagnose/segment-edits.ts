import { type AnySegment, type DigestSegment, isDigestSegment, type Segment, textOfContent } from './segment.js'

export type Segments = readonly AnySegment[]

/** The segments with another text in place of every one that this is, as it is or percent-encoded. */
export function replaceText(segments: Segments, from: string, to: string): Segments {
  const [encodedFrom, encodedTo] = [from, to].map(text => encodeURIComponent(text)) as [string, string]
  return mapContents(segments, segment => {
    const text = textOfContent(segment.content) ?? ''
    if (text.includes(from)) return { ...segment, content: text.replaceAll(from, () => to) }
    return text.includes(encodedFrom) ? { ...segment, content: text.replaceAll(encodedFrom, () => encodedTo) } : segment
  })
}

/** The segments, those of digests among them, each changed by itself. */
export function mapContents(segments: Segments, change: (segment: Segment) => Segment): Segments {
  return segments.map(segment => (isDigestSegment(segment) ? redigested(segment, change) : change(segment)))
}

/** The digest itself where nothing in it was changed, so that it need not be worked out again. */
function redigested(segment: DigestSegment, change: (segment: Segment) => Segment): DigestSegment {
  const of = segment.of.map(change)
  return of.every((piece, at) => piece === segment.of[at]) ? segment : { ...segment, of }
}

/** Those of the string itself that a condition holds for, with their places. */
export function plainSegments(segments: Segments): readonly (readonly [at: number, segment: Segment])[] {
  return segments.flatMap((segment, at) => (isDigestSegment(segment) ? [] : [[at, segment] as const]))
}

import type { Claim } from '../scheme.js'
import type { PartSource } from './explanation.js'
import type { Segment } from './segment.js'

const CLAIMED = [
  ['timestamp', 'timestamp'],
  ['nonce', 'nonce'],
  ['recv window', 'recvWindow'],
  ['key id', 'keyId'],
] as const

/** Shorter ones stand by chance in any text. */
const MIN_LENGTH = 4
/** Longer ones are what they are, whatever stands beside them. */
const PLAIN_LENGTH = 12
/** Times that the same text is named in one piece. */
const MAX_TIMES = 4

/** Names what the claim says where a dialect signs it among other things: in a query, a body or a header field. */
export function splitClaimed(segments: readonly Segment[], claim: Claim): readonly Segment[] {
  let split = segments
  for (const [source, field] of CLAIMED) {
    const text = claim[field]
    if (text.length >= MIN_LENGTH && !split.some(segment => segment.source === source)) {
      split = split.flatMap(segment => splitAt(segment, { source, text, times: MAX_TIMES }))
    }
  }
  return split
}

interface Split {
  readonly source: PartSource
  readonly text: string
  readonly times: number
}

function splitAt(segment: Segment, split: Split): readonly Segment[] {
  const { content } = segment
  const { source, text, times } = split
  if (!['query', 'body', 'header'].includes(segment.source) || typeof content !== 'string') return [segment]
  const at = content.indexOf(text)
  const around = `${content[at - 1] ?? ' '}${content[at + text.length] ?? ' '}`
  if (at < 0 || times === 0 || (text.length < PLAIN_LENGTH && /\w/.test(around))) return [segment]
  const rest = { ...segment, content: content.slice(at + text.length) }
  const pieces = [
    { ...segment, content: content.slice(0, at) },
    { source, name: '', content: text },
    ...splitAt(rest, { ...split, times: times - 1 }),
  ]
  return pieces.filter(piece => piece.content !== '')
}

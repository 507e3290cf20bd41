import type { WireRequest } from '../http/request.js'
import type { Scheme } from '../scheme.js'
import type { Change, Draft } from './change.js'
import type { Meter } from './meter.js'
import { nameString } from './naming.js'
import { placesOf } from './places.js'
import type { AnySegment } from './segment.js'
import { type Signing, sizeOf } from './sources.js'
import { bytesOfParts, bytesOfSegments } from './string-bytes.js'
import { readTag } from './tag-texts.js'

/** More places where the signature stands than a client puts it in. */
const MAX_PLACES = 4

/** What a client signs that makes no mistake in the string. */
export function createDraft(scheme: Scheme, signing: Signing, meter: Meter): Draft {
  let named: readonly AnySegment[] | undefined
  const bytes = stringOf(scheme, signing)
  meter.bytes += bytes.length + sizeOf(signing.request)
  return {
    ...signing,
    isEdited: false,
    bytes,
    meter,
    segments() {
      named ??= nameString(scheme, signing, meter)
      return named
    },
  }
}

/** The draft with one mistake more. */
export function changedDraft(scheme: Scheme, draft: Draft, change: Change): Draft {
  const { request, claim, meter } = draft
  const segments = change.segments?.()
  if (segments === undefined) return createDraft(scheme, { request, claim, ...change.signing?.() }, meter)
  const bytes = bytesOfSegments(segments)
  meter.bytes += bytes.length
  return { ...draft, isEdited: true, bytes, segments: () => segments }
}

function stringOf(scheme: Scheme, { request, claim }: Signing): Uint8Array {
  return bytesOfParts(scheme.stringToSign(request, claim))
}

/**
 * The request as it was before its signature was put in, where that is a parameter or a member: what a client signs has
 * none yet.
 */
export function withoutTag(scheme: Scheme, { request, claim }: Signing, tags: readonly Uint8Array[]): WireRequest {
  const whole = stringOf(scheme, { request, claim })
  const isTag = (text: string) =>
    readTag(text).some(({ bytes }) => tags.some(tag => tag.length > 0 && isEqual(tag, bytes)))
  const unsigned = placesOf(request)
    .filter(({ name, text }) => !Object.hasOwn(request.headers, name) && isTag(text))
    .slice(0, MAX_PLACES)
    .map(({ remove }) => remove())
    .find(changed => isEqual(stringOf(scheme, { request: changed, claim }), whole))
  return unsigned ?? request
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

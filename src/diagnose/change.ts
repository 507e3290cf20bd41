import type { Meter } from './meter.js'
import type { MistakeCode } from './mistakes.js'
import type { AnySegment } from './segment.js'
import type { Signing } from './sources.js'

/** What a client may have signed: a request and a claim it had in mind, or a string it put together itself. */
export interface Draft extends Signing {
  /** The string to sign, piece by piece. Worked out when it is asked for, and once. */
  segments(): readonly AnySegment[]
  /** The string to sign. */
  readonly bytes: Uint8Array
  /** Whether the string is no longer what the scheme makes of request and claim. */
  readonly isEdited: boolean
  /** What it costs to make drafts of this one and to name their pieces. */
  readonly meter: Meter
}

/** One mistake, made. */
export interface Change {
  readonly code: MistakeCode
  readonly field: string
  /** What exactly was done, in a sentence; empty where the code says it all. */
  readonly detail: string
  /** What a client has in mind who signs another request than it sends … Both are made when they are asked for. */
  signing?(): Partial<Signing>
  /** … or who puts the string together in another way. */
  segments?(): readonly AnySegment[]
}

/** What those who ask know of the client's surroundings. */
export interface Surroundings {
  /** The key id that belongs to the secret; empty where it is not known. */
  readonly keyId: string
  /** Hosts and audiences that the client may have signed for. */
  readonly hosts: readonly string[]
  /** Beginnings of paths. */
  readonly prefixes: readonly string[]
}

/**
 * A list of mistakes of one kind, those that this draft has room for. The list costs little, whatever the request: each is
 * made when its turn comes.
 */
export interface ChangeGroup {
  /** Mistakes that a client makes before the string is there, or in the string. The former are made first. */
  readonly level: 'request' | 'string'
  /** Too many to be tried together with others. */
  readonly alone?: boolean
  changes(draft: Draft, surroundings: Surroundings): readonly Change[]
}

/** A change of the request. */
export function signingOf(
  [code, field, detail = '']: readonly [code: MistakeCode, field: string, detail?: string],
  signing: () => Partial<Signing>,
): Change {
  return { code, field, detail, signing }
}

import { KeyError, SealError } from '../errors.js'
import { pathOf, type WireRequest } from '../http/request.js'
import type { LoadedKey } from '../keys/key-cache.js'
import type { Recognized } from './recognize.js'
import type { Decision, Verdict } from './verdict.js'

/** What a decision tells of a request itself. */
export type Head = Pick<WireRequest, 'method' | 'target' | 'ip'>

/** What is known of a request at the moment it is decided. */
export interface Seen {
  readonly head: Head
  readonly now: number
  readonly found?: Pick<Recognized, 'scheme' | 'claim'>
  readonly loaded?: LoadedKey
}

/** Longest piece of unverified text that a decision repeats. */
const MAX_SHOWN = 256

/** A decision for the host's hook: bounded, and without anything secret. */
export function decisionOf(verdict: Verdict, { head, now, found, loaded }: Seen): Decision {
  return {
    verdict,
    scheme: found?.scheme.id,
    keyId: found?.claim.keyId,
    method: head.method.slice(0, MAX_SHOWN),
    path: pathOf(head.target).slice(0, MAX_SHOWN),
    ip: head.ip,
    at: now,
    error: loaded instanceof KeyError || loaded instanceof SealError ? loaded : undefined,
  }
}

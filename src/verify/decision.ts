import { KeyError, SealError } from '../errors.js'
import { pathOf, type WireRequest } from '../http/request.js'
import type { LoadedKey } from '../keys/key-cache.js'
import type { Recognized } from './recognize.js'
import type { Decision, Verdict } from './verdict.js'

/** What is known of a request at the moment it is decided. */
export interface Seen {
  readonly request: WireRequest
  readonly now: number
  readonly found?: Recognized
  readonly loaded?: LoadedKey
}

/** Longest piece of unverified text that a decision repeats. */
const MAX_SHOWN = 256

/** A decision for the host's hook: bounded, and without anything secret. */
export function decisionOf(verdict: Verdict, { request, now, found, loaded }: Seen): Decision {
  return {
    verdict,
    scheme: found?.scheme.id,
    keyId: found?.claim.keyId,
    method: request.method.slice(0, MAX_SHOWN),
    path: pathOf(request.target).slice(0, MAX_SHOWN),
    ip: request.ip,
    at: now,
    error: loaded instanceof KeyError || loaded instanceof SealError ? loaded : undefined,
  }
}

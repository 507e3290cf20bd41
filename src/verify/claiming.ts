import { within } from '../keys/deadline.js'
import type { Claim, Freshness } from '../scheme.js'
import { isPromiseLike, type ReplayStore } from '../store.js'
import { createReplayGuard, type ReplayGuard } from './freshness.js'

export interface ClaimingOptions {
  readonly replay: ReplayStore
  /** How far apart the clocks of nodes may be, ms. */
  readonly clockSkewMs: number
  /** How long the store may take to answer, ms. */
  readonly storeTimeoutMs: number
  /** Epoch ms since which the store remembers everything; `undefined` = always. */
  readonly rememberedSince: number | undefined
}

/**
 * The replay guard of a verifier. Its answers are due in time; and where the store was emptied, what may have been
 * accepted before is taken for accepted.
 *
 * @denies replayed
 */
export function createClaiming(options: ClaimingOptions): ReplayGuard {
  const { replay, clockSkewMs, storeTimeoutMs, rememberedSince } = options
  const claimOnce = createReplayGuard(replay, clockSkewMs)
  const deadline = { timeoutMs: storeTimeoutMs, who: 'the replay store' }
  const guard: ReplayGuard = (freshness, claim, method) => {
    const first = claimOnce(freshness, claim, method)
    return isPromiseLike(first) ? within(first, deadline) : first
  }
  if (rememberedSince === undefined) return guard
  // Asked in place of the store, so that what needs no memory still passes.
  const refusing = createReplayGuard({ claim: () => false, advance: () => false }, clockSkewMs)
  const forgottenUpTo = rememberedSince + clockSkewMs
  return (freshness, claim, method) => {
    const isNew = isAfter(forgottenUpTo, freshness, claim)
    return isNew ? guard(freshness, claim, method) : refusing(freshness, claim, method)
  }
}

/**
 * Whether nobody can have accepted a claim up to an instant: a timestamp may lie ahead of the clock that accepts it, and
 * an end any time the scheme allows. A rising nonce has no time to judge by.
 */
function isAfter(instant: number, freshness: Freshness, { timestampMs }: Claim): boolean {
  switch (freshness.kind) {
    case 'timestamp':
      return timestampMs > instant + freshness.futureMs
    case 'deadline':
      return timestampMs > instant + freshness.maxAheadMs
    default:
      return true
  }
}

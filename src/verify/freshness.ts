import { encodeHex } from '../bytes.js'
import { StoreError } from '../errors.js'
import type { Claim, Freshness } from '../scheme.js'
import { type Awaitable, isPromiseLike, type ReplayStore } from '../store.js'
import type { Refusal } from './verdict.js'

const TOO_LARGE: Refusal = Object.freeze({ denial: 'recv_window_too_large' })
const OUTSIDE: Refusal = Object.freeze({ denial: 'timestamp_outside_window' })

/** Bytes of a tag that are remembered: enough that two tags never share them by accident. */
const REMEMBERED_TAG_BYTES = 16

/**
 * Judges the claimed time before any I/O and any hashing: accepted while
 * `now − window ≤ timestamp ≤ now + futureMs`, both ends included.
 *
 * @denies recv_window_too_large, timestamp_outside_window
 * @source Binance spot REST, "Timing security": a bounded window, the future bounded apart from it
 */
export function checkFreshness(freshness: Freshness, claim: Claim, now: number): Refusal | undefined {
  switch (freshness.kind) {
    case 'timestamp': {
      const window = windowOf(freshness, claim)
      if (window > freshness.maxRecvWindowMs) return TOO_LARGE
      const age = now - claim.timestampMs
      // Written so that NaN is refused.
      return age <= window && age >= -freshness.futureMs ? undefined : OUTSIDE
    }
    case 'deadline': {
      const left = claim.timestampMs - now
      if (left > freshness.maxAheadMs) return TOO_LARGE
      return left >= 0 ? undefined : OUTSIDE
    }
    default:
      return undefined
  }
}

/** Remembers an accepted message; `false` = it was accepted before. `method`: that of a request, empty for a login. */
export type ReplayGuard = (freshness: Freshness, claim: Claim, method: string) => Awaitable<boolean>

/**
 * Builds the last step. It runs after the proof, so that nobody without the secret can fill the memory or burn a nonce.
 *
 * The guard throws or rejects with `StoreError` when the store fails: an unremembered request is not let through.
 *
 * @param clockSkewMs how far apart the clocks of nodes may be; a nonce outlives its window by this
 * @denies replayed
 */
export function createReplayGuard(replay: ReplayStore, clockSkewMs: number): ReplayGuard {
  const claimOnce: ReplayGuard = (freshness, claim, method) => {
    switch (freshness.kind) {
      case 'timestamp':
      case 'deadline': {
        if (freshness.replay === 'tag-except-reads' && isRead(method)) return true
        const token = freshness.replay === 'nonce' ? claim.nonce : tagToken(claim)
        // The last instant at which this claim still passes on the slowest node, and one more: ends are included.
        return replay.claim(claim.keyId, token, lastInstant(freshness, claim) + clockSkewMs + 1)
      }
      case 'rising-nonce':
        // A session's nonces count apart from those of requests, which other clients make.
        return replay.advance(
          method === '' ? `${claim.keyId}#login` : claim.keyId,
          BigInt(claim.nonce),
          freshness.window,
        )
      case 'none':
        return true
    }
  }
  return (freshness, claim, method) => {
    try {
      const first = claimOnce(freshness, claim, method)
      return isPromiseLike(first) ? first.then(undefined, outage) : first
    } catch (cause) {
      return outage(cause)
    }
  }
}

/** Methods that change nothing (RFC 9110 section 9.2.1), of those an exchange has. */
function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function lastInstant(freshness: Freshness & { kind: 'timestamp' | 'deadline' }, claim: Claim): number {
  return freshness.kind === 'deadline' ? claim.timestampMs : claim.timestampMs + windowOf(freshness, claim)
}

function outage(cause: unknown): never {
  throw cause instanceof StoreError
    ? cause
    : new StoreError('ERR_STORE_UNAVAILABLE', 'the replay store failed', { cause })
}

function windowOf(freshness: Freshness & { kind: 'timestamp' }, claim: Claim): number {
  return claim.recvWindowMs < 0 ? freshness.recvWindowMs : claim.recvWindowMs
}

/** Bytes, not wire text: one tag has many spellings. The prefix keeps it apart from nonces. */
function tagToken(claim: Claim): string {
  return `tag:${encodeHex(claim.tag.subarray(0, REMEMBERED_TAG_BYTES))}`
}

import type { Freshness, ReplayRule } from '../scheme.js'

/** A timestamp that may be off by so many milliseconds to either side, and a dialect in which no request says more. */
export function within(ms: number, replay: ReplayRule): Freshness {
  return { kind: 'timestamp', recvWindowMs: ms, maxRecvWindowMs: ms, futureMs: ms, replay }
}

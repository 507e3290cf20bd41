import type { Clock } from '../time.js'

/** How old an answer is: when it was asked for, in which era. */
export interface AsOf {
  /** Epoch ms. */
  readonly at: number
  readonly era: number
}

/** How long an answer may be used without asking again. */
export interface Staleness {
  /** What is asked for from here on is as of this. */
  now(): AsOf
  isFresh(asOf: AsOf): boolean
  /** Begins another era: nothing known so far is fresh. */
  distrust(): void
  /** Nothing is fresh any more, nor will it ever be. */
  end(): void
}

const NEVER: AsOf = Object.freeze({ at: Number.NEGATIVE_INFINITY, era: -1 })

/** @param maxStalenessMs 0 = nothing is ever fresh, and the clock is not read */
export function createStaleness(clock: Clock, maxStalenessMs: number): Staleness {
  let maxMs = maxStalenessMs
  let era = 0
  let latest = Number.NEGATIVE_INFINITY

  function read(): number {
    const now = clock()
    // Once a clock was set back it no longer tells how much time went by.
    if (!(now >= latest)) era++
    latest = now
    return now
  }

  return {
    now: () => (maxMs === 0 ? NEVER : { at: read(), era }),
    isFresh(asOf: AsOf): boolean {
      if (maxMs === 0) return false
      const age = read() - asOf.at
      return age < maxMs && asOf.era === era
    },
    distrust(): void {
      era++
    },
    end(): void {
      maxMs = 0
    },
  }
}

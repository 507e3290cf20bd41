import type { Clock } from '../time.js'

/** A clock that stands still until it is told otherwise. */
export interface FakeClock extends Clock {
  /** Moves it by this many ms; negative = back. */
  advance(ms: number): void
  /** Sets it to an instant, epoch ms. */
  set(ms: number): void
}

/** @param startMs epoch ms */
export function createFakeClock(startMs: number): FakeClock {
  let now = startMs
  const clock: Clock = () => now
  return Object.assign(clock, {
    advance(ms: number): void {
      now += ms
    },
    set(ms: number): void {
      now = ms
    },
  })
}

import { type Clock, isInstant } from '../time.js'

/** How far the local clock is from the server's, learned from the server's answers. */
export interface ClockOffset {
  /** What is added to the local clock, ms: the median of the samples, 0 before the first. */
  readonly offsetMs: number
  /** Server time as far as is known, epoch ms. */
  now(): number
  /**
   * Starts a measurement when a request leaves. Call the result with the server's time (epoch ms) as soon as the
   * answer is there: it is taken as the time halfway through. Anything that is no instant is ignored.
   */
  measure(): (serverTimeMs: number) => void
  /** Forgets the samples: the server has just proven them wrong. */
  reset(): void
}

/** One slow answer cannot move the median of nine, and a clock that was set is followed after five. */
const SAMPLES = 9

export function createClockOffset(clock: Clock): ClockOffset {
  let samples: readonly number[] = []
  let offset = 0
  return Object.freeze({
    get offsetMs(): number {
      return offset
    },
    now: () => clock() + offset,
    measure() {
      const sentAt = clock()
      return (serverTimeMs: number) => {
        if (!isInstant(serverTimeMs)) return
        samples = [...samples, serverTimeMs - (sentAt + clock()) / 2].slice(-SAMPLES)
        offset = median(samples)
      }
    },
    reset() {
      samples = []
      offset = 0
    },
  })
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const { length } = sorted
  return Math.round((sorted[length >> 1]! + sorted[(length - 1) >> 1]!) / 2)
}

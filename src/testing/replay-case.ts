import type { ReplayStore } from '../store.js'
import type { Clock } from '../time.js'
import { createFakeClock, type FakeClock } from './clock.js'
import type { SuiteCase } from './suite.js'

/** What makes an empty replay store that takes its time from `clock`. */
export type MakeReplayStore = (clock: Clock) => ReplayStore | PromiseLike<ReplayStore>

/** A case of the replay suite. */
export interface ReplayCase extends SuiteCase<MakeReplayStore> {
  /**
   * Whether the case moves the clock. One that does cannot be run on a store that takes the time from its server;
   * all others start from the present, and also pass on such a store.
   */
  readonly movesClock: boolean
}

/** What a case works with. */
export interface ReplaySubject {
  readonly store: ReplayStore
  readonly clock: FakeClock
  /** The instant the case began. */
  readonly start: number
}

/** A case that leaves the clock alone. */
export function still(name: string, run: (subject: ReplaySubject) => Promise<void>): ReplayCase {
  return { name, movesClock: false, run: async make => run(await subjectOf(make)) }
}

/** A case that moves the clock. */
export function moving(name: string, run: (subject: ReplaySubject) => Promise<void>): ReplayCase {
  return { name, movesClock: true, run: async make => run(await subjectOf(make)) }
}

async function subjectOf(make: MakeReplayStore): Promise<ReplaySubject> {
  const start = Date.now()
  const clock = createFakeClock(start)
  return { store: await make(clock), clock, start }
}

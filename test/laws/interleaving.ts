import { setImmediate as macrotask } from 'node:timers/promises'
import type { KeyStore } from '../../src/index.js'

/** When a store call fails: its number, counted over both operations, and on which side of its effect. */
export interface Fault {
  readonly call: number
  readonly side: 'before' | 'after'
}

/** One of two operations that run at once. */
type Lane = 0 | 1

/** Hands out store calls one at a time, in an order that the explorer chooses. */
export interface Schedule {
  /** The same store as one operation sees it: every call waits for its turn. */
  lane(lane: Lane): KeyStore
  /** Runs both operations to their end. */
  run(
    operations: readonly [() => Promise<unknown>, () => Promise<unknown>],
  ): Promise<readonly PromiseSettledResult<unknown>[]>
}

const METHODS = ['get', 'insert', 'replace', 'remove', 'list', 'scan'] as const

/**
 * Visits every order in which the store calls of two operations can interleave: each run follows the choices that are
 * given and takes the first operation at every further choice; then the last choice that can still go the other way is
 * turned. `visit` must build its world anew.
 */
export async function exploreInterleavings(
  visit: (make: (store: KeyStore, fault?: Fault) => Schedule) => Promise<void>,
): Promise<number> {
  let choices: Lane[] = []
  for (let runs = 1; ; runs++) {
    const taken: Lane[] = []
    const forced = [...choices]
    await visit((store, fault) => createSchedule(store, () => choose(taken, forced), fault))
    while (taken.at(-1) === 1) taken.pop()
    if (taken.length === 0) return runs
    choices = [...taken.slice(0, -1), 1]
  }
}

function choose(taken: Lane[], forced: readonly Lane[]): Lane {
  const lane = forced[taken.length] ?? 0
  taken.push(lane)
  return lane
}

function createSchedule(store: KeyStore, chooseLane: () => Lane, fault?: Fault): Schedule {
  const waiting: [(() => void) | undefined, (() => void) | undefined] = [undefined, undefined]
  let calls = 0

  const call = async (lane: Lane, effect: () => unknown): Promise<unknown> => {
    await new Promise<void>(go => {
      waiting[lane] = go
    })
    const failing = fault?.call === calls++ ? fault.side : undefined
    if (failing === 'before') throw new Error('the store failed before the effect')
    const answer = await effect()
    if (failing === 'after') throw new Error('the store failed after the effect')
    return answer
  }

  return {
    lane: lane =>
      Object.fromEntries(
        METHODS.map(method => [
          method,
          (...args: never[]) => call(lane, () => (store[method] as (...a: never[]) => unknown)(...args)),
        ]),
      ) as unknown as KeyStore,
    async run(operations) {
      let running = 2
      const settled = Promise.allSettled(operations.map(operation => operation().finally(() => running--)))
      for (;;) {
        await macrotask()
        const [first, second] = waiting
        if (first === undefined && second === undefined) {
          if (running === 0) return settled
          continue
        }
        const lane = first === undefined ? 1 : second === undefined ? 0 : chooseLane()
        const go = waiting[lane]
        waiting[lane] = undefined
        go?.()
      }
    },
  }
}

import { moving, type ReplayCase } from './replay-case.js'
import { checkEqual, countOf, inParallel } from './suite.js'

const MINUTE = 60_000
/** How much longer than asked a store may remember. */
const GRACE = 2_000

/** What must hold of `claim` as time goes by. */
export const EXPIRY: readonly ReplayCase[] = [
  moving('A claim must outlast the present instant', async ({ store, start }) => {
    checkEqual(await store.claim('key', 'a', start - 1), false, 'due a moment ago')
    checkEqual(await store.claim('key', 'b', start), false, 'due now')
    checkEqual(await store.claim('key', 'c', start + 1), true, 'due in a moment')
    checkEqual(await store.claim('key', 'c', start + 1), false, 'and claimed once')
  }),
  moving('A token is remembered until it is due, to the last millisecond', async ({ store, clock, start }) => {
    for (let i = 0; i < 50; i++) await store.claim('key', `token-${i}`, start + 1000 + i)
    for (let i = 0; i < 50; i++) {
      clock.set(start + 1000 + i - 1)
      checkEqual(await store.claim('key', `token-${i}`, start + 1000 + i), false, 'a millisecond before it is due')
      checkEqual(await store.claim('key', `token-${i}`, start + MINUTE), false, 'also for a claim that lasts longer')
    }
  }),
  moving('The same claim is refused when it is due', async ({ store, clock, start }) => {
    await store.claim('key', 'token', start + 1000)
    for (const after of [1000, 1001, 5000, MINUTE]) {
      clock.set(start + after)
      checkEqual(await store.claim('key', 'token', start + 1000), false, 'it may have been forgotten, so it is refused')
    }
  }),
  moving('A token can be claimed anew once it is due', async ({ store, clock, start }) => {
    await store.claim('key', 'token', start + 1000)
    clock.set(start + 1000 + GRACE)
    checkEqual(await store.claim('key', 'token', start + MINUTE), true, 'the store has forgotten it')
    checkEqual(await store.claim('key', 'token', start + MINUTE), false, 'and remembers it again')
    clock.advance(MINUTE / 2)
    checkEqual(await store.claim('key', 'token', start + MINUTE), false, 'for as long as the second claim asked')
  }),
  moving('A clock that is stepped back brings no request to life', async ({ store, clock, start }) => {
    for (let i = 0; i < 100; i++) await store.claim('key', `token-${i}`, start + 1000 + i)
    clock.set(start + MINUTE)
    // Stores clean up as they are used, so they are used.
    for (let i = 0; i < 100; i++) await store.claim('other', `token-${i}`, start + 2 * MINUTE)
    clock.set(start)
    for (let i = 0; i < 100; i++) {
      checkEqual(await store.claim('key', `token-${i}`, start + 1000 + i), false, 'what was accepted stays refused')
    }
  }),
  moving('A clock that jumps ahead and back brings no request to life', async ({ store, clock, start }) => {
    await store.claim('key', 'token', start + MINUTE)
    clock.set(start + 365 * 24 * 60 * MINUTE)
    await store.claim('key', 'ahead', clock() + MINUTE)
    clock.set(start)
    checkEqual(await store.claim('key', 'token', start + MINUTE), false, 'what was accepted stays refused')
  }),
  moving('A claim that is refused does not prolong the one before', async ({ store, clock, start }) => {
    checkEqual(await store.claim('key', 'token', start + 1000), true, 'the first claim succeeds')
    checkEqual(await store.claim('key', 'token', start + 10 * MINUTE), false, 'the second is refused')
    clock.set(start + 1000 + GRACE)
    checkEqual(await store.claim('key', 'token', start + 10 * MINUTE), true, 'what the first asked for is over')
  }),
  moving('Of parallel claims of a token that has just fallen due, one succeeds', async ({ store, clock, start }) => {
    await store.claim('key', 'token', start + 1000)
    clock.set(start + 1000 + GRACE)
    const outcomes = await inParallel(64, () => store.claim('key', 'token', start + MINUTE))
    checkEqual(countOf(outcomes, true), 1, 'exactly one claim succeeds')
    checkEqual(countOf(outcomes, false), 63, 'all others are refused')
  }),
  moving('Parallel claims do not fail while much falls due', async ({ store, clock, start }) => {
    await inParallel(40, i => store.claim('key', `token-${i}`, start + 1000 + i))
    clock.set(start + 1040 + GRACE)
    const outcomes = await inParallel(64, i => store.claim('key', `next-${i >> 1}`, start + MINUTE))
    checkEqual(countOf(outcomes, true), 32, 'every token is claimed')
    checkEqual(countOf(outcomes, false), 32, 'once')
  }),
]

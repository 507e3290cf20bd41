import { moving, type ReplayCase, still } from './replay-case.js'
import { check, checkEqual, countOf, HOSTILE_TEXTS, inParallel, UNSTORABLE_TEXTS, unlessRefused } from './suite.js'

const MINUTE = 60_000
/** How much longer than asked a store may remember. */
const GRACE = 2_000
const LONG = 'x'.repeat(4096)

/** What must hold of `claim`. */
export const CLAIMS: readonly ReplayCase[] = [
  still('A token is claimed once', async ({ store, start }) => {
    checkEqual(await store.claim('key', 'token', start + MINUTE), true, 'the first claim succeeds')
    checkEqual(await store.claim('key', 'token', start + MINUTE), false, 'the second is refused')
    checkEqual(await store.claim('key', 'token', start + MINUTE), false, 'and so is every other')
  }),
  still('A token is remembered, not its expiry', async ({ store, start }) => {
    checkEqual(await store.claim('key', 'token', start + MINUTE), true, 'the first claim succeeds')
    checkEqual(await store.claim('key', 'token', start + 2 * MINUTE), false, 'a later expiry makes no new token')
    checkEqual(await store.claim('key', 'token', start + MINUTE / 2), false, 'nor does an earlier one')
  }),
  still('Of 1,000 parallel claims of one token, one succeeds', async ({ store, start }) => {
    const outcomes = await inParallel(1000, () => store.claim('key', 'token', start + MINUTE))
    checkEqual(countOf(outcomes, true), 1, 'exactly one claim succeeds')
    checkEqual(countOf(outcomes, false), 999, 'all others are refused')
  }),
  still('1,000 parallel claims of different tokens all succeed, once', async ({ store, start }) => {
    const claimAll = () => inParallel(1000, i => store.claim('key', `token-${i}`, start + MINUTE))
    checkEqual(countOf(await claimAll(), true), 1000, 'every first claim succeeds')
    checkEqual(countOf(await claimAll(), false), 1000, 'every second claim is refused')
  }),
  still('Each key has tokens of its own', async ({ store, start }) => {
    const separated = [...':|/.,;-_ \t\n'].flatMap(by => [
      [`key${by}a`, 'b'],
      ['key', `a${by}b`],
    ])
    const pairs = [['key', 'token'], ['other', 'token'], ['keyt', 'oken'], ['token', 'key'], ...separated]
    for (const [keyId = '', token = ''] of pairs) {
      checkEqual(await store.claim(keyId, token, start + MINUTE), true, `${keyId} + ${token} is a token of its own`)
    }
    for (const [keyId = '', token = ''] of pairs) {
      checkEqual(await store.claim(keyId, token, start + MINUTE), false, `${keyId} + ${token} was claimed`)
    }
  }),
  still('Tokens and keys that look alike are different', async ({ store, start }) => {
    for (const text of [...HOSTILE_TEXTS, LONG, `${LONG}y`, `y${LONG}`]) {
      const shown = JSON.stringify(text.slice(0, 40))
      checkEqual(await store.claim('key', text, start + MINUTE), true, `${shown} is not taken for another token`)
      checkEqual(await store.claim(`key ${text}`, 'token', start + MINUTE), true, `${shown} ends no other key id`)
      checkEqual(await store.claim('key', text, start + MINUTE), false, `${shown} is claimed once`)
    }
  }),
  still('A token the store cannot hold is refused, or claimed once', async ({ store, start }) => {
    for (const token of UNSTORABLE_TEXTS) {
      await unlessRefused(() => store.claim('key', token, start + MINUTE))
      const again = await unlessRefused(() => store.claim('key', token, start + MINUTE))
      check(again !== true, 'the second claim does not succeed')
    }
  }),
  still('A claim is not pushed out by those after it', async ({ store, start }) => {
    checkEqual(await store.claim('key', 'first', start + MINUTE), true, 'the first claim succeeds')
    for (let i = 0; i < 3000; i += 100) {
      await inParallel(100, j => store.claim('key', `token-${i + j}`, start + MINUTE + i))
    }
    checkEqual(await store.claim('key', 'first', start + MINUTE), false, 'it is still remembered')
  }),
  still('A claim that is due long since is refused', async ({ store, start }) => {
    checkEqual(await store.claim('key', 'a', start - MINUTE), false, 'a minute ago')
    checkEqual(await store.claim('key', 'b', 0), false, 'at the beginning of time')
    checkEqual(await store.claim('key', 'a', start + MINUTE), true, 'a refused token is not remembered')
  }),
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
]

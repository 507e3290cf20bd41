import { type ReplayCase, still } from './replay-case.js'
import { check, checkEqual, countOf, HOSTILE_TEXTS, inParallel, UNSTORABLE_TEXTS, unlessRefused } from './suite.js'

const MINUTE = 60_000
const LONG = 'x'.repeat(4096)

/** What must hold of `claim`, whatever the time. */
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
  still('An empty token is a token like any other', async ({ store, start }) => {
    for (const keyId of ['key', 'other']) {
      checkEqual(await store.claim(keyId, '', start + MINUTE), true, 'it is claimed')
      checkEqual(await store.claim(keyId, '', start + MINUTE), false, 'once')
      checkEqual(await store.claim(keyId, 'token', start + MINUTE), true, 'it stands for no other')
    }
  }),
  still('An expiry that is no number is refused', async ({ store }) => {
    const claim = () => store.claim('key', 'token', Number.NaN)
    checkEqual((await unlessRefused(claim)) ?? false, false, 'nobody knows until when to remember it')
  }),
  still('A claim may last longer than a timer can', async ({ store, start }) => {
    const expiresAt = start + 30 * 24 * 60 * MINUTE
    checkEqual(await store.claim('key', 'token', expiresAt), true, 'the first claim succeeds')
    // A timer of more than 2^31 ms fires at once.
    await new Promise(resolve => setTimeout(resolve, 5))
    checkEqual(await store.claim('key', 'token', expiresAt), false, 'it is still remembered')
  }),
]

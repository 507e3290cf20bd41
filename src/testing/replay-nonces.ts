import type { ReplayStore } from '../store.js'
import { type ReplayCase, still } from './replay-case.js'
import { checkEqual, countOf, HOSTILE_TEXTS, inParallel, unlessRefused } from './suite.js'

const MAX_NONCE = 2n ** 64n - 1n

/** Advances through `nonces` in turn and checks each answer. */
async function expectAdvances(
  store: ReplayStore,
  window: number,
  nonces: readonly (readonly [bigint, boolean])[],
): Promise<void> {
  for (const [nonce, accepted] of nonces) {
    checkEqual(await store.advance('key', nonce, window), accepted, `${nonce} is ${accepted ? 'accepted' : 'refused'}`)
  }
}

/** What must hold of `advance`. */
export const NONCES: readonly ReplayCase[] = [
  still('With a window of one, a nonce must be above the last', async ({ store }) => {
    await expectAdvances(store, 1, [
      [5n, true],
      [5n, false],
      [4n, false],
      [0n, false],
      [6n, true],
      [100n, true],
      [99n, false],
      [101n, true],
    ])
  }),
  still('Nonces may come late within the window, once', async ({ store }) => {
    await expectAdvances(store, 4, [
      [10n, true],
      [13n, true],
      [11n, true],
      [11n, false],
      [12n, true],
      [10n, false],
      [13n, false],
      [9n, false],
    ])
  }),
  still('Below a full window everything is refused, seen or not', async ({ store }) => {
    await expectAdvances(store, 3, [
      [100n, true],
      [50n, true],
      [70n, true],
      [60n, true],
      [50n, false],
      [55n, false],
      [60n, false],
      [1n, false],
      [65n, true],
      [62n, false],
    ])
  }),
  still('A window that is not full yet accepts any nonce it has not seen', async ({ store }) => {
    await expectAdvances(store, 100, [
      [1_000_000n, true],
      [3n, true],
      [0n, true],
      [0n, false],
      [3n, false],
      [2n, true],
    ])
  }),
  still('Nonces are unsigned 64-bit numbers, exact at every size', async ({ store }) => {
    const edges = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, MAX_NONCE - 1n]
    for (const edge of edges) {
      await expectAdvances(store, 2, [
        [edge, true],
        [edge, false],
      ])
    }
    await expectAdvances(store, 2, [
      [MAX_NONCE, true],
      [MAX_NONCE, false],
      [MAX_NONCE - 1n, false],
      [2n ** 63n, false],
      [0n, false],
    ])
  }),
  still('What is no unsigned 64-bit number is refused and changes nothing', async ({ store }) => {
    for (const nonce of [-1n, MAX_NONCE + 1n, 2n ** 128n, -(2n ** 64n)]) {
      const outcome = await unlessRefused(() => store.advance('key', nonce, 1))
      checkEqual(outcome ?? false, false, `${nonce} is refused`)
    }
    await expectAdvances(store, 1, [[0n, true]])
  }),
  still('A wider window later does not bring back what a narrower one dropped', async ({ store }) => {
    await expectAdvances(store, 2, [
      [10n, true],
      [20n, true],
      [30n, true],
    ])
    await expectAdvances(store, 10, [
      [10n, false],
      [5n, false],
      [20n, false],
      [15n, true],
      [25n, true],
    ])
    await expectAdvances(store, 1, [
      [29n, false],
      [31n, true],
    ])
  }),
  still('Each key has nonces of its own', async ({ store }) => {
    for (const keyId of HOSTILE_TEXTS) {
      checkEqual(await store.advance(keyId, 7n, 1), true, `${JSON.stringify(keyId)} has not used 7`)
      checkEqual(await store.advance(keyId, 7n, 1), false, `${JSON.stringify(keyId)} has used 7`)
    }
  }),
  still('Claimed tokens and rising nonces do not meet', async ({ store, start }) => {
    checkEqual(await store.claim('key', '5', start + 60_000), true, 'the token is claimed')
    await expectAdvances(store, 1, [[5n, true]])
    checkEqual(await store.claim('key', '6', start + 60_000), true, 'another token is claimed')
    await expectAdvances(store, 1, [[6n, true]])
  }),
  still('Of 200 parallel uses of one nonce, one succeeds', async ({ store }) => {
    const outcomes = await inParallel(200, () => store.advance('key', 9n, 4))
    checkEqual(countOf(outcomes, true), 1, 'exactly one is accepted')
  }),
  still('Parallel nonces within the window are all accepted, once', async ({ store }) => {
    const use = () => inParallel(64, i => store.advance('key', BigInt((i * 37) % 64), 64))
    checkEqual(countOf(await use(), true), 64, 'every nonce is accepted')
    checkEqual(countOf(await use(), false), 64, 'none is accepted again')
  }),
  still('The window agrees with its definition on 600 mixed nonces', async ({ store }) => {
    const window = 8
    let kept: bigint[] = []
    let seed = 1
    for (let i = 0; i < 600; i++) {
      seed = (seed * 48_271) % 2_147_483_647
      const nonce = BigInt(i + (seed % 24))
      const isFresh = !kept.includes(nonce) && (kept.length < window || kept.some(lower => lower < nonce))
      await expectAdvances(store, window, [[nonce, isFresh]])
      if (isFresh) kept = [...kept, nonce].sort((a, b) => (a < b ? -1 : 1)).slice(-window)
    }
  }),
  still('A window that is no window is refused, and uses no nonce', async ({ store }) => {
    for (const window of [0, -1, 1.5, Number.NaN]) {
      const outcome = await unlessRefused(() => store.advance('key', 5n, window))
      checkEqual(outcome ?? false, false, `a window of ${window} accepts nothing`)
    }
    await expectAdvances(store, 1, [
      [5n, true],
      [5n, false],
    ])
  }),
  still('Parallel nonces under a window of one never let the highest fall', async ({ store }) => {
    const nonces = Array.from({ length: 32 }, (_, i) => BigInt(((i * 7) % 32) + 1))
    const use = () => inParallel(nonces.length, i => store.advance('key', nonces[i] ?? 0n, 1))
    const outcomes = await use()
    checkEqual(outcomes[nonces.indexOf(32n)], true, 'nothing lies above the highest, so it is accepted')
    checkEqual(countOf(await use(), true), 0, 'none of them is accepted again')
    await expectAdvances(store, 1, [[33n, true]])
  }),
]

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Claim, Freshness, ReplayStore } from '../../src/index.js'
import { createMemoryReplayStore } from '../../src/stores/memory.js'
import { createFakeClock } from '../../src/testing/index.js'
import { createClaiming } from '../../src/verify/claiming.js'

const START = 1_767_225_600_000
const SKEW = 1000

const timestamped: Freshness = {
  ...{ kind: 'timestamp', recvWindowMs: 5000, maxRecvWindowMs: 60_000, futureMs: 500, replay: 'nonce' },
}
const ending: Freshness = { kind: 'deadline', maxAheadMs: 10_000, replay: 'nonce' }

let nonces = 0
function claimAt(timestampMs: number): Claim {
  const nonce = `nonce-${nonces++}`
  return { keyId: 'key', timestampMs, nonce, recvWindowMs: -1, tag: new Uint8Array(32) } as Claim
}

function createGuard(rememberedSince: number | undefined) {
  const replay = createMemoryReplayStore({ clock: createFakeClock(START) })
  return createClaiming({ replay, clockSkewMs: SKEW, storeTimeoutMs: 1000, rememberedSince })
}

afterEach(() => void vi.useRealTimers())

describe('A replay store that remembers everything', () => {
  it('is asked about every claim, however old', () => {
    const guard = createGuard(undefined)
    for (const at of [START - 4000, START, START + 500]) {
      const claim = claimAt(at)
      expect(guard(timestamped, claim, 'POST')).toBe(true)
      expect(guard(timestamped, claim, 'POST')).toBe(false)
    }
  })
})

describe('A replay store that was emptied', () => {
  const guard = createGuard(START)

  it.each([
    ['long before', -4000],
    ['just before', -1],
    ['at that moment', 0],
    ['as far ahead as a request may be, on a clock as far ahead as clocks may be', 500 + SKEW],
  ])('is taken to have accepted a timestamp from %s', (_, offset) => {
    expect(guard(timestamped, claimAt(START + offset), 'POST')).toBe(false)
  })

  it('is asked about timestamps that nobody can have accepted before', () => {
    const claim = claimAt(START + 500 + SKEW + 1)
    expect(guard(timestamped, claim, 'POST')).toBe(true)
    expect(guard(timestamped, claim, 'POST')).toBe(false)
  })

  it('is taken to have accepted every end that a scheme allowed then, and none beyond', () => {
    expect(guard(ending, claimAt(START + 1), 'POST')).toBe(false)
    expect(guard(ending, claimAt(START + 10_000 + SKEW), 'POST')).toBe(false)
    const beyond = claimAt(START + 10_000 + SKEW + 1)
    expect(guard(ending, beyond, 'POST')).toBe(true)
    expect(guard(ending, beyond, 'POST')).toBe(false)
  })

  it('refuses a time that is no number', () => {
    expect(guard(timestamped, claimAt(Number.NaN), 'POST')).toBe(false)
    expect(guard(ending, claimAt(Number.NaN), 'POST')).toBe(false)
  })

  it('lets pass what may be repeated anyway', () => {
    const tagged: Freshness = { ...timestamped, replay: 'tag-except-reads' }
    expect(guard(tagged, claimAt(START - 1), 'GET')).toBe(true)
    expect(guard(tagged, claimAt(START - 1), 'POST')).toBe(false)
    expect(guard({ kind: 'none' }, claimAt(0), 'POST')).toBe(true)
  })

  it('cannot judge a rising nonce, which has no time', () => {
    const rising: Freshness = { kind: 'rising-nonce', window: 1 }
    const claim = { ...claimAt(0), nonce: '17' }
    expect(guard(rising, claim, 'POST')).toBe(true)
    expect(guard(rising, claim, 'POST')).toBe(false)
  })
})

describe('A replay store that never answers', () => {
  it('is an outage when its time is up', async () => {
    vi.useFakeTimers()
    const never: ReplayStore = { claim: () => new Promise(() => {}), advance: () => new Promise(() => {}) }
    const guard = createClaiming({
      ...{ replay: never, clockSkewMs: SKEW, storeTimeoutMs: 1000, rememberedSince: undefined },
    })
    const claims = [
      guard(timestamped, claimAt(START), 'POST'),
      guard({ kind: 'rising-nonce', window: 1 }, { ...claimAt(0), nonce: '1' }, 'POST'),
    ]
    const outcomes = claims.map(claim => Promise.resolve(claim).catch(error => error.message))
    await vi.advanceTimersByTimeAsync(1010)
    expect(await Promise.all(outcomes)).toEqual(Array(2).fill('the replay store did not answer in time'))
  })
})

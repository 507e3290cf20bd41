import { describe, expect, it } from 'vitest'
import { createClockOffset } from '../../src/client/clock-offset.js'
import { syncClock } from '../../src/client/index.js'
import { ConfigError, KeyError } from '../../src/errors.js'

const NOW = 1_767_225_600_000
const AHEAD = 5000

function createPair() {
  const time = { local: NOW }
  const clockOffset = createClockOffset(() => time.local)
  /** Answers after so many ms, half of them on the way there. */
  const answersAfter = (...delays: readonly number[]) => {
    const left = [...delays]
    return async () => {
      const delay = left.shift() ?? 0
      time.local += delay
      return time.local - delay / 2 + AHEAD
    }
  }
  return { time, signer: { clockOffset }, answersAfter }
}

describe('A clock that is set before the first request', () => {
  it('is off by the median of what the server said', async () => {
    const { signer, answersAfter } = createPair()
    expect(await syncClock({ signer, readServerTime: answersAfter(10, 20, 3000, 10, 10) })).toBe(AHEAD)
    expect(signer.clockOffset.offsetMs).toBe(AHEAD)
  })

  it('asks as often as it is told', async () => {
    for (const samples of [1, 9]) {
      const { signer } = createPair()
      let calls = 0
      await syncClock({ signer, samples, readServerTime: () => NOW + 1000 * ++calls })
      expect(calls).toBe(samples)
    }
  })

  it('forgets what was known before, once the server has answered', async () => {
    const { signer } = createPair()
    for (let at = 0; at < 9; at++) signer.clockOffset.measure()(NOW - 90_000)
    const meanwhile: number[] = []
    const readServerTime = () => {
      meanwhile.push(signer.clockOffset.offsetMs)
      return NOW + AHEAD
    }
    expect(await syncClock({ signer, samples: 2, readServerTime })).toBe(AHEAD)
    expect(meanwhile).toEqual([-90_000, AHEAD])
  })

  it('fails as the server does, and then knows what it knew', async () => {
    const { signer } = createPair()
    signer.clockOffset.measure()(NOW + 7)
    const down = () => Promise.reject(new Error('down'))
    await expect(syncClock({ signer, readServerTime: down })).rejects.toThrow('down')
    for (const nothing of [undefined, '2026', Number.NaN] as unknown as number[]) {
      await expect(syncClock({ signer, readServerTime: () => nothing })).rejects.toThrow(KeyError)
    }
    expect(signer.clockOffset.offsetMs).toBe(7)
  })

  it.each([0, 10, 1.5])('is not asked for %s times', async samples => {
    const { signer } = createPair()
    await expect(syncClock({ signer, samples, readServerTime: () => NOW })).rejects.toThrow(ConfigError)
  })
})

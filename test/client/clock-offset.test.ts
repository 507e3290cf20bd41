import { describe, expect, it } from 'vitest'
import { createClockOffset } from '../../src/client/clock-offset.js'

const NOW = 1_767_225_600_000

function createPair() {
  const time = { local: NOW }
  const offset = createClockOffset(() => time.local)
  /** An answer that took `took` ms, from a server whose clock is `ahead` ms ahead. */
  const answer = (ahead: number, took: number) => {
    const settle = offset.measure()
    time.local += took
    settle(time.local - took / 2 + ahead)
  }
  return { time, offset, answer }
}

describe('A clock offset', () => {
  it('is nothing before the first sample', () => {
    const { offset } = createPair()
    expect(offset.offsetMs).toBe(0)
    expect(offset.now()).toBe(NOW)
  })

  it('takes the server’s time as the time halfway through the answer', () => {
    const { offset, time, answer } = createPair()
    answer(5000, 400)
    expect(offset.offsetMs).toBe(5000)
    expect(offset.now()).toBe(time.local + 5000)
  })

  it('is the median, so that one bad sample does not move it', () => {
    const { offset, answer } = createPair()
    for (const ahead of [100, 110, 90_000, 105, 95]) answer(ahead, 20)
    expect(offset.offsetMs).toBe(105)
  })

  it('lies between the middle two of an even number', () => {
    const { offset, answer } = createPair()
    for (const ahead of [-100, -200]) answer(ahead, 0)
    expect(offset.offsetMs).toBe(-150)
  })

  it('forgets all but the last nine', () => {
    const { offset, answer } = createPair()
    for (let i = 0; i < 9; i++) answer(1000, 0)
    for (let i = 0; i < 4; i++) answer(3000, 0)
    expect(offset.offsetMs).toBe(1000)
    answer(3000, 0)
    expect(offset.offsetMs).toBe(3000)
  })

  it('follows at once when what it knew was proven wrong', () => {
    const { offset, answer } = createPair()
    for (let i = 0; i < 9; i++) answer(1000, 0)
    offset.reset()
    expect(offset.offsetMs).toBe(0)
    answer(9000, 0)
    expect(offset.offsetMs).toBe(9000)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 9e15, '1767225600000' as unknown as number])(
    'ignores %s, which is no instant',
    serverTime => {
      const { offset } = createPair()
      offset.measure()(serverTime)
      expect(offset.offsetMs).toBe(0)
    },
  )
})

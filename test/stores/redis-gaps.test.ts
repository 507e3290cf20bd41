import { describe, expect, it } from 'vitest'
import { createGaps } from '../../src/stores/redis/gaps.js'

function counting(sent = 10) {
  let missed = 0
  const gaps = createGaps(sent, () => missed++)
  return { ...gaps, missed: () => missed }
}

describe('Gaps between messages', () => {
  it('are none while every number comes, in whatever order it is compared', () => {
    const gaps = counting()
    for (let number = 11; number < 40; number++) {
      gaps.hear(number)
      if (number % 3 === 0) gaps.compare(number)
      if (number % 5 === 0) gaps.compare(number + 1)
    }
    expect(gaps.missed()).toBe(0)
  })

  it('are found with the next message, once', () => {
    const gaps = counting()
    gaps.hear(11)
    gaps.hear(13)
    expect(gaps.missed()).toBe(1)
    gaps.hear(14)
    gaps.compare(14)
    gaps.compare(14)
    expect(gaps.missed()).toBe(1)
  })

  it('are found by the second comparison when nothing more comes, once', () => {
    const gaps = counting()
    gaps.compare(11)
    expect(gaps.missed()).toBe(0)
    gaps.compare(11)
    expect(gaps.missed()).toBe(1)
    gaps.compare(11)
    gaps.compare(11)
    expect(gaps.missed()).toBe(1)
    gaps.hear(12)
    gaps.compare(12)
    gaps.compare(12)
    expect(gaps.missed()).toBe(1)
  })

  it('are none when a message comes between two comparisons', () => {
    const gaps = counting()
    gaps.compare(11)
    gaps.hear(11)
    gaps.compare(11)
    expect(gaps.missed()).toBe(0)
  })

  it('are found again for every message that is missed', () => {
    const gaps = counting()
    for (let sent = 11; sent < 20; sent++) {
      gaps.compare(sent)
      gaps.compare(sent)
      expect(gaps.missed()).toBe(sent - 10)
    }
  })

  it('may be anywhere when the count has gone back', () => {
    const gaps = counting()
    gaps.hear(11)
    gaps.compare(11)
    gaps.compare(3)
    expect(gaps.missed()).toBe(1)
    gaps.hear(4)
    gaps.compare(4)
    gaps.compare(4)
    expect(gaps.missed()).toBe(1)
    gaps.hear(6)
    expect(gaps.missed()).toBe(2)
  })

  it('may be there after a doubt, which the next comparison settles', () => {
    const gaps = counting()
    gaps.doubt()
    gaps.doubt()
    expect(gaps.missed()).toBe(0)
    gaps.compare(10)
    expect(gaps.missed()).toBe(1)
    gaps.compare(10)
    expect(gaps.missed()).toBe(1)
  })

  it('may be there when a message has no number, and numbers count on', () => {
    const gaps = counting()
    gaps.hear(Number.NaN)
    expect(gaps.missed()).toBe(1)
    gaps.hear(11)
    expect(gaps.missed()).toBe(1)
    gaps.hear(13)
    expect(gaps.missed()).toBe(2)
  })

  it('are not widened by a message that comes late', () => {
    const gaps = counting()
    gaps.hear(11)
    gaps.hear(9)
    gaps.hear(12)
    expect(gaps.missed()).toBe(0)
  })
})

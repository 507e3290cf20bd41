import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../src/testing/index.js'

describe('A fake clock', () => {
  it('stands still until it is moved', () => {
    const clock = createFakeClock(1000)
    expect([clock(), clock()]).toEqual([1000, 1000])
  })

  it('moves ahead, back, and to any instant', () => {
    const clock = createFakeClock(1000)
    clock.advance(500)
    expect(clock()).toBe(1500)
    clock.advance(-1000)
    expect(clock()).toBe(500)
    clock.set(7)
    expect(clock()).toBe(7)
  })

  it('shares its time with no other', () => {
    const [one, other] = [createFakeClock(1), createFakeClock(2)]
    one.advance(10)
    expect(other()).toBe(2)
  })
})

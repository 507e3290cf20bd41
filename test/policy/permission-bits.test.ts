import { describe, expect, it } from 'vitest'
import { bitAt, MAX_PERMISSIONS, NO_BITS, union } from '../../src/policy/permission-bits.js'

describe('permission bits', () => {
  const all = Array.from({ length: MAX_PERMISSIONS }, (_, at) => bitAt(at))

  it('fill two words of 31 bits, so that neither is ever negative nor leaves the small integers', () => {
    expect(MAX_PERMISSIONS).toBe(62)
    expect(all.reduce(union, NO_BITS)).toEqual({ low: 2 ** 31 - 1, high: 2 ** 31 - 1 })
    for (const { low, high } of all) expect(Math.min(low, high)).toBe(0)
  })

  it('are one each and all different', () => {
    expect(new Set(all.map(({ low, high }) => `${low} ${high}`)).size).toBe(MAX_PERMISSIONS)
    for (const { low, high } of all) expect(Math.log2(low + high) % 1).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import type { KeyState } from '../../src/key.js'
import { validityOf } from '../../src/policy/validity.js'

const NOW = 1_800_000_000_000

function active(notBefore: number | null, expiresAt: number | null) {
  return { state: 'active', notBefore, expiresAt } as const
}

describe('the validity of a key', () => {
  it.each([
    [null, null, undefined],
    [NOW - 1, null, undefined],
    [NOW, null, undefined],
    [NOW + 1, null, 'key_not_yet_valid'],
    [null, NOW + 1, undefined],
    [null, NOW, 'key_expired'],
    [null, NOW - 1, 'key_expired'],
    [NOW, NOW + 1, undefined],
    [NOW, NOW, 'key_expired'],
    [NOW + 1, NOW - 1, 'key_not_yet_valid'],
    [0, 8_640_000_000_000_000, undefined],
    [null, 0, 'key_expired'],
  ] as const)('from %j to %j is judged to the millisecond: %j', (notBefore, expiresAt, denial) => {
    expect(validityOf(active(notBefore, expiresAt), NOW)).toBe(denial)
  })

  it.each([
    ['revoked', 'key_revoked'],
    ['suspended', 'key_suspended'],
    ['pending', 'key_pending'],
  ] as const)('of a key that is %s is %s, whatever its times are', (state, denial) => {
    for (const notBefore of [null, NOW - 1, NOW + 1, Number.NaN]) {
      for (const expiresAt of [null, NOW - 1, NOW + 1, Number.NaN]) {
        expect(validityOf({ state, notBefore, expiresAt }, NOW)).toBe(denial)
        expect(validityOf({ state, notBefore, expiresAt }, Number.NaN)).toBe(denial)
      }
    }
  })

  it('stays the same at the first and the last instant there is', () => {
    expect(validityOf(active(null, null), 0)).toBeUndefined()
    expect(validityOf(active(0, 1), 0)).toBeUndefined()
    expect(validityOf(active(null, null), 8_640_000_000_000_000)).toBeUndefined()
    expect(validityOf(active(null, 8_640_000_000_000_000), 8_640_000_000_000_000)).toBe('key_expired')
  })

  // None of these compares as a number would: `NaN < now` and `now < NaN` are both false.
  const noInstants = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    NOW + 0.5,
    2 ** 53,
    8_640_000_000_000_001,
    undefined,
    '',
    '0',
    String(NOW * 2),
    '31/12/2099',
    true,
    {},
    [],
    [NOW * 2],
    new Date(NOW * 2),
    BigInt(NOW * 2),
  ] as unknown as number[]

  it('ends at an expiry that is not an instant', () => {
    for (const expiresAt of noInstants) expect(validityOf(active(null, expiresAt), NOW)).toBe('key_expired')
    expect(validityOf(active(null, NOW * 2), NOW)).toBeUndefined()
  })

  it('does not begin at a start that is not an instant', () => {
    for (const notBefore of noInstants) expect(validityOf(active(notBefore, null), NOW)).toBe('key_not_yet_valid')
    expect(validityOf(active(0, null), NOW)).toBeUndefined()
  })

  it('is over when the clock shows no time', () => {
    for (const now of noInstants) {
      expect(validityOf(active(null, null), now)).toBe('key_expired')
      expect(validityOf(active(0, NOW * 2), now)).toBe('key_expired')
    }
    expect(validityOf(active(0, NOW * 2), NOW)).toBeUndefined()
  })

  it('is not given to a state that does not exist', () => {
    for (const state of ['Active', 'ACTIVE', ' active', 'destroyed', '', undefined, null, 0, {}, ['active']]) {
      const key = { state: state as unknown as KeyState, notBefore: null, expiresAt: null }
      expect(validityOf(key, NOW)).toBe('key_corrupt')
    }
    expect(validityOf({ state: 'active', notBefore: null, expiresAt: null }, NOW)).toBeUndefined()
  })
})

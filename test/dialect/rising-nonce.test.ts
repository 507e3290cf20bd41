import { describe, expect, it } from 'vitest'
import { numberText, parseMs } from '../../src/dialect/number-text.js'
import { isNonce, nextNonce } from '../../src/dialect/rising-nonce.js'

describe('A rising nonce', () => {
  it('is 1 to 2^64−1 in plain digits', () => {
    for (const text of ['1', '10', '9007199254740993', '9999999999999999999', '18446744073709551615']) {
      expect(isNonce(text), text).toBe(true)
    }
    const others = ['0', '01', '', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '0x1', '\uff11', '18446744073709551616']
    for (const text of [...others, '99999999999999999999', '100000000000000000000', undefined]) {
      expect(isNonce(text), text).toBe(false)
    }
  })

  it('is the time, or one more than the last when that is not behind', () => {
    expect(nextNonce(1000, '')).toBe('1000')
    expect(nextNonce(1000, '998')).toBe('1000')
    expect(nextNonce(1000, '999')).toBe('1000')
    expect(nextNonce(1000, '1000')).toBe('1001')
    expect(nextNonce(1000, '18446744073709551614')).toBe('18446744073709551615')
  })
})

describe('A number of a message', () => {
  it('is text, or a whole number that lost no digit', () => {
    expect([numberText('7'), numberText(7), numberText(2 ** 53 - 1)]).toEqual(['7', '7', '9007199254740991'])
    for (const value of [2 ** 53, 1.5, Number.NaN, null, undefined, true, ['7'], { a: 7 }, 7n]) {
      expect(numberText(value)).toBe('')
    }
  })

  it('is a time in milliseconds when it has 13 digits', () => {
    expect(parseMs('1732176000123')).toBe(1_732_176_000_123)
    for (const text of ['732176000123', '17321760001230', '0732176000123', '1732176000.12', '', undefined]) {
      expect(parseMs(text)).toBe(-1)
    }
  })
})

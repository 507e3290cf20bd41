/** Where the present comes from. Epoch milliseconds. Injected everywhere, so that tests own the time. */
export type Clock = () => number

/** The system's wall clock. */
export const systemClock: Clock = () => Date.now()

const DIGIT_0 = 48

/**
 * Reads a number as it must stand on the wire: decimal digits, no sign, blank, exponent or leading zero,
 * at most `maxDigits` of them and at most 2^53−1. Anything else is -1, never NaN and never rounded.
 * Hot path: one pass, no allocation.
 */
export function parseDecimal(text: string, maxDigits: number): number {
  const length = text.length
  if (length === 0 || length > maxDigits || (length > 1 && text.charCodeAt(0) === DIGIT_0)) return -1
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return Number.isSafeInteger(value) ? value : -1
}

/** Whether `value` can be an instant of this library: a whole, non-negative number of epoch milliseconds. */
export function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INSTANT
}

/** The last instant a JavaScript `Date` can show (year 275760). */
const MAX_INSTANT = 8_640_000_000_000_000

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

/** How a dialect writes an instant. */
export interface TimeFormat {
  /** Epoch ms; -1 for any text that is not in this format. Never throws. */
  parse(text: string): number
  /** The text of an instant; what is finer than the format is cut off. */
  format(ms: number): string
}

/** Epoch milliseconds, up to 15 digits. */
export const milliseconds: TimeFormat = /* @__PURE__ */ Object.freeze({
  parse: (text: string) => parseDecimal(text, 15),
  format: String,
})

/** Unix seconds, up to 10 digits; read with up to nine decimals as well, of which three count. Written without. */
export const seconds: TimeFormat = /* @__PURE__ */ Object.freeze({
  parse: parseSeconds,
  format: (ms: number) => String(Math.floor(ms / 1000)),
})

const DECIMALS = /^[0-9]{1,9}$/

function parseSeconds(text: string): number {
  const dot = text.indexOf('.')
  const whole = parseDecimal(dot < 0 ? text : text.slice(0, dot), 10)
  if (dot < 0 || whole < 0) return whole < 0 ? -1 : whole * 1000
  const decimals = text.slice(dot + 1)
  return DECIMALS.test(decimals) ? whole * 1000 + Number(`${decimals}00`.slice(0, 3)) : -1
}

/** `2026-01-01T00:00:00.000Z`: UTC with milliseconds, and no other form of ISO 8601. */
export const isoMilliseconds: TimeFormat = /* @__PURE__ */ Object.freeze({
  parse: parseIso,
  format: (ms: number) => new Date(ms).toISOString(),
})

const ISO_CHARS = 24

/** What is not written back as it was read was spelled in another way. */
function parseIso(text: string): number {
  const ms = text.length === ISO_CHARS ? Date.parse(text) : Number.NaN
  return isInstant(ms) && new Date(ms).toISOString() === text ? ms : -1
}

/** Whether `value` can be an instant of this library: a whole, non-negative number of epoch milliseconds. */
export function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INSTANT
}

/** The last instant a JavaScript `Date` can show (year 275760). */
const MAX_INSTANT = 8_640_000_000_000_000

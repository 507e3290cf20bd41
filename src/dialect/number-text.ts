import { parseDecimal } from '../time.js'

/** Digits of a time in milliseconds: from the year 2001 to 2286. */
const MS_DIGITS = 13

/** Reads a time of 13 digits, so that it is told from whatever follows it; epoch ms, -1 for anything else. */
export function parseMs(text: string | undefined): number {
  return text?.length === MS_DIGITS ? parseDecimal(text, MS_DIGITS) : -1
}

/** A number of a JSON message, which clients write as a number or as text; empty for anything else. */
export function numberText(value: unknown): string {
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) ? String(value) : ''
}

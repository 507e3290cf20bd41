import { isField } from '../http/field.js'

/** 2^64−1. */
const LARGEST = '18446744073709551615'
const DIGITS = { min: 1, max: LARGEST.length, foreign: /[^0-9]/ }

/** Late requests that may still pass once each. */
export const NONCE_WINDOW = 256

/** Whether this is a number from 1 to 2^64−1 in plain digits. */
export function isNonce(text: string | undefined): text is string {
  return isField(text, DIGITS) && text.charAt(0) !== '0' && (text.length < LARGEST.length || text <= LARGEST)
}

/**
 * The nonce to sign with: the time, or one more than the last.
 *
 * @param now time in the units of the dialect
 * @param lastNonce as `Stamp.lastNonce`
 */
export function nextNonce(now: number, lastNonce: string): string {
  const next = lastNonce === '' ? 0n : BigInt(lastNonce) + 1n
  return String(next > BigInt(now) ? next : now)
}

/**
 * Sets of permissions as bits: two words of 31, because a 32-bit operation on numbers below 2^31 stays a small
 * integer, where a BigInt would allocate. A bit's place is a permission's place in its definition and means nothing
 * outside one model in one process.
 */
export interface Bits {
  /** Permissions 0…30. */
  readonly low: number
  /** Permissions 31…61. */
  readonly high: number
}

const WORD_BITS = 31

/** Permissions a model can hold. */
export const MAX_PERMISSIONS: number = 2 * WORD_BITS

export const NO_BITS: Bits = { low: 0, high: 0 }

/** The set of permission number `at`, from 0. */
export function bitAt(at: number): Bits {
  return at < WORD_BITS ? { low: 1 << at, high: 0 } : { low: 0, high: 1 << (at - WORD_BITS) }
}

export function union(a: Bits, b: Bits): Bits {
  return { low: a.low | b.low, high: a.high | b.high }
}

export function intersection(a: Bits, b: Bits): Bits {
  return { low: a.low & b.low, high: a.high & b.high }
}

/** What is in `a` and not in `b`. */
export function difference(a: Bits, b: Bits): Bits {
  return { low: a.low & ~b.low, high: a.high & ~b.high }
}

/** Whether all of `part` is in `whole`. */
export function includes(whole: Bits, part: Bits): boolean {
  return ((part.low & ~whole.low) | (part.high & ~whole.high)) === 0
}

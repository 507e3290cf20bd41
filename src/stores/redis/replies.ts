import { KeyError, StoreError } from '../../errors.js'
import { parseDecimal } from '../../time.js'

/** Reads what scripts answer: text, or lists of text. What is anything else was written by somebody else. */

/** @throws {StoreError} `ERR_STORE_CORRUPT` */
export function readList(reply: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(reply)) throw corrupt(name)
  return reply
}

/** @throws {StoreError} `ERR_STORE_CORRUPT`, naming the field */
export function readText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw corrupt(name)
  return value
}

/** A whole number from 0 to 2^53−1 as Redis keeps it: decimal. @throws {StoreError} `ERR_STORE_CORRUPT` */
export function readWhole(value: unknown, name: string): number {
  const whole = parseDecimal(readText(value, name), 16)
  if (whole < 0) throw corrupt(name)
  return whole
}

export function corrupt(name: string): StoreError {
  return new StoreError('ERR_STORE_CORRUPT', `Redis holds an invalid '${name}'`, { field: name })
}

/** Drivers send half a surrogate pair as U+FFFD, which would make one text of two. @throws {KeyError} `ERR_INPUT_INVALID` */
export function checkWellFormed(fields: Readonly<Record<string, string | null>>): void {
  for (const [field, text] of Object.entries(fields)) {
    if (text === null || text.isWellFormed()) continue
    throw new KeyError('ERR_INPUT_INVALID', `'${field}' must be well-formed text`, { field })
  }
}

import { KeyError, StoreError } from '../../errors.js'

/** Reads columns of a result row. What has the wrong type was written by somebody else, and is not believed. */

/** @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column */
export function readText(row: unknown, column: string): string {
  const value = cellOf(row, column)
  if (typeof value !== 'string') throw corrupt(column)
  return value
}

/** @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column */
export function readTextOrNull(row: unknown, column: string): string | null {
  return cellOf(row, column) === null ? null : readText(row, column)
}

/**
 * A whole number from 0 to 2^53−1; a bigint where the host asked its driver for them.
 *
 * @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column
 */
export function readWhole(row: unknown, column: string): number {
  const value = cellOf(row, column)
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) throw corrupt(column)
  return number
}

const DECIMAL = /^(?:0|[1-9]\d{0,15})$/

/**
 * The same from a server, whose drivers give 64-bit integers as text, unless the host asked for something else.
 *
 * @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column
 */
export function readBigint(row: unknown, column: string): number {
  const value = cellOf(row, column)
  if (typeof value !== 'string') return readWhole(row, column)
  if (!DECIMAL.test(value)) throw corrupt(column)
  return readWhole({ [column]: Number(value) }, column)
}

/** @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column */
export function readBytesOrNull(row: unknown, column: string): Uint8Array | null {
  const value = cellOf(row, column)
  if (value !== null && !(value instanceof Uint8Array)) throw corrupt(column)
  return value
}

export function corrupt(column: string): StoreError {
  return new StoreError('ERR_STORE_CORRUPT', `a stored row has an invalid '${column}'`, { field: column })
}

export function cellOf(row: unknown, column: string): unknown {
  return (row as Readonly<Record<string, unknown>> | undefined)?.[column]
}

/**
 * Whether a text column can hold this text and give it back: drivers cut text at NUL, and replace half a surrogate
 * pair, so that two texts would become one.
 */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** @throws {KeyError} `ERR_INPUT_INVALID`, naming the field */
export function checkStorable(fields: Readonly<Record<string, string | null>>): void {
  for (const [field, text] of Object.entries(fields)) {
    if (text === null || isStorable(text)) continue
    throw new KeyError('ERR_INPUT_INVALID', `'${field}' must be well-formed text without NUL`, { field })
  }
}

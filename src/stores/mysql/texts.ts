import { encodeHex, encodeUtf8 } from '../../bytes.js'
import { cellOf } from '../sql/columns.js'

/** Text as bytes in hex, for `UNHEX(?)`: so neither the charset of a connection nor its quoting can change it. */
export function hex(text: string): string {
  return encodeHex(encodeUtf8(text))
}

export function hexOrNull(text: string | null): string | null {
  return text === null ? null : hex(text)
}

/**
 * The row with bytes read as UTF-8 in the columns of texts. What is no UTF-8 stays bytes, and what a driver was told to
 * make text of becomes nothing, which no reader takes: it would have guessed the charset.
 */
export function readTexts(row: unknown, columns: readonly string[]): unknown {
  const texts = columns.map(column => [column, textOf(cellOf(row, column))] as const)
  return { ...(row as object), ...Object.fromEntries(texts) }
}

function textOf(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value === null ? null : undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    return value
  }
}

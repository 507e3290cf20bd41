/** How a client can write an instant. Those of a scheme come first, as the most usual ones do. */
export interface TimeWriting {
  readonly name: string
  write(ms: number): string
}

export const TIME_WRITINGS: readonly TimeWriting[] = [
  { name: 'milliseconds', write: ms => String(ms) },
  { name: 'seconds', write: ms => String(Math.floor(ms / 1000)) },
  { name: 'microseconds', write: ms => `${ms}000` },
  { name: 'nanoseconds', write: ms => `${ms}000000` },
  { name: 'seconds with decimals', write: ms => (ms / 1000).toFixed(3) },
  { name: 'ISO 8601 with milliseconds', write: ms => new Date(ms).toISOString() },
  { name: 'ISO 8601 with seconds', write: ms => `${new Date(ms).toISOString().slice(0, 19)}Z` },
  { name: 'ISO 8601 without a zone', write: ms => new Date(ms).toISOString().slice(0, 19) },
  {
    name: 'ISO 8601 without a zone, percent-encoded',
    write: ms => encodeURIComponent(new Date(ms).toISOString().slice(0, 19)),
  },
  { name: 'an HTTP date', write: ms => new Date(ms).toUTCString() },
]

/** Digits of a whole number of each unit, for the years 2001 to 2286. */
const UNITS: Readonly<Record<number, number>> = { 10: 1000, 13: 1, 16: 1e-3, 19: 1e-6 }
const ISO = /^\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?(?:Z|\+00:00|%2B00%3A00)?$/

/** What in a text could be an instant: not the digits within a longer word, such as a signature in hex. */
export const TIME_TEXT: RegExp =
  /(?<=^|[^\dA-Za-z]|%[\dA-F]{2})(?:\d{4}-\d\d-\d\dT[\d:.%A+Z]+|\d{10,19}(?:\.\d{1,9})?)(?![\dA-Za-z])/g

/** The instant that a text stands for in whatever unit or form, epoch ms; `undefined` for none. */
export function instantOf(text: string): number | undefined {
  if (ISO.test(text)) {
    const plain = decodeURIComponent(text)
    const ms = Date.parse(/Z|\+/.test(plain) ? plain : `${plain}Z`)
    return Number.isNaN(ms) ? undefined : ms
  }
  const [whole = '', decimals] = text.split('.')
  const unit = /^\d+$/.test(whole) ? UNITS[whole.length] : undefined
  if (unit === undefined || (decimals !== undefined && whole.length !== 10)) return undefined
  return Math.floor(decimals === undefined ? Number(whole) * unit : Number(text) * 1000)
}

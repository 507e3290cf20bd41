import type { Given, OptionDefinition } from './command.js'
import { usage } from './failures.js'

export const AT_OPTION: OptionDefinition = {
  type: 'string',
  value: 'TIME',
  says: 'when the request arrived: epoch ms, or a time as in 2026-01-31T12:00:00Z; default now',
}

/** The time of `--at`, epoch ms. */
export function readAt(given: Given): number {
  const text = given.text('at')
  if (text === undefined) return Date.now()
  if (/^\d{10}$/.test(text)) throw usage('--at is in milliseconds: these are seconds')
  const at = /^\d{11,15}$/.test(text) ? Number(text) : isoMs(text)
  if (!Number.isSafeInteger(at)) throw usage('--at must be epoch ms, or a time as in 2026-01-31T12:00:00Z')
  return at
}

function isoMs(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Math.floor(Date.parse(text))
    : Number.NaN
}

/** `2026-01-31T12:00:00.000Z`, or the number where that is no date. */
export function shownInstant(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}

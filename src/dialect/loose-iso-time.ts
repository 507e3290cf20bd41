/**
 * Epoch ms of an ISO-8601 time in UTC, or -1. The documentation's own examples have a blank for the `T`, a colon before
 * the fraction, and ` +00:00` for the `Z`.
 */
export function looseIsoMs(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.:](\d{1,7}))?(?:Z| \+00:00)$/.exec(text)
  if (match === null) return -1
  const [, date, time, fraction = ''] = match
  const ms = Date.parse(`${date}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // A 30th of February is read as a day of March.
  return ms >= 0 && new Date(ms).toISOString().startsWith(`${date}T${time}`) ? ms : -1
}

import { type Claim, claimOf, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

/** The window that a request asks for, ms: -1 when it names none, 0 when it is no whole number above 0. */
export function parseWindow(text: string | undefined): number {
  return text === undefined ? -1 : Math.max(parseDecimal(text, 10), 0)
}

/** A claim of the time in milliseconds and of the window. */
export function stampWindow({ keyId, nowMs, recvWindowMs }: Stamp): Claim {
  const recvWindow = recvWindowMs < 0 ? '' : String(recvWindowMs)
  return claimOf({ keyId, timestampMs: nowMs, timestamp: String(nowMs), recvWindow, recvWindowMs })
}

import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { isInstant } from '../time.js'
import type { ExpiryNotice, SweepKeys } from './upkeep-types.js'

const DAY_MS = 86_400_000
const CENTURY_MS = 36_525 * DAY_MS
const DEFAULT_NOTICES_MS: readonly number[] = [30 * DAY_MS, 7 * DAY_MS, DAY_MS]
const MAX_NOTICES = 16

/** Which notices a sweep gives: those whose instant lies after `since` and not after `until`. */
export interface NoticePlan {
  readonly since: number
  readonly until: number
  readonly noticesMs: readonly number[]
}

/** @throws {KeyError} `ERR_INPUT_INVALID`, naming `since`, `until` or `noticesMs` */
export function readNoticePlan(
  { since, until, after, noticesMs = DEFAULT_NOTICES_MS }: Omit<SweepKeys, 'actor'>,
  now: number,
): NoticePlan {
  // Steps of one sweep must agree on its end, or the next sweep would repeat or miss what lies between.
  if (until === undefined && (after ?? null) !== null) throw invalid('until', "of the first step goes with 'after'")
  const end = until ?? now
  if (!isInstant(end) || end > now) throw invalid('until', 'must be an instant in epoch ms that is not in the future')
  if (!isInstant(since) || since > end) throw invalid('since', "must be an instant in epoch ms, at most 'until'")
  const isTime = (ms: unknown) => isInstant(ms) && ms <= CENTURY_MS
  if (!Array.isArray(noticesMs) || noticesMs.length > MAX_NOTICES || !noticesMs.every(isTime)) {
    throw invalid('noticesMs', `must be a list of up to ${MAX_NOTICES} whole numbers of ms`)
  }
  return { since, until: end, noticesMs: [...new Set(noticesMs)] }
}

/** The notices of one key that are due. Depends on the times alone, so that consecutive sweeps give each once. */
export function noticesOf(
  { owner, keyId, expiresAt }: KeyRecord,
  { since, until, noticesMs }: NoticePlan,
): readonly ExpiryNotice[] {
  if (expiresAt === null) return []
  const due = noticesMs.filter(noticeMs => expiresAt - noticeMs > since && expiresAt - noticeMs <= until)
  return due.map(noticeMs => ({ owner, keyId, expiresAt, noticeMs }))
}

function invalid(field: string, why: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `'${field}' ${why}`, { field })
}

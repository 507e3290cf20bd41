import { DENIALS } from '../denials.js'
import { StoreError } from '../errors.js'
import { type DenialEvent, entryOf } from '../keys/audit.js'
import { safeText } from '../keys/audit-fields.js'
import { type AuditEntry, type AuditSink, isPromiseLike } from '../store.js'
import type { Decision } from './verdict.js'

/** Entries that may be on their way at once. Anybody can cause denials, so they must not fill the memory. */
const MAX_WAITING = 10_000

/**
 * What to give the verifier as `onDecision`, so that every denial is in the audit trail: `auditDecisions(sink, report)`.
 * What was allowed is not told. A denial stands whether or not it could be written down.
 *
 * @param report told when the sink fails, or is so slow that 10,000 entries wait for it and one is dropped
 */
export function auditDecisions(sink: AuditSink, report: (error: unknown) => void): (decision: Decision) => void {
  let waiting = 0
  const arrived = (): void => void waiting--
  const failed = (error: unknown): void => {
    waiting--
    report(error)
  }
  return decision => {
    const entry = decisionToAudit(decision)
    if (entry === undefined) return
    if (waiting >= MAX_WAITING) return report(new StoreError('ERR_STORE_UNAVAILABLE', 'the audit sink is too slow'))
    try {
      const appending = sink.append(entry)
      if (!isPromiseLike(appending)) return
      waiting++
      appending.then(arrived, failed)
    } catch (error) {
      report(error)
    }
  }
}

/** The line of the audit trail that a denial leaves; `undefined` for a request that was allowed. */
export function decisionToAudit({ verdict, scheme, method, path, ip, error }: Decision): AuditEntry | undefined {
  if (verdict.ok) return undefined
  const { denial, keyId, at, field } = verdict
  const event: DenialEvent = {
    ...{ kind: 'denial', at, denial, proven: DENIALS[denial].proven, owner: null, keyId: textOrNull(keyId) },
    ...{ scheme: textOrNull(scheme), method: safeText(method), path: safeText(path), ip: textOrNull(ip) },
    ...{ field: textOrNull(field), error: error?.code ?? null },
  }
  return entryOf(event)
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined ? null : safeText(text)
}

import type { DenialCode } from '../denials.js'
import {
  type ConfigErrorCode,
  type KeyErrorCode,
  type SealErrorCode,
  StoreError,
  type StoreErrorCode,
} from '../errors.js'
import type { AuditEntry, AuditSink, Awaitable } from '../store.js'
import { type PolicyFields, summarise } from './audit-fields.js'
import type { Actor } from './step-up.js'

/**
 * `begun`: the store is about to be asked to commit this. `done`, `waiting` (for the link of a mail): it is committed.
 * A code: refused, or a store failed. `failed`: a callback of the host threw.
 */
export type AuditResult =
  | 'begun'
  | 'done'
  | 'waiting'
  | 'failed'
  | KeyErrorCode
  | StoreErrorCode
  | SealErrorCode
  | ConfigErrorCode

/** Something that was asked of the manager, and what came of it for one key. */
export interface OperationEvent {
  readonly kind: 'operation'
  /** Epoch ms. */
  readonly at: number
  /** The same in all events of one call. */
  readonly call: string
  /** The manager's method. */
  readonly method: string
  readonly actor: Actor
  /** `ip` of the request. */
  readonly ip: string | null
  readonly owner: string | null
  /** `null` where no one key was asked for. */
  readonly keyId: string | null
  readonly result: AuditResult
  /** Name of the field that was to blame for a refusal. */
  readonly field: string | null
  /** The policy fields that changed, as they were; `null` where there was no key, or nothing changed. */
  readonly before: PolicyFields | null
  /** The same, as they are now; `null` where the key is gone, or nothing changed. */
  readonly after: PolicyFields | null
}

/** A request that the verifier refused. */
export interface DenialEvent {
  readonly kind: 'denial'
  /** Epoch ms. */
  readonly at: number
  readonly denial: DenialCode
  /** Whether the caller had proven to hold the key. If not, everything else here is what somebody claims. */
  readonly proven: boolean
  readonly owner: null
  readonly keyId: string | null
  readonly scheme: string | null
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly ip: string | null
  readonly field: string | null
  /** Code of what made a stored key unreadable. */
  readonly error: string | null
}

/** One event of the audit trail. All text in it is bounded and escaped, and none of it is secret. */
export type AuditEvent = OperationEvent | DenialEvent

/** Longest detail, characters: fits the smallest text column of the databases there are adapters for. */
const MAX_DETAIL = 16_384

/** The line that is stored: the whole event as JSON, beside what a sink may want to search by. */
export function entryOf(event: AuditEvent): AuditEntry {
  const { at, owner, keyId } = event
  const name = event.kind === 'denial' ? 'request.denied' : `key.${event.method}`
  return { at, event: name, owner, keyId, detail: detailOf(event) }
}

function detailOf(event: AuditEvent): string {
  const detail = JSON.stringify(event)
  if (detail.length <= MAX_DETAIL || event.kind === 'denial') return detail
  return JSON.stringify({ ...event, before: summarise(event.before), after: summarise(event.after) })
}

/**
 * The event of a stored line.
 *
 * @throws {StoreError} `ERR_STORE_CORRUPT` when the detail is no event
 */
export function readAuditEntry({ detail }: Pick<AuditEntry, 'detail'>): AuditEvent {
  try {
    const event = JSON.parse(detail)
    if (event.kind === 'operation' || event.kind === 'denial') return event
  } catch {
    // The parser's message quotes the text.
  }
  throw new StoreError('ERR_STORE_CORRUPT', 'the audit entry holds no event', { field: 'detail' })
}

/** A sink that tells a callback, for a log, a queue or a mail to the owner. What it throws is a failure of the sink. */
export function auditTo(callback: (event: AuditEvent) => Awaitable<void>): AuditSink {
  return Object.freeze<AuditSink>({ append: entry => callback(readAuditEntry(entry)) })
}

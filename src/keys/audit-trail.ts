import { randomText } from '../crypto/random.js'
import { ConfigError, KeyError, SealError, StoreError } from '../errors.js'
import type { AuditSink } from '../store.js'
import type { Clock } from '../time.js'
import { type AuditResult, entryOf, type OperationEvent } from './audit.js'
import { compareFields, safeText } from './audit-fields.js'
import type { GuardedStore } from './guarded-store.js'
import type { Actor } from './step-up.js'
import {
  createSeenRows,
  readable,
  type SeenRows,
  startsWaiting,
  takesPower,
  type WatchedChange,
  watchStore,
} from './watched-store.js'

/** What was asked, by whom, and from where. */
export interface AuditedCall {
  readonly method: string
  /** Whether it changes nothing; then only a refusal is told. */
  readonly reads: boolean
  /** Absent: the owner. */
  readonly actor: Actor | undefined
  readonly ip: string | undefined
  readonly owner: string | undefined
  readonly keyId: string | undefined
}

/** Does the work of a call on a store that sees what it changes. */
export type Audit = <T>(call: AuditedCall, work: (keys: GuardedStore) => Promise<T>) => Promise<T>

export interface AuditOptions {
  readonly audit: AuditSink | undefined
  readonly keys: GuardedStore
  readonly clock: Clock
}

const CALL_CHARACTERS = 16

/**
 * Every call leaves at least one event: one for each key it changed or, if it changed none, one for what was asked.
 *
 * A change that gives power is told before it is committed (`begun`) and after (`done`, `waiting`): if the sink fails
 * at the first, nothing has happened; if at the second, the trail has the first, and the caller has the answer, which
 * may be the only copy of a secret. A change that takes power away is never kept waiting by the sink: it is carried
 * out, and then the promise rejects; asking again is harmless.
 */
export function createAudit({ audit, keys, clock }: AuditOptions): Audit {
  if (audit === undefined) return (_, work) => work(keys)
  return async (call, work) => {
    const trail: Trail = {
      ...{ audit, clock, call, id: randomText(CALL_CHARACTERS), seen: createSeenRows() },
      ...{ told: false, lost: undefined, failure: undefined },
    }
    let result: Awaited<ReturnType<typeof work>>
    try {
      result = await work(watchStore(keys, { seen: trail.seen, change: watched => change(trail, watched) }))
    } catch (error) {
      await refuse(trail, error)
      throw error
    }
    await finish(trail)
    return result
  }
}

interface Trail {
  readonly audit: AuditSink
  readonly clock: Clock
  readonly call: AuditedCall
  readonly id: string
  readonly seen: SeenRows
  told: boolean
  /** A failure of the sink: that of an event that came too late to stop anything, and the latest of all. */
  lost: StoreError | undefined
  failure: StoreError | undefined
}

/** Commits a change and tells of it, in the order its kind wants. */
async function change<R>(trail: Trail, { keyId, before, after, commit, isCommitted }: WatchedChange<R>): Promise<R> {
  const [was, is] = [readable(before), readable(after)]
  const fields = compareFields(was, is, trail.clock())
  const about = { ...fields, keyId, owner: (after ?? before)?.owner ?? null }
  // A key that was sealed anew and is otherwise as it was: told once for the whole call.
  const isSilent = keyId !== trail.call.keyId && was !== undefined && Object.keys(fields.after ?? {}).length === 1
  const isUrgent = takesPower({ before, after })
  if (!isUrgent && !isSilent) await tell(trail, { ...about, result: 'begun' })
  const outcome = await commit()
  if (!isCommitted(outcome)) return outcome
  if (after !== undefined) trail.seen.add(after)
  if (isSilent) return outcome
  try {
    await tell(trail, { ...about, result: startsWaiting(was, is) ? 'waiting' : 'done' })
  } catch (error) {
    if (isUrgent) trail.lost = error as StoreError
  }
  return outcome
}

async function tell(
  trail: Trail,
  { owner, keyId, ...about }: Partial<OperationEvent> & { readonly result: AuditResult },
): Promise<void> {
  const { audit, clock, call, id } = trail
  const ofKey = keyId ?? call.keyId
  const ofOwner = owner ?? call.owner ?? trail.seen.latest(ofKey ?? '')?.owner
  const { role, id: actorId } = call.actor ?? { role: 'owner', id: ofOwner ?? '' }
  const event: OperationEvent = {
    ...{ kind: 'operation', at: clock(), call: id, method: call.method, actor: { role, id: safeText(actorId) } },
    ...{ ip: textOrNull(call.ip), owner: textOrNull(ofOwner), keyId: textOrNull(ofKey) },
    ...{ field: null, before: null, after: null, ...about },
  }
  try {
    await audit.append(entryOf(event))
  } catch (cause) {
    trail.failure = new StoreError('ERR_STORE_UNAVAILABLE', 'the audit sink failed', { cause })
    throw trail.failure
  }
  trail.told = true
}

async function finish(trail: Trail): Promise<void> {
  if (trail.lost !== undefined) throw trail.lost
  if (!trail.told && !trail.call.reads) await tell(trail, { result: 'done' })
}

async function refuse(trail: Trail, error: unknown): Promise<void> {
  if (error === trail.failure) return
  const isOurs = [KeyError, StoreError, SealError, ConfigError].some(kind => error instanceof kind)
  const { code, field = null } = isOurs ? (error as KeyError) : { code: 'failed' as const }
  await tell(trail, { result: code, field: textOrNull(field ?? undefined) })
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined ? null : safeText(text)
}

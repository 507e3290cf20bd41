import { ConfigError, KeyError, StoreError } from '../errors.js'
import type { KeyRecord, PermissionModel } from '../key.js'
import type { KeyRow, UsageStore } from '../store.js'
import { encodeKey } from './codec.js'
import { without } from './compiled-key.js'
import type { Desk } from './desk.js'
import { endUnlessGone, ownedKeys } from './ending.js'
import { advanceKey, type KeyChange } from './lifecycle.js'
import { decodeOrError } from './listing.js'
import type { UnreadableKey } from './manager-types.js'
import { type NoticePlan, noticesOf, readNoticePlan } from './notices.js'
import { readScan } from './scanning.js'
import type { ExpiryNotice, KeyOfOwner, SweepKeys, SweptKeys } from './upkeep-types.js'

/** Kept with a key that was revoked because nobody used it. */
const IDLE = 'idle'

/** One step, and what it found and did so far. */
interface Sweep {
  readonly desk: Desk
  /** Absent where the policy lets keys be idle. */
  readonly usage: UsageStore | undefined
  readonly plan: NoticePlan
  readonly now: number
  readonly done: Readonly<Record<'removed' | 'cleared' | 'lapsed' | 'revoked', KeyOfOwner[]>>
  readonly notices: ExpiryNotice[]
  readonly unreadable: UnreadableKey[]
  readonly conflicts: KeyOfOwner[]
}

/**
 * One step over all keys. Every change is one compare-and-set on the version that was judged: a key that somebody
 * changes at the same moment is left for the next sweep.
 */
export async function sweepKeys(desk: Desk, request: Omit<SweepKeys, 'actor'>): Promise<SweptKeys> {
  const now = desk.clock()
  const plan = readNoticePlan(request, now)
  const usage = usageOf(desk)
  const done = { removed: [], cleared: [], lapsed: [], revoked: [] }
  const sweep: Sweep = { desk, usage, plan, now, done, notices: [], unreadable: [], conflicts: [] }
  const { rows, next } = await readScan(desk, request)
  for (const row of rows) await sweepRow(sweep, row)
  const { notices, unreadable, conflicts } = sweep
  return { until: plan.until, scanned: rows.length, ...done, notices, conflicts: conflicts.length, unreadable, next }
}

/** Without a count of uses, every old key would look idle. */
function usageOf({ policy, usage }: Desk): UsageStore | undefined {
  if (policy.idleMs === null) return undefined
  if (usage !== undefined) return usage
  const message = "sweep needs the manager's option 'usage', since the policy ends idle keys"
  throw new ConfigError('ERR_OPTION_MISSING', message, { field: 'usage' })
}

async function sweepRow(sweep: Sweep, row: KeyRow): Promise<void> {
  try {
    const record = decodeOrError(row)
    if (record instanceof KeyError) throw record
    await sweepRecord(sweep, record)
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    sweep.unreadable.push({ keyId: row.keyId, error })
  }
}

async function sweepRecord(sweep: Sweep, record: KeyRecord): Promise<void> {
  const isDead = record.confirmation !== null && record.confirmation.expiresAt <= sweep.now
  switch (record.state) {
    case 'revoked':
      return
    case 'pending':
      return isDead && record.confirmation?.operation === 'request' ? remove(sweep, record) : undefined
    case 'active':
    case 'suspended':
      if (await isIdle(sweep, record, sweep.desk.policy.childDepth)) return revoke(sweep, record)
      sweep.notices.push(...noticesOf(record, sweep.plan))
      return narrow(sweep, record, isDead)
  }
}

/** A key that was asked for and never confirmed has no secret, and keeps a place in its owner's limit. */
async function remove({ desk, done, conflicts }: Sweep, { owner, keyId, version }: KeyRecord): Promise<void> {
  const outcome = (await desk.keys.remove(keyId, version)) ? done.removed : conflicts
  outcome.push({ owner, keyId })
}

/** Forgets a change whose link is dead, and drops what has lapsed. */
async function narrow(sweep: Sweep, record: KeyRecord, isDead: boolean): Promise<void> {
  const lapses = record.lapse !== null && record.lapse.at <= sweep.now
  if (!isDead && !lapses) return
  const change: KeyChange = {
    ...(isDead ? { confirmation: null } : {}),
    ...(lapses ? { lapse: null, permissions: remaining(record, sweep.desk.permissions) } : {}),
  }
  if (!(await replace(sweep, record, advanceKey(record, 'sweep', { change, now: sweep.now })))) return
  const { owner, keyId } = record
  if (isDead) sweep.done.cleared.push({ owner, keyId })
  if (lapses) sweep.done.lapsed.push({ owner, keyId })
}

async function revoke(sweep: Sweep, record: KeyRecord): Promise<void> {
  const change = { state: 'revoked', reason: IDLE, confirmation: null } as const
  if (!(await replace(sweep, record, advanceKey(record, 'revoke', { change, now: sweep.now })))) return
  const { owner, keyId } = record
  sweep.done.revoked.push({ owner, keyId })
  // Already revoked, so that this ends its children only.
  await endUnlessGone(sweep.desk, 'revoke', { owner, keyId, reason: IDLE })
}

async function replace({ desk, conflicts }: Sweep, from: KeyRecord, next: KeyRecord): Promise<boolean> {
  const isDone = await desk.keys.replace(encodeKey(next), from.version)
  if (!isDone) conflicts.push({ owner: from.owner, keyId: from.keyId })
  return isDone
}

type Aging = Pick<KeyRecord, 'owner' | 'keyId' | 'createdAt' | 'notBefore'>

/**
 * Whether neither the key nor one made from it was used for as long as the policy allows.
 *
 * @source OKX: only authenticated calls count as use
 */
async function isIdle(sweep: Sweep, key: Aging, generations: number): Promise<boolean> {
  const { desk, usage, now } = sweep
  const { idleMs } = desk.policy
  if (idleMs === null || usage === undefined) return false
  if (now - (await lastUseOf(usage, key)) < idleMs) return false
  if (generations === 0) return true
  for await (const child of ownedKeys(desk, key.owner)) {
    const isChild = child.parent === key.keyId && child.state !== 'revoked'
    if (isChild && !(await isIdle(sweep, child, generations - 1))) return false
  }
  return true
}

/** A key that was never used counts from when it first could be. */
async function lastUseOf(usage: UsageStore, { keyId, createdAt, notBefore }: Aging): Promise<number> {
  try {
    const used = await usage.get(keyId)
    return Math.max(createdAt, notBefore ?? 0, used?.lastUsedAt ?? 0)
  } catch (cause) {
    if (cause instanceof StoreError) throw cause
    throw new StoreError('ERR_STORE_UNAVAILABLE', 'the usage store failed', { cause })
  }
}

/** What is left of a key's permissions; an alias that lost nothing stays one. */
function remaining({ permissions, lapse }: KeyRecord, model: PermissionModel): readonly string[] {
  const left = without(model.parse(permissions), lapse?.permissions ?? [], model)
  const kept = permissions.filter(name => model.covers(left, model.parse([name])))
  const covered = model.parse(kept)
  return [...kept, ...model.format(left).filter(name => !model.covers(covered, model.parse([name])))]
}

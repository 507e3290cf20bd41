import type { KeyRecord } from '../key.js'
import type { KeyRow } from '../store.js'
import { decodeKey } from './codec.js'
import type { GuardedStore } from './guarded-store.js'

/** Rows remembered, to say what a key was before: a page of a scan and some more. */
const MAX_SEEN = 2000

/** The latest row of each key, as one call has read or written it. */
export interface SeenRows {
  add(row: KeyRow): void
  latest(keyId: string): KeyRow | undefined
}

export function createSeenRows(): SeenRows {
  const rows = new Map<string, KeyRow>()
  return {
    add(row): void {
      rows.delete(row.keyId)
      rows.set(row.keyId, row)
      if (rows.size > MAX_SEEN) rows.delete(rows.keys().next().value as string)
    },
    latest: keyId => rows.get(keyId),
  }
}

/** A change that is about to be asked of the store. */
export interface WatchedChange<R> {
  readonly keyId: string
  /** Absent for a new key, and for one this call has not read. */
  readonly before: KeyRow | undefined
  /** Absent where the key is removed. */
  readonly after: KeyRow | undefined
  readonly commit: () => Promise<R>
  readonly isCommitted: (outcome: R) => boolean
}

export interface Watcher {
  readonly seen: SeenRows
  /** Commits the change. */
  readonly change: <R>(change: WatchedChange<R>) => Promise<R>
}

/** The same store, its reads remembered and its writes handed to the watcher. */
export function watchStore(keys: GuardedStore, { seen, change }: Watcher): GuardedStore {
  const saw = (rows: readonly KeyRow[]): readonly KeyRow[] => {
    for (const row of rows) seen.add(row)
    return rows
  }
  const known = (keyId: string, version: number): KeyRow | undefined => {
    const row = seen.latest(keyId)
    return row?.version === version ? row : undefined
  }
  const isTrue = (outcome: boolean): boolean => outcome
  const isInserted = (outcome: string): boolean => outcome === 'inserted'
  return {
    get: async keyId => {
      const row = await keys.get(keyId)
      if (row !== undefined) seen.add(row)
      return row
    },
    list: async query => saw(await keys.list(query)),
    scan: async query => saw(await keys.scan(query)),
    insert: (row, maxPerOwner) => {
      const commit = () => keys.insert(row, maxPerOwner)
      return change({ keyId: row.keyId, before: undefined, after: row, commit, isCommitted: isInserted })
    },
    replace: (row, version) => {
      const commit = () => keys.replace(row, version)
      return change({ keyId: row.keyId, before: known(row.keyId, version), after: row, commit, isCommitted: isTrue })
    },
    remove: (keyId, version) => {
      const commit = () => keys.remove(keyId, version)
      return change({ keyId, before: known(keyId, version), after: undefined, commit, isCommitted: isTrue })
    },
  }
}

/** Whether a change ends or stops a key. Those are urgent, and nothing may keep them waiting. */
export function takesPower({ before, after }: Pick<WatchedChange<unknown>, 'before' | 'after'>): boolean {
  if (after === undefined) return true
  return after.state === 'revoked' || (after.state === 'suspended' && before?.state === 'active')
}

/** Whether a change leaves something to be confirmed that was not before. */
export function startsWaiting(before: KeyRecord | undefined, after: KeyRecord | undefined): boolean {
  const digest = after?.confirmation?.digest
  return digest !== undefined && digest !== before?.confirmation?.digest
}

/** The record of a row; none for one that cannot be read. */
export function readable(row: KeyRow | undefined): KeyRecord | undefined {
  try {
    return row && decodeKey(row)
  } catch {
    return undefined
  }
}

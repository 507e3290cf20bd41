import { KeyError } from '../../errors.js'
import type { KeyRow, KeyStore, ListQuery, ScanQuery } from '../../store.js'
import { createKeyOrder, positionAfter } from './key-order.js'

/**
 * Keeps keys in this process. `get` costs one look-up: it answers with the same frozen row each time, so that a
 * compiled key is found again by identity.
 */
export function createMemoryKeyStore(): KeyStore {
  const rows = new Map<string, KeyRow>()
  const owners = createOwnerIndex()
  const order = createKeyOrder()

  function put(row: KeyRow): void {
    const copy = copyOf(row)
    rows.set(copy.keyId, copy)
    owners.add(copy)
  }

  function takeVersion(keyId: string, version: number): boolean {
    const row = rows.get(keyId)
    if (row === undefined || row.version !== version) return false
    rows.delete(keyId)
    owners.remove(row)
    return true
  }

  return {
    get: keyId => rows.get(keyId),
    insert(row: KeyRow, maxPerOwner: number): 'inserted' | 'exists' | 'limit' {
      if (rows.has(row.keyId)) return 'exists'
      // Written so that NaN admits nobody.
      if (!(owners.living(row.owner) < maxPerOwner)) return 'limit'
      put(row)
      order.add(row.keyId)
      return 'inserted'
    },
    replace(row: KeyRow, expectedVersion: number): boolean {
      const replaced = takeVersion(row.keyId, expectedVersion)
      if (replaced) put(row)
      return replaced
    },
    remove(keyId: string, expectedVersion: number): boolean {
      const removed = takeVersion(keyId, expectedVersion)
      if (removed) order.remove(keyId)
      return removed
    },
    list: query => owners.page(query).flatMap(keyId => rows.get(keyId) ?? []),
    scan({ limit, after }: ScanQuery): readonly KeyRow[] {
      checkLimit('scan', limit)
      const keyIds = order.page({ limit, after, has: keyId => rows.has(keyId) })
      return keyIds.flatMap(keyId => rows.get(keyId) ?? [])
    },
  }
}

/** An owner's keys. */
interface Owned {
  /** Key ids in byte order. */
  readonly keyIds: string[]
  /** Those not revoked. */
  living: number
}

interface OwnerIndex {
  add(row: KeyRow): void
  remove(row: KeyRow): void
  /** Keys of an owner that are not revoked. */
  living(owner: string): number
  /** Key ids of one page. */
  page(query: ListQuery): readonly string[]
}

function createOwnerIndex(): OwnerIndex {
  const owners = new Map<string, Owned>()
  return {
    add({ keyId, owner, state }: KeyRow): void {
      const owned = owners.get(owner) ?? { keyIds: [], living: 0 }
      owned.keyIds.splice(positionAfter(owned.keyIds, keyId), 0, keyId)
      if (state !== 'revoked') owned.living++
      owners.set(owner, owned)
    },
    remove({ keyId, owner, state }: KeyRow): void {
      const owned = owners.get(owner)
      if (owned === undefined) return
      owned.keyIds.splice(positionAfter(owned.keyIds, keyId) - 1, 1)
      if (state !== 'revoked') owned.living--
      if (owned.keyIds.length === 0) owners.delete(owner)
    },
    living: owner => owners.get(owner)?.living ?? 0,
    page({ owner, limit, after }: ListQuery): readonly string[] {
      checkLimit('list', limit)
      const keyIds = owners.get(owner)?.keyIds ?? []
      const from = after === undefined ? 0 : positionAfter(keyIds, after)
      return keyIds.slice(from, from + limit)
    },
  }
}

function checkLimit(where: string, limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return
  throw new KeyError('ERR_INPUT_INVALID', `${where}: 'limit' must be an integer from 1 to 1000`, { field: 'limit' })
}

function copyOf({ keyId, owner, state, expiresAt, createdAt, version, record }: KeyRow): KeyRow {
  return Object.freeze({ keyId, owner, state, expiresAt, createdAt, version, record })
}

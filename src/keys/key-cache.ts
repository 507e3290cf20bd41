import { KeyError, SealError, StoreError } from '../errors.js'
import { type Awaitable, isPromiseLike, type KeyRow, type KeyStore } from '../store.js'
import type { Clock } from '../time.js'
import type { CompiledKey } from './compiled-key.js'
import { isMistypedKeyId } from './credentials.js'

/** What loading found: the key, why it cannot be used, or nothing. */
export type LoadedKey = CompiledKey | KeyError | SealError | undefined

export interface KeyCacheOptions {
  readonly store: Pick<KeyStore, 'get'>
  readonly compile: (row: KeyRow) => Promise<CompiledKey>
  readonly clock: Clock
  /** Compiled keys kept; the least recently used ones leave. */
  readonly maxKeys: number
  /** How long a key may be used without asking the store, ms. 0 = ask every time. */
  readonly maxStalenessMs: number
}

export interface KeyCache {
  /**
   * The compiled key of an id. Answers at once where the store does and the key is compiled; the row is read anyway
   * unless it is younger than `maxStalenessMs`, and a changed row is compiled anew.
   *
   * @throws {StoreError} `ERR_STORE_UNAVAILABLE`, or whatever else the store threw, as its cause
   */
  load(keyId: string): Awaitable<LoadedKey>
}

interface Entry {
  readonly key: CompiledKey
  /** Epoch ms until which it may be used without asking the store. */
  freshUntil: number
}

export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const { store, compile, clock, maxStalenessMs } = options
  const entries = createGenerations<Entry>(Math.max(1, options.maxKeys >> 1))

  function load(keyId: string): Awaitable<LoadedKey> {
    const entry = entries.get(keyId)
    if (entry !== undefined && maxStalenessMs > 0 && clock() < entry.freshUntil) return entry.key
    if (entry === undefined && isMistypedKeyId(keyId)) return undefined
    // The time before the read: a row may change while it travels.
    const asOf = maxStalenessMs > 0 ? clock() : 0
    let row: Awaitable<KeyRow | undefined>
    try {
      row = store.get(keyId)
    } catch (cause) {
      return unreadableRow(cause)
    }
    if (isPromiseLike(row)) return row.then(found => resolve(keyId, found, asOf), unreadableRow)
    const same = entry !== undefined && row !== undefined && isSameRow(entry.key, row)
    return same ? confirm(entry, asOf) : resolve(keyId, row, asOf)
  }

  function confirm(entry: Entry, asOf: number): CompiledKey {
    entry.freshUntil = asOf + maxStalenessMs
    return entry.key
  }

  function resolve(keyId: string, row: KeyRow | undefined, asOf: number): Awaitable<LoadedKey> {
    if (row === undefined) {
      entries.delete(keyId)
      return undefined
    }
    if (row.keyId !== keyId) return new KeyError('ERR_KEY_CORRUPT', 'the store answered with the row of another key')
    const entry = entries.get(keyId)
    if (entry !== undefined && isSameRow(entry.key, row)) return confirm(entry, asOf)
    return compile(row).then(key => {
      entries.set(keyId, { key, freshUntil: asOf + maxStalenessMs })
      return key
    }, unreadable)
  }

  return { load }
}

function isSameRow(key: CompiledKey, row: KeyRow): boolean {
  const { record } = key
  return (
    key.source === row.record &&
    record.keyId === row.keyId &&
    record.version === row.version &&
    record.owner === row.owner &&
    record.state === row.state &&
    record.expiresAt === row.expiresAt
  )
}

/** A key that cannot be read is its own trouble; an outage of the sealer or the store is everybody's. */
function unreadable(error: unknown): KeyError | SealError {
  if (error instanceof KeyError || error instanceof SealError) return error
  throw error
}

/** A row that cannot be one of ours harms its own key; any other failure of the store is an outage. */
function unreadableRow(cause: unknown): KeyError {
  if (!(cause instanceof StoreError)) throw new StoreError('ERR_STORE_UNAVAILABLE', 'the key store failed', { cause })
  if (cause.code !== 'ERR_STORE_CORRUPT') throw cause
  const detail = cause.field === undefined ? { cause } : { cause, field: cause.field }
  return new KeyError('ERR_KEY_CORRUPT', 'the stored key cannot be read', detail)
}

/** A bounded map that forgets what two generations did not use: one look-up a hit, where an LRU list moves nodes. */
function createGenerations<T>(
  size: number,
): Pick<Map<string, T>, 'get' | 'delete'> & { set(id: string, value: T): void } {
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (id: string, value: T) => {
    if (young.size >= size) {
      old = young
      young = new Map()
    }
    young.set(id, value)
  }
  const get = (id: string) => {
    const hit = young.get(id)
    if (hit !== undefined) return hit
    const aged = old.get(id)
    if (aged !== undefined) set(id, aged)
    return aged
  }
  const remove = (id: string) => {
    const aged = old.delete(id)
    return young.delete(id) || aged
  }
  return { get, set, delete: remove }
}

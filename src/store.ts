/** CONTRACT: what storage guarantees. Persistence belongs to the host; these are the promises it must keep. */

/** A synchronous store answers at once, any other with a promise. A failure throws or rejects; it never answers. */
export type Awaitable<T> = T | PromiseLike<T>

/** Whether an answer must be waited for. Synchronous stores save the request a turn of the event loop. */
export function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}

/**
 * One stored key. `record` is the whole truth as JSON text; the other columns repeat what storage itself must
 * compare, count or search, and are checked against `record` on every read.
 */
export interface KeyRow {
  readonly keyId: string
  readonly owner: string
  readonly state: 'pending' | 'active' | 'suspended' | 'revoked'
  /** Epoch ms, or `null` for never. */
  readonly expiresAt: number | null
  readonly createdAt: number
  readonly version: number
  /** JSON text. */
  readonly record: string
}

export interface ListQuery {
  readonly owner: string
  /** At most this many rows, 1–1000. */
  readonly limit: number
  /** Key id of the last row of the page before; absent for the first page. */
  readonly after?: string | undefined
}

export interface ScanQuery {
  /** At most this many rows, 1–1000. */
  readonly limit: number
  /** Key id of the last row of the page before; absent for the first page. */
  readonly after?: string | undefined
}

/** Keys. Ids and owners compare as bytes: no case folding, no trimming, no normalisation. */
export interface KeyStore {
  /** The row, or `undefined`. */
  get(keyId: string): Awaitable<KeyRow | undefined>
  /**
   * Adds a row unless its id exists or the owner already has `maxPerOwner` rows that are not revoked. Count and
   * insert are one atomic step.
   */
  insert(row: KeyRow, maxPerOwner: number): Awaitable<'inserted' | 'exists' | 'limit'>
  /** Replaces the row of `row.keyId` if its version is `expectedVersion`; `false` when it is not, or is gone. */
  replace(row: KeyRow, expectedVersion: number): Awaitable<boolean>
  /** Removes the row if its version is `expectedVersion`. */
  remove(keyId: string, expectedVersion: number): Awaitable<boolean>
  /** The owner's rows ordered by key id (bytes), paged: fewer than `limit` only on the last page. */
  list(query: ListQuery): Awaitable<readonly KeyRow[]>
  /**
   * Everybody's rows, revoked ones too, ordered by key id (bytes), paged: fewer than `limit` only on the last page. For
   * upkeep, never for a request. A row that was there before the first page and is there after the last is on exactly
   * one page.
   */
  scan(query: ScanQuery): Awaitable<readonly KeyRow[]>
}

/** The memory of what was accepted. Both operations are atomic across everything that shares the store. */
export interface ReplayStore {
  /**
   * Remembers `token` under `keyId` until `expiresAt` (epoch ms). `false` if it is remembered already, or if the
   * store may have forgotten it: an `expiresAt` at or before the latest instant it has cleaned up to is refused, so
   * that a clock stepped back cannot bring an old request to life.
   */
  claim(keyId: string, token: string, expiresAt: number): Awaitable<boolean>
  /**
   * Accepts `nonce` under `keyId` once: `false` if it was accepted before, or lies at or below the lowest of the
   * `window` highest accepted nonces once that many are remembered.
   *
   * @param nonce 0 to 2^64−1
   */
  advance(keyId: string, nonce: bigint, window: number): Awaitable<boolean>
}

/** What is known of a key's use. Another record than the key, so that tracking can never undo a revocation. */
export interface KeyUsage {
  readonly keyId: string
  /** Epoch ms of the last accepted request. */
  readonly lastUsedAt: number
  readonly lastAddress: string | null
  /** Accepted requests counted so far. */
  readonly count: number
}

export interface UsageStore {
  /** Adds `count` uses; `lastUsedAt` only ever rises, and the address goes with the latest instant. */
  touch(usage: KeyUsage): Awaitable<void>
  get(keyId: string): Awaitable<KeyUsage | undefined>
}

/** One line of the audit trail. Never holds a secret. */
export interface AuditEntry {
  /** Epoch ms. */
  readonly at: number
  readonly event: string
  readonly owner: string | null
  readonly keyId: string | null
  /** JSON text. */
  readonly detail: string
}

export interface AuditSink {
  append(entry: AuditEntry): Awaitable<void>
}

/**
 * Tells every process that keys have changed, so that none serves a revoked one from its memory. A message may get
 * lost: then `maxStalenessMs` bounds how long that lasts.
 */
export interface InvalidationChannel {
  /** Resolves once the message has left; rejects when it could not be sent. */
  publish(keyId: string): Awaitable<void>
  /**
   * Calls `listener` with the id of each changed key, and with `undefined` when messages may have been missed (after a
   * lost connection), so that anything may have changed. Resolves once it listens, to what ends it. `listener` never
   * throws.
   */
  subscribe(listener: (keyId: string | undefined) => void): Awaitable<() => Awaitable<void>>
}

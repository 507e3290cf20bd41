import { ConfigError, KeyError, StoreError } from '../../errors.js'

/** What is bound to a statement. */
export type SqliteValue = string | number | Uint8Array | null

/** A prepared statement, as `node:sqlite`, `better-sqlite3`, `libsql` and `bun:sqlite` have it. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
  /** The first row; `undefined`, or `null`, when there is none. */
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
}

/** An open database: `DatabaseSync` of `node:sqlite`, `Database` of `better-sqlite3`, `libsql` or `bun:sqlite`. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

/** The database with its failures tamed. */
export interface Connection {
  /** Its statements say `undefined` where there is no row. */
  readonly database: SqliteDatabase
  /**
   * Runs `work`, again if another process holds the lock, a few times at most. So `work` must be one statement, or
   * harmless to repeat.
   *
   * @throws {StoreError} `ERR_STORE_UNAVAILABLE` with the driver's error as its cause
   */
  attempt<T>(work: () => T): T
  /** Runs `work` in a transaction that holds the write lock from its first step, so that what it read stays true. */
  transaction<T>(work: () => T): T
}

const ATTEMPTS = 3

/** @param busyTimeoutMs longest wait for other processes' writes, all attempts together; the thread waits too */
export function connect(database: SqliteDatabase, busyTimeoutMs: number): Connection {
  function attempt<T>(work: () => T): T {
    for (let left = ATTEMPTS - 1; ; left--) {
      try {
        return work()
      } catch (error) {
        if (left > 0 && isBusy(error)) continue
        throw isOurs(error) ? error : unavailable(error)
      }
    }
  }

  attempt(() => database.exec(`PRAGMA busy_timeout = ${Math.ceil(busyTimeoutMs / ATTEMPTS)}`))
  return { database: withoutNull(database), attempt, transaction: work => attempt(() => transact(database, work)) }
}

/** `bun:sqlite` gives `null` for no row, all others `undefined`. */
function withoutNull(database: SqliteDatabase): SqliteDatabase {
  return {
    exec: sql => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => statement.get(...values) ?? undefined,
        all: (...values) => statement.all(...values),
      }
    },
  }
}

function transact<T>(database: SqliteDatabase, work: () => T): T {
  // Outside the try: if this fails, there is no transaction of ours, and one of the host's must not be rolled back.
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    rollback(database)
    throw error
  }
}

/** SQLite may have rolled back by itself; then there is nothing to do, and the first error is the one that counts. */
function rollback(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {}
}

const SQLITE_BUSY = 5

/** Each driver says it in its own way: `errcode` (node:sqlite), `rawCode` (libsql), `code` (both others). */
function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, errcode, rawCode } = error as Readonly<Record<string, unknown>>
  const number = typeof errcode === 'number' ? errcode : rawCode
  if (typeof number === 'number') return (number & 0xff) === SQLITE_BUSY
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY')
}

function isOurs(error: unknown): boolean {
  return error instanceof StoreError || error instanceof KeyError || error instanceof ConfigError
}

function unavailable(cause: unknown): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', 'the SQLite database failed', { cause })
}

import { readInteger, readOptions } from '../options.js'
import type { AuditSink, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import { nameTables } from './sql/tables.js'
import { connect, type SqliteDatabase, type SqliteStatement, type SqliteValue } from './sqlite/connection.js'
import { createSqliteKeyStore } from './sqlite/keys.js'
import { createSqliteAuditSink, createSqliteUsageStore } from './sqlite/records.js'
import { createSqliteReplayStore } from './sqlite/replay.js'
import { migrate } from './sqlite/schema.js'

export type { SqliteDatabase, SqliteStatement, SqliteValue }

export interface SqliteStoreOptions {
  readonly clock?: Clock
  /** What the names of all tables begin with: `a–z`, then up to 31 of `a–z 0–9 _`. Default `keylattice_`. */
  readonly tablePrefix?: string
  /** Longest wait for another process that writes, ms, during which the thread waits too. Default 3000. */
  readonly busyTimeoutMs?: number
}

/** Everything the library stores, in one SQLite database. */
export interface SqliteStore {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly audit: AuditSink
}

/**
 * Opens the stores of a database, creating or migrating their tables. The connection must be theirs alone: they set
 * its journal (WAL), its durability (each commit reaches the disk before it is answered) and its patience, and run
 * their own transactions. Any number of processes on one machine may share the file.
 *
 * All stores answer synchronously and throw: `StoreError` `ERR_STORE_UNAVAILABLE` when the driver fails,
 * `ERR_STORE_CORRUPT` for a row of wrong types, and `KeyError` `ERR_INPUT_INVALID` for text SQLite cannot hold (a NUL,
 * half a surrogate pair).
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 * @throws {StoreError} `ERR_STORE_SCHEMA` for tables of a newer version or not of this adapter, `ERR_STORE_UNAVAILABLE`
 */
export function createSqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  const where = 'createSqliteStore'
  const own = readOptions(where, options, { required: [], optional: ['clock', 'tablePrefix', 'busyTimeoutMs'] })
  const busyTimeoutMs = readInteger({ where, options: own }, 'busyTimeoutMs', { min: 0, max: 60_000, fallback: 3000 })
  const { clock = systemClock, tablePrefix } = own
  const tables = nameTables(where, tablePrefix)
  const connection = connect(database, busyTimeoutMs)
  migrate(connection, tables)
  return connection.attempt(() => ({
    keys: createSqliteKeyStore(connection, tables),
    replay: createSqliteReplayStore(connection, tables, clock),
    usage: createSqliteUsageStore(connection, tables),
    audit: createSqliteAuditSink(connection, tables),
  }))
}

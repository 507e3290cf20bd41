import { readOptions } from '../options.js'
import type { AuditSink, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import { connect, type MysqlClient, type MysqlConnection, type MysqlPool } from './mysql/connection.js'
import { createMysqlKeyStore } from './mysql/keys.js'
import { checkVersion, migrate, printSchema } from './mysql/migrate.js'
import { createMysqlAuditSink, createMysqlUsageStore } from './mysql/records.js'
import { createMysqlReplayStore } from './mysql/replay.js'
import { nameMysqlTables } from './mysql/schema.js'

export type { MysqlClient, MysqlConnection, MysqlPool }

export interface MysqlStoreOptions {
  readonly clock?: Clock
  /** What the names of all tables begin with: `a–z`, then up to 31 of `a–z 0–9 _`. Default `keylattice_`. */
  readonly tablePrefix?: string
}

/** Everything the library stores, in one MySQL or MariaDB database. */
export interface MysqlStore {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly audit: AuditSink
  /**
   * Creates the tables, or brings them to the version of this code. Any number of processes may call it at the same
   * time; one that was broken off is taken up again by the next.
   *
   * @throws {StoreError} `ERR_STORE_SCHEMA` for tables of a newer version or not of this adapter,
   * `ERR_STORE_UNAVAILABLE`, also when another process takes longer than a minute
   */
  migrate(): Promise<void>
}

/**
 * The stores of a database, for any number of processes. What the server has undone (a deadlock, a lock that was not
 * free in time) is tried again a few times, a lost connection never.
 *
 * All of them reject with `StoreError`: `ERR_STORE_SCHEMA` before `migrate()`, `ERR_STORE_UNAVAILABLE` when the pool
 * fails, `ERR_STORE_CORRUPT` for a row of wrong types; and with `KeyError` `ERR_INPUT_INVALID` for text with a NUL or
 * half a surrogate pair, or that is too long (key id 512 bytes of UTF-8, owner 1024).
 *
 * @param pool of the primary server, with a default database: a replica answers with what was true a moment ago
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function createMysqlStore(pool: MysqlPool, options: MysqlStoreOptions = {}): MysqlStore {
  const where = 'createMysqlStore'
  const own = readOptions(where, options, { required: [], optional: ['clock', 'tablePrefix'] })
  const { clock = systemClock, tablePrefix } = own
  const tables = nameMysqlTables(where, tablePrefix)
  const connection = connect(pool, runner => checkVersion(runner, tables))
  return {
    keys: createMysqlKeyStore(connection, tables),
    replay: createMysqlReplayStore(connection, tables, clock),
    usage: createMysqlUsageStore(connection, tables),
    audit: createMysqlAuditSink(connection, tables),
    migrate: () => migrate(connection, tables),
  }
}

/**
 * All tables as plain SQL, for hosts that create them with tooling of their own, in a database that has none of them.
 * `migrate()` makes the same.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function mysqlSchema(options: Pick<MysqlStoreOptions, 'tablePrefix'> = {}): string {
  const where = 'mysqlSchema'
  const { tablePrefix } = readOptions(where, options, { required: [], optional: ['tablePrefix'] })
  return printSchema(nameMysqlTables(where, tablePrefix))
}

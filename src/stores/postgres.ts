import { readOptions } from '../options.js'
import type { AuditSink, InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { type Clock, systemClock } from '../time.js'
import { connect, type PostgresClient } from './postgres/connection.js'
import { nameFunctions } from './postgres/functions.js'
import { createPostgresInvalidation } from './postgres/invalidation.js'
import { createPostgresKeyStore } from './postgres/keys.js'
import { createListen, type PostgresListener, type PostgresNotification } from './postgres/listening.js'
import { checkVersion, migrate, printSchema } from './postgres/migrate.js'
import { createPostgresAuditSink, createPostgresUsageStore } from './postgres/records.js'
import { createPostgresReplayStore } from './postgres/replay.js'
import { nameTables } from './sql/tables.js'

export type { PostgresClient, PostgresListener, PostgresNotification }

export interface PostgresStoreOptions {
  readonly clock?: Clock
  /** What the names of all tables and functions begin with: `a–z`, then up to 31 of `a–z 0–9 _`. Default `keylattice_`. */
  readonly tablePrefix?: string
  /**
   * Opens the connection on which `invalidation` listens. By default a PGlite listens itself, and a pool gives one of
   * its connections, for as long as somebody is subscribed.
   */
  readonly openListener?: () => PromiseLike<PostgresListener>
}

/** Everything the library stores, in one PostgreSQL database. */
export interface PostgresStore {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly audit: AuditSink
  /** LISTEN and NOTIFY. */
  readonly invalidation: InvalidationChannel
  /**
   * Creates the tables, or brings them to the version of this code, in one transaction. Any number of processes may
   * call it at the same time.
   *
   * @throws {StoreError} `ERR_STORE_SCHEMA` for tables of a newer version or not of this adapter, a database not encoded
   * in UTF8, PostgreSQL before 12, or transactions that are not READ COMMITTED; `ERR_STORE_UNAVAILABLE`
   */
  migrate(): Promise<void>
}

/**
 * The stores of a database, for any number of processes. Every operation is one statement and one round trip; what the
 * server has undone (a deadlock, a serialization failure) is tried again a few times, a lost connection never.
 *
 * All of them reject with `StoreError`: `ERR_STORE_SCHEMA` before `migrate()`, `ERR_STORE_UNAVAILABLE` when the client
 * fails, `ERR_STORE_CORRUPT` for a row of wrong types; and with `KeyError` `ERR_INPUT_INVALID` for text that PostgreSQL
 * cannot hold (a NUL, half a surrogate pair) or that is too long (key id 512 bytes of UTF-8, owner 1024).
 *
 * @param client of the primary server: a replica answers with what was true a moment ago
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function createPostgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): PostgresStore {
  const where = 'createPostgresStore'
  const own = readOptions(where, options, { required: [], optional: ['clock', 'tablePrefix', 'openListener'] })
  const { clock = systemClock, tablePrefix, openListener } = own
  const tables = nameTables(where, tablePrefix)
  const functions = nameFunctions(tables)
  const connection = connect(client, unchecked => checkVersion(unchecked, tables))
  return {
    keys: createPostgresKeyStore(connection, tables, functions),
    replay: createPostgresReplayStore(connection, functions, clock),
    usage: createPostgresUsageStore(connection, tables),
    audit: createPostgresAuditSink(connection, tables),
    invalidation: createPostgresInvalidation(connection, tables.keys, createListen(client, tables.keys, openListener)),
    migrate: () => migrate(connection, tables),
  }
}

/**
 * All tables and functions as plain SQL, for hosts that create them with tooling of their own, in a database that has
 * none of them. `migrate()` makes the same.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function postgresSchema(options: Pick<PostgresStoreOptions, 'tablePrefix'> = {}): string {
  const where = 'postgresSchema'
  const { tablePrefix } = readOptions(where, options, { required: [], optional: ['tablePrefix'] })
  return printSchema(nameTables(where, tablePrefix))
}

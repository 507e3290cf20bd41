import { StoreError } from '../../errors.js'
import { cellOf, corrupt } from '../sql/columns.js'
import { once } from '../sql/readiness.js'
import { retryUndone } from '../sql/retry.js'

/** What runs one statement. The first element of the answer is the rows, or says how many rows were affected. */
export interface MysqlClient {
  query(sql: string, values?: unknown[]): PromiseLike<readonly [unknown, ...unknown[]]>
}

/** A connection for a while. */
export interface MysqlConnection extends MysqlClient {
  /** Gives it back to its pool. */
  release(): unknown
  /** Closes it. */
  destroy(): unknown
}

/** A pool of `mysql2/promise`, or alike. */
export interface MysqlPool extends MysqlClient {
  getConnection(): PromiseLike<MysqlConnection>
}

/** A value of a statement; `null` is NULL. Text is always hex, so that no charset and no quoting can change it. */
export type MysqlValue = string | number | null

/** Runs statements, on any connection or all on the same. */
export interface Runner {
  rows(sql: string, values?: readonly MysqlValue[]): Promise<readonly unknown[]>
  /** How many rows were inserted, matched by an update, or deleted. */
  write(sql: string, values?: readonly MysqlValue[]): Promise<number>
}

/** The database with its failures tamed. Everything looks first, once, whether the tables are right. */
export interface Connection extends Runner {
  /** Runs `work` in a transaction, and again from its beginning when the server has undone it. */
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T>
  /** Runs `work` on one connection, once, without a look at the tables. */
  hold<T>(work: (runner: Runner) => Promise<T>): Promise<T>
}

/** @param check looks whether the tables are right; throws when they are not */
export function connect(pool: MysqlPool, check: (runner: Runner) => Promise<void>): Connection {
  const runner = runOn(pool)
  const ready = once(() => tame(() => check(runner)))
  const whenReady = async <T>(work: () => Promise<T>) => {
    await ready()
    return tame(() => retryUndone(work, isUndone))
  }
  return {
    rows: (sql, values) => whenReady(() => runner.rows(sql, values)),
    write: (sql, values) => whenReady(() => runner.write(sql, values)),
    transaction: work => whenReady(() => onOne(pool, client => transact(client, work))),
    hold: work => tame(() => onOne(pool, client => work(runOn(client)))),
  }
}

function runOn(client: MysqlClient): Runner {
  const run = async (sql: string, values: readonly MysqlValue[] = []) => (await client.query(sql, [...values]))[0]
  return {
    async rows(sql, values) {
      const rows = await run(sql, values)
      if (!Array.isArray(rows)) throw corrupt('rows')
      return rows
    },
    async write(sql, values) {
      const affected = cellOf(await run(sql, values), 'affectedRows')
      if (typeof affected !== 'number') throw corrupt('affectedRows')
      return affected
    },
  }
}

async function transact<T>(client: MysqlClient, work: (runner: Runner) => Promise<T>): Promise<T> {
  await client.query('START TRANSACTION')
  const result = await work(runOn(client))
  await client.query('COMMIT')
  return result
}

async function onOne<T>(pool: MysqlPool, work: (client: MysqlClient) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection()
  try {
    const result = await work(connection)
    connection.release()
    return result
  } catch (error) {
    await cleanUp(connection)
    throw error
  }
}

/** A connection that cannot even undo its transaction must not be used again: closing it undoes it. */
async function cleanUp(connection: MysqlConnection): Promise<void> {
  try {
    await connection.query('ROLLBACK')
    connection.release()
  } catch {
    connection.destroy()
  }
}

/**
 * Lock wait timeout, deadlock; record changed since it was read (MariaDB), undone while it was committed (MySQL with
 * group replication). The statement has no effect, and a transaction is rolled back before it is run again.
 */
const UNDONE = new Set([1205, 1213, 1020, 3101])

/** No such table, no such column. */
const ABSENT = new Set([1146, 1054])

export const DUPLICATE = 1062

/** `mysql2` says it in `errno`; a query builder may wrap its error as a cause. */
export function errorNumberOf(error: unknown): number {
  for (const place of [part(error, 'cause'), error]) {
    const errno = part(place, 'errno')
    if (typeof errno === 'number') return errno
  }
  return 0
}

function isUndone(error: unknown): boolean {
  return UNDONE.has(errorNumberOf(error))
}

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? cellOf(value, name) : undefined
}

async function tame<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof StoreError) throw cause
    if (ABSENT.has(errorNumberOf(cause)))
      throw schemaError('the tables are not there, or not ours; run migrate()', cause)
    throw new StoreError('ERR_STORE_UNAVAILABLE', 'the MySQL database failed', { cause })
  }
}

export function schemaError(message: string, cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_SCHEMA', `createMysqlStore: ${message}`, { cause })
}

import { StoreError } from '../../errors.js'
import { cellOf } from '../sql/columns.js'
import { once } from '../sql/readiness.js'
import { retryUndone } from '../sql/retry.js'

/**
 * What runs one statement: a `Pool` or `Client` of `pg`, a `PGlite`, or a few lines around whatever else reaches the
 * database. `values` are bound to `$1`, `$2` …
 */
export interface PostgresClient {
  query(text: string, values?: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] }>
}

/** A value of a statement; `null` is NULL. */
export type PostgresValue = string | number | null

/** The database with its failures tamed. */
export interface Connection {
  /** Runs one statement, which takes effect as a whole or not at all; first checks, once, that the tables are right. */
  rows(text: string, values: readonly PostgresValue[]): Promise<readonly unknown[]>
  /** The same without a look at the tables. */
  bare(text: string, values?: readonly PostgresValue[]): Promise<readonly unknown[]>
}

/** What functions of the schema raise, and with it a message that is ours. */
export const RAISED_SCHEMA = 'KL001'
export const RAISED_CORRUPT = 'KL002'

/** Serialization failure, deadlock: the server has undone the statement. */
const UNDONE = new Set(['40001', '40P01'])

/** Undefined table, function, column; invalid schema. */
const ABSENT = new Set(['42P01', '42883', '42703', '3F000'])

/** @param check looks whether the tables are right; throws when they are not */
export function connect(client: PostgresClient, check: (connection: Connection) => Promise<void>): Connection {
  async function run(text: string, values?: readonly PostgresValue[]): Promise<readonly unknown[]> {
    try {
      const result = await retryUndone(
        async () => client.query(text, values === undefined ? undefined : [...values]),
        error => UNDONE.has(sqlStateOf(error)),
      )
      return result.rows
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  const ready = once(() => check(connection))
  const connection: Connection = {
    bare: run,
    async rows(text, values) {
      await ready()
      return run(text, values)
    },
  }
  return connection
}

/** `pg` and PGlite say it in `code`, Prisma in `meta.code`; others wrap the error of `pg` as a cause. */
function sqlStateOf(error: unknown): string {
  for (const place of [part(error, 'meta'), part(error, 'cause'), error]) {
    const code = part(place, 'code')
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code
  }
  return ''
}

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? cellOf(value, name) : undefined
}

function storeErrorOf(cause: unknown): StoreError {
  const state = sqlStateOf(cause)
  if (ABSENT.has(state)) return schemaError('the tables are not there, or not ours; run migrate()', cause)
  if (state === RAISED_SCHEMA) return schemaError(String(part(cause, 'message')), cause)
  if (state === RAISED_CORRUPT) return new StoreError('ERR_STORE_CORRUPT', String(part(cause, 'message')), { cause })
  return new StoreError('ERR_STORE_UNAVAILABLE', 'the PostgreSQL database failed', { cause })
}

export function schemaError(message: string, cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_SCHEMA', `createPostgresStore: ${message}`, { cause })
}

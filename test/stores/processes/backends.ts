/** What several processes share, and how each of them opens it. Used by the tests and by the processes they start. */

import type { Pool } from 'pg'
import type { InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../../../src/store.js'
import { createMysqlStore } from '../../../src/stores/mysql.js'
import { createPostgresStore } from '../../../src/stores/postgres.js'
import { createRedisStore } from '../../../src/stores/redis.js'
import { createSqliteStore } from '../../../src/stores/sqlite.js'

/** Where a backend is; plain data, which travels to another process. */
export interface Place {
  readonly backend: 'SQLite' | 'PostgreSQL' | 'MariaDB' | 'Redis'
  /** A file, or what all names of this place begin with. */
  readonly name: string
  readonly host?: string
  readonly port?: number
}

/** One process's stores over a place. */
export interface OpenStores {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  /** Absent where the backend has none. */
  readonly invalidation: InvalidationChannel | undefined
  close(): Promise<unknown>
}

export function openStores(place: Place): Promise<OpenStores> {
  return OPEN[place.backend](place)
}

/** A pool of connections to the place's server, whose tables are found in a schema of its own. */
export async function postgresPool({ name, host, port }: Place): Promise<Pool> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    host: host ?? process.env['PGHOST'] ?? '127.0.0.1',
    port: port ?? Number(process.env['PGPORT'] ?? 5432),
    user: process.env['PGUSER'] ?? 'postgres',
    password: process.env['PGPASSWORD'],
    database: process.env['PGDATABASE'] ?? 'test',
    options: `-c search_path=${name}`,
  })
  // An idle connection may be cut by a test; whoever uses one is told.
  pool.on('error', () => {})
  return pool
}

export const MARIADB = {
  host: process.env['MYSQL_HOST'] ?? '127.0.0.1',
  port: Number(process.env['MYSQL_TCP_PORT'] ?? 3306),
  user: process.env['MYSQL_USER'] ?? 'root',
  password: process.env['MYSQL_PWD'] ?? '',
}

// A process loads the driver of its own backend only, which makes it start sooner.
const OPEN: Readonly<Record<Place['backend'], (place: Place) => Promise<OpenStores>>> = {
  async SQLite({ name }) {
    const { default: Libsql } = await import('libsql')
    const database = new Libsql(name)
    const store = createSqliteStore(database, { busyTimeoutMs: 30_000 })
    return { ...store, invalidation: undefined, close: async () => database.close() }
  },
  async PostgreSQL(place) {
    const pool = await postgresPool(place)
    const store = createPostgresStore(pool)
    await store.migrate()
    return { ...store, close: () => pool.end() }
  },
  async MariaDB({ name }) {
    const { createPool } = await import('mysql2/promise')
    const pool = createPool({ ...MARIADB, database: name })
    const store = createMysqlStore(pool)
    await store.migrate()
    return { ...store, invalidation: undefined, close: () => pool.end() }
  },
  async Redis({ name }) {
    const { createClient } = await import('redis')
    const client = createClient()
    client.on('error', () => {})
    await client.connect()
    const store = await createRedisStore(client, { prefix: `${name}:`, timeoutMs: 30_000 })
    return { ...store, close: async () => client.destroy() }
  },
}

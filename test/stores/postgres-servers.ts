import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { PostgresClient } from '../../src/stores/postgres.js'
import { type Absent, absentService } from '../skips.js'

const HOST = process.env['PGHOST'] ?? '127.0.0.1'
const PORT = Number(process.env['PGPORT'] ?? 5432)

export const absentPostgres: Absent = await absentService('PostgreSQL', PORT, HOST)

/** A database that is the file's own while it runs. */
export interface TestDatabase {
  readonly client: PostgresClient
  /** Runs SQL as the host might. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export type OpenDatabase = () => Promise<TestDatabase>

/** PostgreSQL in this process. Starts in about two seconds, so once a file. */
export async function openPglite(): Promise<TestDatabase & { readonly client: PGlite }> {
  const client = new PGlite()
  await client.waitReady
  const sql = async (text: string) => {
    const results = await client.exec(text)
    return (results.at(-1)?.rows ?? []) as Record<string, unknown>[]
  }
  return { client, sql, close: () => client.close() }
}

/** A pool on a schema of its own, which goes when it is closed. */
export async function openPostgres(
  schema: string,
  config: pg.PoolConfig = {},
): Promise<TestDatabase & { readonly client: pg.Pool; connect(more?: pg.PoolConfig): pg.Pool }> {
  const pools: pg.Pool[] = []
  const connect = (more: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({
      host: HOST,
      port: PORT,
      user: process.env['PGUSER'] ?? 'postgres',
      password: process.env['PGPASSWORD'],
      database: process.env['PGDATABASE'] ?? 'test',
      application_name: schema,
      ...config,
      ...more,
      options: `-c search_path=${schema} ${more.options ?? config.options ?? ''}`,
    })
    // Idle connections may be killed by a test; whoever uses one is told.
    pool.on('error', () => {})
    pools.push(pool)
    return pool
  }
  const client = connect()
  const sql = async (text: string) => {
    const result: unknown = await client.query(text)
    const last = Array.isArray(result) ? result.at(-1) : result
    return (last as pg.QueryResult).rows
  }
  await sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`)
  const close = async () => {
    await sql(`DROP SCHEMA ${schema} CASCADE`)
    await Promise.all(pools.map(pool => (pool.ended ? undefined : pool.end())))
  }
  return { client, connect, sql, close }
}

/** Databases for the benchmark, each gone when it is closed. A server that is not there is said, and skipped. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { createPostgresStore, createSqliteStore } from './library.mjs'

/** Rows that hold the record of another key, four an owner. The database makes their ids, all over its indexes. */
const fillSql = (id, series, record) => `
  INSERT INTO keylattice_keys (key_id, owner, state, expires_at, created_at, version, record)
  SELECT 'kl_live_' || ${id}, 'filler-' || (n / 4), 'active', NULL, 1767225600000, 1, ${record} FROM ${series}`

export async function openSqliteDatabase() {
  const folder = mkdtempSync(join(tmpdir(), 'keylattice-bench-'))
  const open = []
  const connect = file => {
    const database = new Database(join(folder, file))
    open.push(database)
    return database
  }
  return {
    openStore: file => createSqliteStore(connect(file)).keys,
    fill(file, { record, count }) {
      const database = connect(file)
      database.exec('PRAGMA synchronous = OFF')
      const series = '(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?2) SELECT n FROM s)'
      database.prepare(fillSql('lower(hex(randomblob(14)))', series, '?1')).run(record, count)
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    close() {
      for (const database of open) database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function openPostgresDatabase() {
  const { default: pg } = await import('pg')
  const { PGHOST: host = '127.0.0.1', PGPORT = '5432', PGUSER = 'postgres', PGDATABASE = 'test' } = process.env
  const server = { host, port: Number(PGPORT), user: PGUSER, database: PGDATABASE, connectionTimeoutMillis: 2000 }
  const admin = new pg.Pool(server)
  try {
    await admin.query('SELECT 1')
  } catch (error) {
    await admin.end()
    return { skipped: `no PostgreSQL on ${host}:${PGPORT} (${error.code ?? error.message})` }
  }
  const schemas = []
  const pools = [admin]
  const nameOf = file => `keylattice_bench_${process.pid}_${file}`
  return {
    async openStore(file) {
      const schema = nameOf(file)
      await admin.query(`CREATE SCHEMA ${schema}`)
      schemas.push(schema)
      const pool = new pg.Pool({ ...server, options: `-c search_path=${schema}` })
      pools.push(pool)
      const store = createPostgresStore(pool)
      await store.migrate()
      return store.keys
    },
    async fill(file, { record, count }) {
      const client = await admin.connect()
      await client.query(`SET search_path = ${nameOf(file)}`)
      const series = 'generate_series(1, $2::int) AS series(n)'
      await client.query(fillSql('left(md5(random()::text || n), 28)', series, '$1::text'), [record, count])
      await client.query('VACUUM ANALYZE keylattice_keys')
      client.release(true)
    },
    async close() {
      for (const schema of schemas) await admin.query(`DROP SCHEMA ${schema} CASCADE`)
      await Promise.all(pools.map(pool => pool.end()))
    },
  }
}

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { MysqlPool } from '../stores/mysql.js'
import type { PostgresClient } from '../stores/postgres.js'
import type { SqliteDatabase } from '../stores/sqlite.js'
import { failed } from './failures.js'

/** Database drivers of the project the command runs in. This package brings none. */

export interface Closing {
  close(): Promise<void>
}

export type OpenSqlite = SqliteDatabase & { close(): unknown }
type SqliteClass = new (file: string) => OpenSqlite
type Driver<T> = new (options: { readonly connectionString: string; readonly max: number }) => T

/** In this order: what the project has chosen itself comes before what Node brings. */
const SQLITE_DRIVERS = ['better-sqlite3', 'libsql', 'node:sqlite']

/** Opens a SQLite file, with whatever driver there is. */
export function openSqlite(file: string, folder: string): OpenSqlite {
  const tried = SQLITE_DRIVERS.map(name => load(name, folder))
  const module = tried.find(loaded => loaded !== undefined)
  if (module === undefined) {
    throw missing(
      `SQLite needs a driver in this project: npm install better-sqlite3 (or libsql), or Node 22.5 or later`,
    )
  }
  const Database = ((module as { readonly DatabaseSync?: unknown }).DatabaseSync ?? module) as SqliteClass
  try {
    return new Database(file)
  } catch (error) {
    throw failed(`cannot open the database: ${(error as Error).message}`, 'ERR_STORE_UNAVAILABLE')
  }
}

export function openPostgres(url: string, folder: string): Closing & { readonly client: PostgresClient } {
  const pg = load('pg', folder) as { readonly Pool: Driver<PostgresClient & { end(): Promise<void> }> } | undefined
  if (pg === undefined) throw missing('PostgreSQL needs the driver pg in this project: npm install pg')
  const client = new pg.Pool({ connectionString: url, max: 2 })
  return { client, close: () => client.end() }
}

interface Mysql2 {
  createPool(options: { readonly uri: string; readonly connectionLimit: number }): MysqlPool & { end(): Promise<void> }
}

export function openMysql(url: string, folder: string): Closing & { readonly pool: MysqlPool } {
  const mysql = load('mysql2/promise', folder) as Mysql2 | undefined
  if (mysql === undefined) throw missing('MySQL needs the driver mysql2 in this project: npm install mysql2')
  const pool = mysql.createPool({ uri: url.replace(/^mariadb:/, 'mysql:'), connectionLimit: 2 })
  return { pool, close: () => pool.end() }
}

function load(name: string, folder: string): unknown {
  const require = createRequire(join(folder, 'package.json'))
  try {
    return require(name)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_UNKNOWN_BUILTIN_MODULE') return undefined
    throw failed(`the driver ${name} cannot be loaded: ${(error as Error).message.split('\n')[0]}`)
  }
}

function missing(message: string): Error {
  return failed(message, 'ERR_DRIVER_MISSING')
}

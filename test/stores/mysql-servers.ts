import mysql from 'mysql2/promise'
import { type Absent, absentService } from '../skips.js'

const HOST = process.env['MYSQL_HOST'] ?? '127.0.0.1'
const PORT = Number(process.env['MYSQL_TCP_PORT'] ?? 3306)

export const absentMysql: Absent = await absentService('MySQL', PORT, HOST)

/** A pool on a database of its own, which goes when it is closed. */
export interface TestDatabase {
  readonly pool: mysql.Pool
  /** Another pool on it. */
  connect(options?: mysql.PoolOptions): mysql.Pool
  /** Runs SQL as the host might. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  /** The connections to it that wait for a lock, once there are so many. */
  waiting(count: number): Promise<readonly number[]>
  close(): Promise<void>
}

/** The server renews what it tells of transactions when nobody has asked for a tenth of a second. */
const NEWS_MS = 120

export async function openMysql(database: string): Promise<TestDatabase> {
  const server = {
    host: HOST,
    port: PORT,
    user: process.env['MYSQL_USER'] ?? 'root',
    password: process.env['MYSQL_PWD'] ?? '',
  }
  const admin = await mysql.createConnection({ ...server, multipleStatements: true })
  await admin.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`)
  const pools: mysql.Pool[] = []
  const connect = (options: mysql.PoolOptions = {}) => {
    const pool = mysql.createPool({ ...server, database, ...options })
    pools.push(pool)
    return pool
  }
  const sql = async (text: string) => {
    const [result] = await admin.query(text)
    return result as Record<string, unknown>[]
  }
  const waiting = async (count: number) => {
    for (;;) {
      const rows = await sql(`SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx
        JOIN information_schema.processlist ON id = trx_mysql_thread_id
        WHERE trx_state = 'LOCK WAIT' AND db = '${database}'`)
      if (rows.length >= count) return rows.map(({ id }) => Number(id))
      await new Promise(resolve => setTimeout(resolve, NEWS_MS))
    }
  }
  const close = async () => {
    await Promise.all(pools.map(pool => pool.end()))
    await sql(`DROP DATABASE ${database}`)
    await admin.end()
  }
  return { pool: connect(), connect, sql, waiting, close }
}

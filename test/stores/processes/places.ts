import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import mysql from 'mysql2/promise'
import { createClient } from 'redis'
import { type Absent, absentService } from '../../skips.js'
import { MARIADB, type Place, postgresPool } from './backends.js'

/** A place that is the test's own. */
export interface TestPlace {
  readonly place: Place
  /** Leaves nothing behind. */
  remove(): Promise<void>
}

/** A backend that the tests can be run on. */
export interface Backend {
  readonly name: Place['backend']
  readonly absent: Absent
  /** Whether what it has answered outlives a crash. */
  readonly isDurable: boolean
  /** Whether it brings word of changed keys. */
  readonly hasChannel: boolean
  make(): Promise<TestPlace>
}

/** Whether the tests may take their time and need their servers. */
export const isThorough: boolean = process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1'

const absentHere = async (name: string, port: number): Promise<Absent> =>
  isThorough ? absentService(name, port) : `many processes on ${name} take part in npm run test:services only`

const nameOf = () => `processes_${process.pid}_${Math.random().toString(36).slice(2, 8)}`

export const BACKENDS: readonly Backend[] = [
  { name: 'SQLite', absent: undefined, isDurable: true, hasChannel: false, make: makeSqlite },
  {
    name: 'PostgreSQL',
    absent: await absentHere('PostgreSQL', Number(process.env['PGPORT'] ?? 5432)),
    isDurable: true,
    hasChannel: true,
    make: makePostgres,
  },
  {
    name: 'MariaDB',
    absent: await absentHere('MariaDB', MARIADB.port),
    isDurable: true,
    hasChannel: false,
    make: makeMariadb,
  },
  { name: 'Redis', absent: await absentHere('Redis', 6379), isDurable: false, hasChannel: true, make: makeRedis },
]

async function makeSqlite(): Promise<TestPlace> {
  const name = join(mkdtempSync(join(tmpdir(), 'keylattice-')), 'store.db')
  return {
    place: { backend: 'SQLite', name },
    remove: async () => rmSync(dirname(name), { recursive: true, force: true }),
  }
}

async function makePostgres(): Promise<TestPlace> {
  const place: Place = { backend: 'PostgreSQL', name: nameOf() }
  const run = async (sql: string) => {
    const pool = await postgresPool(place)
    await pool.query(sql)
    await pool.end()
  }
  await run(`CREATE SCHEMA ${place.name}`)
  return { place, remove: () => run(`DROP SCHEMA ${place.name} CASCADE`) }
}

async function makeMariadb(): Promise<TestPlace> {
  const place: Place = { backend: 'MariaDB', name: nameOf() }
  const run = async (sql: string) => {
    const connection = await mysql.createConnection(MARIADB)
    await connection.query(sql)
    await connection.end()
  }
  await run(`CREATE DATABASE ${place.name}`)
  return { place, remove: () => run(`DROP DATABASE ${place.name}`) }
}

async function makeRedis(): Promise<TestPlace> {
  const place: Place = { backend: 'Redis', name: nameOf() }
  const remove = async () => {
    const client = await createClient().connect()
    for await (const names of client.scanIterator({ MATCH: `*${place.name}*`, COUNT: 1000 })) {
      if (names.length > 0) await client.unlink(names)
    }
    client.destroy()
  }
  return { place, remove }
}

import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createKeyManager,
  createMint,
  createSealer,
  defineKeyPolicy,
  definePermissions,
  type KeyStore,
  standardKeyPolicy,
} from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { hmacV1 } from '../../src/schemes/hmac-v1.js'
import { createMysqlStore } from '../../src/stores/mysql.js'
import { createPostgresStore } from '../../src/stores/postgres.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { ROOT, requireBuild } from '../package/dist.js'
import { type Absent, describeUnless } from '../skips.js'
import { absentMysql } from '../stores/mysql-servers.js'
import { absentPostgres } from '../stores/postgres-servers.js'
import { keylattice, temporaryFolder } from './keylattice.js'

requireBuild()

const hex = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32)
const OLD = `k1:${hex(1)}`
const NEW = `k2:${hex(2)}`
const BOTH = { KEYLATTICE_MASTER_KEYS: `${NEW}\n${OLD}` }
const PREFIX = 'cli_test_'
const COUNT = 7

/** A database, and how the command is told of it. */
interface Subject {
  readonly name: string
  readonly absent: Absent
  /** Makes an empty one. */
  open(): Promise<{
    readonly args: readonly string[]
    readonly env: Record<string, string>
    keys(): KeyStore
    close(): Promise<void>
  }>
}

const postgresUrl = () => {
  const { PGHOST = '127.0.0.1', PGPORT = '5432', PGUSER = 'postgres', PGDATABASE = 'test' } = process.env
  return `postgres://${PGUSER}@${PGHOST}:${PGPORT}/${PGDATABASE}`
}
const mysqlUrl = (database: string) => {
  const { MYSQL_HOST = '127.0.0.1', MYSQL_TCP_PORT = '3306', MYSQL_USER = 'root', MYSQL_PWD = '' } = process.env
  return `mysql://${MYSQL_USER}${MYSQL_PWD === '' ? '' : `:${MYSQL_PWD}`}@${MYSQL_HOST}:${MYSQL_TCP_PORT}/${database}`
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'SQLite',
    absent: undefined,
    async open() {
      const file = join(temporaryFolder(), 'keys.db')
      const keys = () => createSqliteStore(new Database(file), { tablePrefix: PREFIX }).keys
      return { args: ['--store', file], env: {}, keys, close: async () => {} }
    },
  },
  {
    name: 'PostgreSQL',
    absent: absentPostgres,
    async open() {
      const pool = new pg.Pool({
        connectionString: postgresUrl(),
        options: '-c search_path=keylattice_cli',
      } as pg.PoolConfig)
      await pool.query('DROP SCHEMA IF EXISTS keylattice_cli CASCADE')
      await pool.query('CREATE SCHEMA keylattice_cli')
      const env = { KEYLATTICE_STORE: `${postgresUrl()}?options=-c%20search_path%3Dkeylattice_cli` }
      const keys = () => createPostgresStore(pool, { tablePrefix: PREFIX }).keys
      return {
        args: [],
        env,
        keys,
        close: async () => {
          await pool.query('DROP SCHEMA keylattice_cli CASCADE')
          await pool.end()
        },
      }
    },
  },
  {
    name: 'MySQL',
    absent: absentMysql,
    async open() {
      const admin = await mysql.createConnection(mysqlUrl('mysql'))
      await admin.query('DROP DATABASE IF EXISTS keylattice_cli')
      await admin.query('CREATE DATABASE keylattice_cli')
      const pool = mysql.createPool(mysqlUrl('keylattice_cli'))
      const env = { KEYLATTICE_STORE: mysqlUrl('keylattice_cli') }
      const keys = () => createMysqlStore(pool, { tablePrefix: PREFIX }).keys
      return {
        ...{ args: [], env, keys },
        close: async () => {
          await pool.end()
          await admin.query('DROP DATABASE keylattice_cli')
          await admin.end()
        },
      }
    },
  },
]

const permissions = definePermissions({ permissions: { read: [] } })

/** Keys sealed under the old master key, and whether all their secrets open under the new one alone. */
function house(keys: KeyStore, masterKeys: readonly string[]) {
  const ring = Object.fromEntries(masterKeys.map(line => [line.slice(0, 2), Buffer.from(line.slice(3), 'hex')]))
  return createKeyManager({
    ...{
      keys,
      permissions,
      schemes: [hmacV1({ audience: 'a' })],
      ceiling: () => ({ permissions: ['read'] as const, accounts: null }),
    },
    sealer: createSealer({ primary: masterKeys[0]?.slice(0, 2) ?? '', keys: ring }),
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
  })
}

async function issueKeys(keys: KeyStore): Promise<void> {
  const manager = house(keys, [OLD])
  for (let at = 0; at < COUNT; at++) {
    await manager.create({ owner: `user-${at}`, label: '', permissions: ['read'], accounts: null, ipAllowlist: null })
  }
}

for (const { name, absent, open } of SUBJECTS) {
  describeUnless(absent, `With ${name}`, () => {
    it('migrate makes the tables and reseal seals everything anew, step by step', async () => {
      const { args, env, keys, close } = await open()
      try {
        const run = (command: string, ...more: readonly string[]) =>
          keylattice([command, ...args, '--table-prefix', PREFIX, ...more], { env: { ...env, ...BOTH }, folder: ROOT })
        for (const _ of [1, 2])
          expect(await run('migrate')).toEqual({
            status: 0,
            stdout: `${name}: the tables are up to date\n`,
            stderr: '',
          })
        await issueKeys(keys())
        expect(JSON.parse((await run('reseal', '--count', '--json')).stdout)).toEqual({
          primary: 'k2',
          secrets: { k1: COUNT },
          unreadable: [],
        })
        const first = await run('reseal', '--batch', '3', '--json')
        expect(JSON.parse(first.stdout)).toEqual({
          scanned: COUNT,
          resealed: COUNT,
          skipped: 0,
          failed: [],
          next: null,
        })
        expect(first.status).toBe(0)
        expect(JSON.parse((await run('reseal', '--json')).stdout)).toMatchObject({ resealed: 0, skipped: COUNT })
        expect((await run('reseal', '--count')).stdout).toBe(`k2 (seals)  ${COUNT}\n`)
        expect(
          (await house(keys(), [NEW]).countMasterKeys({ actor: { role: 'operator', id: 'test' } })).secrets,
        ).toEqual(new Map([['k2', COUNT]]))
      } finally {
        await close()
      }
    })
  })
}

describe('reseal', () => {
  let file: string
  let folder: string

  beforeAll(async () => {
    folder = ROOT
    mkdirSync(join(ROOT, '.cache'), { recursive: true })
    file = join(ROOT, '.cache', `cli-reseal-${process.pid}.db`)
    await issueKeys(createSqliteStore(new Database(file)).keys)
  })
  afterAll(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  })

  it('continues behind a key id', async () => {
    const { keys } = createSqliteStore(new Database(file))
    const rows = await keys.scan({ limit: 3, after: undefined })
    const after = rows.at(-1)?.keyId as string
    const ran = await keylattice(['reseal', '--json', '--store', file, '--after', after], { env: BOTH, folder })
    expect(JSON.parse(ran.stdout)).toMatchObject({ scanned: COUNT - 3, resealed: COUNT - 3 })
  })

  it('leaves alone what it cannot open, and ends with code 1', async () => {
    const ran = await keylattice(['reseal', '--store', file], {
      env: { KEYLATTICE_MASTER_KEYS: `k3:${hex(3)}` },
      folder,
    })
    expect(ran.status).toBe(1)
    expect(ran.stdout).toContain(`${COUNT} failed`)
    expect(ran.stdout).toContain('ERR_SEAL_KEY_UNKNOWN')
  })

  it.each([
    ['', 'no master-keys'],
    ['k1', 'master key 1 is not'],
    [`k1:${hex(1).slice(1)}`, 'master key 1 is not'],
    [`${OLD},${NEW},k1:${hex(4)}`, 'master key 3 has the id of an earlier one'],
    [`K1:${hex(1)}`, 'master key 1 is not'],
    ['# none', 'there is no master key'],
  ])('refuses the master keys %#, and shows none', async (text, why) => {
    const ran = await keylattice(['reseal', '--store', file], { env: { KEYLATTICE_MASTER_KEYS: text }, folder })
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
    expect(ran.stderr).not.toMatch(/(01){5}|(02){5}|(04){5}/)
  })

  it('takes them from a file, in hex or base64', async () => {
    const own = temporaryFolder()
    writeFileSync(join(own, 'm.txt'), `# new\nk2:${Buffer.from(hex(2), 'hex').toString('base64')}\n${OLD}\n`, {
      mode: 0o600,
    })
    const ran = await keylattice(['reseal', '--store', file, '--master-keys-file', join(own, 'm.txt')], { folder })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
  })

  it('makes no database that is not there', async () => {
    const missing = join(temporaryFolder(), 'keys.db')
    const ran = await keylattice(['reseal', '--store', missing], { env: BOTH, folder })
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(existsSync(missing)).toBe(false)
  })
})

describe('A store', () => {
  it.each([
    [[], 'which store?'],
    [['--store', 'redis://localhost/'], '--store must be'],
    [['--store', 'postgres://app:canary-password@db/x'], 'a URL with a password'],
    [['--store', 'x.db', '--table-prefix', 'DROP'], 'tablePrefix'],
    [['--print', 'oracle'], '--print must be'],
    [['--print', 'postgres', '--store', 'x.db'], 'leave --store out'],
  ])('is refused where it cannot be understood: %j', async (args, why) => {
    const ran = await keylattice(['migrate', ...args], { folder: ROOT })
    expect(existsSync(join(ROOT, 'x.db'))).toBe(false)
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toContain(why)
    expect(ran.stderr).not.toContain('canary')
  })

  it.each([
    ['postgres://app@127.0.0.1:9/x', 'npm install pg'],
    ['mysql://app@127.0.0.1:9/x', 'npm install mysql2'],
  ])('whose driver is not installed is named: %s', async (url, why) => {
    const ran = await keylattice(['migrate', '--store', url])
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toContain(why)
  })

  it.each([
    ['postgres://app:canary-password@127.0.0.1:9/x', 'ECONNREFUSED'],
    ['mysql://app:canary-password@127.0.0.1:9/x', 'ECONNREFUSED'],
    ['sqlite:/nowhere/keys.db', 'cannot open'],
  ])('that does not answer ends the command with code 3, and its password is not shown: %s', async (url, why) => {
    const ran = await keylattice(['migrate'], { folder: ROOT, env: { KEYLATTICE_STORE: url } })
    expect(ran).toMatchObject({ status: 3, stdout: '' })
    expect(ran.stderr).toContain(why)
    expect(ran.stderr).not.toContain('canary')
  })

  it('is opened with the driver of the project in the folder', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'node_modules', '@libsql'), { recursive: true })
    const before = await keylattice(['migrate', '--store', 'keys.db'], { folder })
    if (process.getBuiltinModule('node:sqlite') === undefined)
      expect(before.stderr).toContain('npm install better-sqlite3')
    symlinkSync(join(ROOT, 'node_modules', 'libsql'), join(folder, 'node_modules', 'libsql'))
    expect(await keylattice(['migrate', '--store', 'keys.db'], { folder })).toMatchObject({ status: 0 })
    expect(existsSync(join(folder, 'keys.db'))).toBe(true)
  })

  it.each(['postgres', 'mysql', 'sqlite'])('of %s has its SQL printed, with the prefix asked for', async dialect => {
    const ran = await keylattice(['migrate', '--print', dialect, '--table-prefix', 'acme_'], { folder: ROOT })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toContain('acme_keys')
    expect(ran.stdout).not.toContain('keylattice_')
  })

  it('can be made from the SQL that is printed for SQLite', async () => {
    const { stdout } = await keylattice(['migrate', '--print', 'sqlite'], { folder: ROOT })
    const database = new Database(':memory:')
    database.exec(stdout)
    expect(await createSqliteStore(database).keys.get('none')).toBeUndefined()
  })
})

import mysql from 'mysql2/promise'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createMysqlStore, type MysqlPool } from '../../src/stores/mysql.js'
import { describeUnless } from '../skips.js'
import { absentMysql, openMysql, type TestDatabase } from './mysql-servers.js'

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: 5,
  version: 1,
  record: '{}',
}
const LATER = 4_000_000_000_000
const UNAVAILABLE = expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' })
const failure = (properties: object) => Object.assign(new Error('failed'), properties)

describe('A failure of MySQL', () => {
  /** Fails with the errors given on statements of one kind, and otherwise answers. */
  function failing(kind: string, errors: unknown[]) {
    const said: string[] = []
    const query = async (sql: string) => {
      said.push(sql.split(/[\s(]/)[0] ?? '')
      if (sql.startsWith(kind) && errors.length > 0) throw errors.shift()
      const row = { value: 1, autocommit: 1, slot: 5, taken: 0, living: 0 }
      return [/^\s*SELECT/.test(sql) ? [row] : { affectedRows: 1 }] as const
    }
    const pool: MysqlPool = {
      query,
      getConnection: async () => ({
        query,
        release: () => said.push('released'),
        destroy: () => said.push('destroyed'),
      }),
    }
    return { ...createMysqlStore(pool), said }
  }

  const CONFLICTS = [
    ['a deadlock', failure({ errno: 1213 })],
    ['a lock that was not free in time', failure({ errno: 1205 })],
    ['a deadlock, wrapped by a query builder', failure({ cause: failure({ errno: 1213 }) })],
  ] as const

  it.each(CONFLICTS)('such as %s is undone, and the transaction tried again from its beginning', async (_, error) => {
    for (const kind of ['SELECT slot', 'INSERT', 'COMMIT']) {
      const { keys, said } = failing(kind, [error, error])
      expect(await keys.insert(ROW, 1)).toBe('inserted')
      expect(said.filter(word => word === 'START')).toHaveLength(3)
      expect(said.filter(word => word === 'ROLLBACK')).toHaveLength(2)
      expect(said.filter(word => word === 'COMMIT')).toHaveLength(kind === 'COMMIT' ? 3 : 1)
      expect(said.filter(word => word === 'released')).toHaveLength(3)
    }
  })

  it.each(CONFLICTS)('such as %s is given up on at last', async (_, error) => {
    const { usage, keys } = failing(
      'INSERT',
      Array.from({ length: 12 }, () => error),
    )
    const expected = expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: error })
    await expect(usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })).rejects.toThrow(expected)
    await expect(keys.insert(ROW, 1)).rejects.toThrow(expected)
    expect(await keys.insert(ROW, 1)).toBe('inserted')
  })

  it.each([
    ['a lost connection', failure({ code: 'PROTOCOL_CONNECTION_LOST' })],
    ['a reset connection', failure({ code: 'ECONNRESET', errno: -104 })],
    ['a broken constraint', failure({ errno: 3819 })],
    ['a full disk', failure({ errno: 1021 })],
    ['a text', 'a text'],
    ['nothing', undefined],
  ])('such as %s is told, and nothing tried again', async (_, error) => {
    for (const kind of ['SELECT slot', 'INSERT', 'COMMIT']) {
      const { keys, said } = failing(kind, [error])
      await expect(keys.insert(ROW, 1)).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: error }),
      )
      expect(said.filter(word => word === 'START')).toHaveLength(1)
      expect(said.slice(-2)).toEqual(['ROLLBACK', 'released'])
    }
  })

  it('that keeps a transaction from being undone costs the connection', async () => {
    const lost = failure({ code: 'PROTOCOL_CONNECTION_LOST' })
    const query = async (sql: string) => {
      if (!sql.includes('@@autocommit')) throw lost
      return [[{ value: 1, autocommit: 1 }]] as const
    }
    const ends: string[] = []
    const pool: MysqlPool = {
      query,
      getConnection: async () => ({
        query,
        release: () => ends.push('released'),
        destroy: () => ends.push('destroyed'),
      }),
    }
    await expect(createMysqlStore(pool).keys.insert(ROW, 1)).rejects.toThrow(UNAVAILABLE)
    expect(ends).toEqual(['destroyed'])
  })

  it.each([[undefined], [[]], [{}], [{ affectedRows: null }], [{ affectedRows: '1' }]])(
    'to say what a statement did is told: %j',
    async answer => {
      const query = async (sql: string) => [sql.includes('@@') ? [{ value: 1, autocommit: 1 }] : answer] as const
      const { keys } = createMysqlStore({ query, getConnection: async () => ({ query, release() {}, destroy() {} }) })
      await expect(keys.remove('key', 1)).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    },
  )

  it.each([[undefined], [{}], ['rows'], [{ affectedRows: 1 }]])('to answer with rows is told: %j', async answer => {
    const query = async (sql: string) => [sql.includes('@@') ? [{ value: 1, autocommit: 1 }] : answer] as const
    const { keys } = createMysqlStore({ query, getConnection: async () => ({ query, release() {}, destroy() {} }) })
    await expect(keys.get('key')).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })
})

describeUnless(absentMysql, 'MySQL in trouble', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await openMysql('kl_faults')
    await createMysqlStore(database.pool).migrate()
  })
  beforeEach(() => database.sql('DELETE FROM keylattice_keys; DELETE FROM keylattice_usage'))
  afterAll(() => database?.close())

  it('breaks a deadlock, and the insert that lost is tried again', async () => {
    const { keys } = createMysqlStore(database.pool)
    const other = await database.pool.getConnection()
    await other.query('START TRANSACTION')
    const columns = 'key_id, owner, state, created_at, version, record'
    for (const keyId of ['locked', 'more', 'weight']) {
      await other.query(`INSERT INTO keylattice_keys (${columns}) VALUES ('${keyId}', 'other', 'active', 1, 1, '{}')`)
    }
    const insert = keys.insert({ ...ROW, keyId: 'locked', owner: 'deadlocked' }, 1)
    await database.waiting(1)
    // Waits for the insert, which waits for this transaction.
    await other.query('SELECT slot FROM keylattice_locks FOR UPDATE')
    await other.query('COMMIT')
    other.release()
    expect(await insert).toBe('exists')
    expect(await keys.insert({ ...ROW, keyId: 'free', owner: 'deadlocked' }, 1)).toBe('inserted')
  })

  it.each(['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
    'keeps its promises where transactions are %s',
    async isolation => {
      const pool = database.connect({ connectionLimit: 8 })
      const connections = await Promise.all(Array.from({ length: 8 }, () => pool.getConnection()))
      for (const connection of connections) {
        await connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`)
        connection.release()
      }
      const { keys, replay } = createMysqlStore(pool)
      const inserts = await Promise.all(
        Array.from({ length: 40 }, (_, i) => keys.insert({ ...ROW, keyId: `counted-${i}` }, 7)),
      )
      expect(inserts.filter(outcome => outcome === 'inserted')).toHaveLength(7)
      expect(inserts.filter(outcome => outcome === 'limit')).toHaveLength(33)
      const claims = await Promise.all(Array.from({ length: 40 }, () => replay.claim(isolation, 'token', LATER)))
      expect(claims.filter(Boolean)).toHaveLength(1)
      const key = isolation
      const nonces = await Promise.all(Array.from({ length: 40 }, (_, i) => replay.advance(key, BigInt(i % 20), 20)))
      expect(nonces.filter(Boolean)).toHaveLength(20)
    },
  )

  it('rejects what is under way when connections are ended, and answers what comes after', async () => {
    const { keys, replay, usage } = createMysqlStore(database.connect())
    expect(await keys.insert({ ...ROW, keyId: 'cut' }, 9)).toBe('inserted')
    await replay.claim('cut', 'held', LATER)
    await replay.advance('cut', 1n, 4)
    await usage.touch({ keyId: 'cut', lastUsedAt: 1, lastAddress: null, count: 1 })
    const other = await database.pool.getConnection()
    await other.query('START TRANSACTION')
    for (const table of ['keys', 'windows', 'usage', 'locks', 'claims']) {
      await other.query(`SELECT * FROM keylattice_${table} FOR UPDATE`)
    }
    const pending = Promise.allSettled([
      keys.insert({ ...ROW, keyId: 'cut-2' }, 9),
      keys.replace({ ...ROW, keyId: 'cut', version: 2 }, 1),
      keys.remove('cut', 1),
      replay.claim('cut', 'held', LATER),
      replay.advance('cut', 7n, 4),
      usage.touch({ keyId: 'cut', lastUsedAt: 2, lastAddress: null, count: 1 }),
    ])
    for (const id of await database.waiting(6)) await database.sql(`KILL ${id}`)
    expect(await pending).toEqual(Array.from({ length: 6 }, () => ({ status: 'rejected', reason: UNAVAILABLE })))
    await other.query('COMMIT')
    other.release()
    expect(await keys.get('cut')).toEqual({ ...ROW, keyId: 'cut' })
    expect(await keys.insert({ ...ROW, keyId: 'cut-2' }, 9)).toBe('inserted')
    expect(await replay.claim('cut', 'held', LATER)).toBe(false)
    expect(await replay.claim('cut', 'free', LATER)).toBe(true)
    expect(await replay.advance('cut', 7n, 4)).toBe(true)
    expect(await usage.get('cut')).toMatchObject({ count: 1 })
  })

  it('lets nothing through while it is away', async () => {
    const { keys, replay, migrate } = createMysqlStore(mysql.createPool({ host: '127.0.0.1', port: 1 }))
    await expect(keys.get('key')).rejects.toThrow(UNAVAILABLE)
    await expect(replay.claim('key', 'away', LATER)).rejects.toThrow(UNAVAILABLE)
    await expect(migrate()).rejects.toThrow(UNAVAILABLE)
  })

  it('is refused where writes would stay with the connection that made them', async () => {
    const pool = database.connect({ connectionLimit: 1 })
    await pool.query('SET SESSION autocommit = 0')
    await expect(createMysqlStore(pool).replay.claim('key', 'token', LATER)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STORE_SCHEMA', message: expect.stringMatching(/autocommit/) }),
    )
  })

  it.each([
    ['another charset', { charset: 'latin1' }, ''],
    ['numbers as text', { supportBigNumbers: true, bigNumberStrings: true }, ''],
    ['rows counted as changed, not as found', { flags: ['-FOUND_ROWS'] }, ''],
    ['no backslashes in text', {}, 'NO_BACKSLASH_ESCAPES'],
    ['everything ANSI', {}, 'ANSI,TRADITIONAL'],
    ['no strictness at all', {}, ''],
  ] satisfies readonly (readonly [string, mysql.PoolOptions, string])[])(
    'serves a pool that is set to %s',
    async (_, options, mode) => {
      const pool = database.connect({ ...options, connectionLimit: 1 })
      await pool.query(`SET SESSION sql_mode = '${mode}'`)
      const { keys, replay, usage } = createMysqlStore(pool)
      const odd = String.raw`\' OR 1=1 -- "🔑é%_?`
      const row = { ...ROW, keyId: odd, owner: `${odd}'`, record: `\ufeff{"label":"${odd}"}`, expiresAt: 2 ** 52 }
      expect(await keys.insert(row, 1)).toBe('inserted')
      expect(await keys.insert(row, 1)).toBe('exists')
      expect(await keys.insert({ ...row, keyId: 'a' }, 1)).toBe('limit')
      expect(await keys.get(odd)).toEqual(row)
      expect(await keys.replace({ ...row, version: 2 }, 1)).toBe(true)
      expect(await keys.replace({ ...row, version: 2 }, 1)).toBe(false)
      expect(await keys.list({ owner: row.owner, limit: 5 })).toEqual([{ ...row, version: 2 }])
      expect(await keys.remove(odd, 2)).toBe(true)
      const token = `${odd}${JSON.stringify(options)}${mode}${_}`
      expect(await replay.claim('key', token, LATER)).toBe(true)
      expect(await replay.claim('key', token, LATER)).toBe(false)
      await usage.touch({ keyId: odd, lastUsedAt: 1, lastAddress: odd, count: 1 })
      await usage.touch({ keyId: odd, lastUsedAt: 1, lastAddress: odd, count: 1 })
      expect(await usage.get(odd)).toEqual({ keyId: odd, lastUsedAt: 1, lastAddress: odd, count: 2 })
    },
  )

  it('takes nothing from a pool that makes text of bytes, and so had to guess their charset', async () => {
    const pool = database.connect({ typeCast: field => field.string() })
    await createMysqlStore(database.pool).keys.insert(ROW, 1)
    await createMysqlStore(database.pool).usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: 'é', count: 1 })
    const { keys, usage } = createMysqlStore(pool)
    const corrupt = expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: 'key_id' })
    await expect(keys.get('key')).rejects.toThrow(corrupt)
    await expect(usage.get('key')).rejects.toThrow(corrupt)
    await expect(keys.list({ owner: 'owner', limit: 1 })).rejects.toThrow(corrupt)
    await expect(keys.scan({ limit: 1 })).rejects.toThrow(corrupt)
  })

  it.each(['a\0', '\ud800'])('refuses to store %j, and finds nothing under it', async text => {
    const { keys, usage, audit } = createMysqlStore(database.pool)
    const refusal = (field: string) => expect.objectContaining({ code: 'ERR_INPUT_INVALID', field })
    await expect(keys.insert({ ...ROW, keyId: text }, 1)).rejects.toThrow(refusal('keyId'))
    await expect(keys.insert({ ...ROW, owner: text }, 1)).rejects.toThrow(refusal('owner'))
    await expect(keys.insert({ ...ROW, record: text }, 1)).rejects.toThrow(refusal('record'))
    for (const keyId of ['a', '\ufffd']) await keys.insert({ ...ROW, keyId, owner: keyId }, 1)
    await expect(keys.replace({ ...ROW, keyId: 'a', owner: text, version: 2 }, 1)).rejects.toThrow(refusal('owner'))
    const use = { keyId: text, lastUsedAt: 1, lastAddress: null, count: 1 }
    await expect(usage.touch(use)).rejects.toThrow(refusal('keyId'))
    const entry = { at: 1, event: 'e', owner: null, keyId: null, detail: text }
    await expect(audit.append(entry)).rejects.toThrow(refusal('detail'))
    expect(await keys.get(text)).toBeUndefined()
    expect(await keys.replace({ ...ROW, keyId: text, version: 2 }, 1)).toBe(false)
    expect(await keys.remove(text, 1)).toBe(false)
    expect(await keys.list({ owner: text, limit: 10 })).toEqual([])
    expect(await usage.get(text)).toBeUndefined()
  })

  it('takes ids and owners up to their limits, and refuses longer ones rather than cut them', async () => {
    const pool = database.connect({ connectionLimit: 1 })
    await pool.query("SET SESSION sql_mode = ''")
    const { keys } = createMysqlStore(pool)
    const keyId = 'é'.repeat(256)
    const owner = '🔑'.repeat(256)
    const refusal = (field: string) => expect.objectContaining({ code: 'ERR_INPUT_INVALID', field })
    expect(await keys.insert({ ...ROW, keyId, owner }, 1)).toBe('inserted')
    expect(await keys.get(keyId)).toEqual({ ...ROW, keyId, owner })
    await expect(keys.insert({ ...ROW, keyId: `${keyId}a` }, 1)).rejects.toThrow(refusal('keyId'))
    await expect(keys.insert({ ...ROW, owner: `${owner}a` }, 1)).rejects.toThrow(refusal('owner'))
    expect(await keys.get(`${keyId}a`)).toBeUndefined()
  })

  it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a page of %s rows', async limit => {
    const { keys } = createMysqlStore(database.pool)
    const refusal = expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'limit' })
    await expect(keys.list({ owner: 'owner', limit })).rejects.toThrow(refusal)
    await expect(keys.scan({ limit })).rejects.toThrow(refusal)
  })

  it('admits nobody under a limit that is no number', async () => {
    const { keys } = createMysqlStore(database.pool)
    expect(await keys.insert(ROW, Number.NaN)).toBe('limit')
  })
})

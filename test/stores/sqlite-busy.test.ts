import Libsql from 'libsql'
import { describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createSqliteStore, type SqliteDatabase } from '../../src/stores/sqlite.js'
import { createFakeClock } from '../../src/testing/index.js'

const START = 1_750_000_000_000

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: 7,
  createdAt: START,
  version: 1,
  record: '{}',
}

/** A database whose next commands of one kind fail. */
function failing(): SqliteDatabase & { fail(command: string, errors: readonly unknown[]): void } {
  const database = new Libsql(':memory:')
  let planned: { readonly command: string; readonly errors: unknown[] } = { command: '', errors: [] }
  return {
    prepare: sql => database.prepare(sql),
    exec(sql) {
      if (sql.startsWith(planned.command) && planned.errors.length > 0) throw planned.errors.shift()
      return database.exec(sql)
    },
    fail(command, errors) {
      planned = { command, errors: [...errors] }
    },
  }
}

const error = (properties: object) => Object.assign(new Error('database is locked'), properties)

const BUSY = [
  ['node:sqlite', error({ code: 'ERR_SQLITE_ERROR', errcode: 5 })],
  ['node:sqlite, extended', error({ code: 'ERR_SQLITE_ERROR', errcode: 261 })],
  ['better-sqlite3', error({ code: 'SQLITE_BUSY' })],
  ['better-sqlite3, extended', error({ code: 'SQLITE_BUSY_SNAPSHOT' })],
  ['libsql', error({ code: 'SQLITE_BUSY', rawCode: 5 })],
] as const

describe('A busy database, as told by', () => {
  it.each(BUSY)('%s, is tried again', (_, busy) => {
    for (const command of ['BEGIN', 'COMMIT']) {
      const database = failing()
      const { keys } = createSqliteStore(database)
      database.fail(command, [busy, busy])
      expect(keys.insert(ROW, 1)).toBe('inserted')
      expect(keys.list({ owner: 'owner', limit: 10 })).toEqual([ROW])
    }
  })

  it.each(BUSY)('%s, is given up on at the third time, with nothing written', (_, busy) => {
    for (const command of ['BEGIN', 'COMMIT']) {
      const database = failing()
      const { keys } = createSqliteStore(database)
      database.fail(command, [busy, busy, busy])
      const insert = () => keys.insert(ROW, 1)
      expect(insert).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: busy }))
      expect(keys.get('key')).toBeUndefined()
      expect(insert()).toBe('inserted')
    }
  })

  it.each([
    error({ code: 'ERR_SQLITE_ERROR', errcode: 13 }),
    error({ code: 'SQLITE_FULL', rawCode: 13 }),
    error({ code: 'SQLITE_IOERR' }),
    'a text',
    null,
    undefined,
  ])('another failure is not tried again (%#)', failure => {
    const database = failing()
    const { replay } = createSqliteStore(database)
    database.fail('COMMIT', [failure])
    const claim = () => replay.claim('key', 'nonce', Date.now() + 60_000)
    expect(claim).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
    expect(claim()).toBe(true)
  })
})

describe('A driver that says null where there is no row', () => {
  /** As `bun:sqlite` does. */
  function saysNull(): SqliteDatabase {
    const database = new Libsql(':memory:')
    return {
      exec: sql => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql)
        return {
          run: (...values) => statement.run(...values),
          get: (...values) => statement.get(...values) ?? null,
          all: (...values) => statement.all(...values),
        }
      },
    }
  }

  it('is understood', () => {
    const { keys, replay, usage } = createSqliteStore(saysNull())
    expect(keys.get('key')).toBeUndefined()
    expect(keys.insert(ROW, 1)).toBe('inserted')
    expect(keys.get('key')).toEqual(ROW)
    expect(keys.insert(ROW, 1)).toBe('exists')
    expect(usage.get('key')).toBeUndefined()
    expect(replay.claim('key', 'a', Date.now() + 60_000)).toBe(true)
    expect(replay.claim('key', 'a', Date.now() + 60_000)).toBe(false)
    expect(replay.advance('key', 1n, 1)).toBe(true)
    expect(replay.advance('key', 1n, 1)).toBe(false)
  })
})

describe('A driver that answers with bigints', () => {
  it('is understood', () => {
    const database = new Libsql(':memory:')
    database.defaultSafeIntegers(true)
    const clock = createFakeClock(START)
    const { keys, replay, usage } = createSqliteStore(database, { clock })
    expect(keys.insert(ROW, 1)).toBe('inserted')
    expect(keys.insert({ ...ROW, keyId: 'second' }, 1)).toBe('limit')
    expect(keys.get('key')).toStrictEqual(ROW)
    expect(keys.replace({ ...ROW, version: 2 }, 1)).toBe(true)
    expect(keys.replace({ ...ROW, version: 2 }, 1)).toBe(false)
    expect(replay.claim('key', 'a', START + 1)).toBe(true)
    expect(replay.claim('key', 'a', START + 1)).toBe(false)
    clock.advance(1000)
    expect(replay.claim('key', 'b', START + 2000)).toBe(true)
    clock.set(START)
    expect(replay.claim('key', 'a', START + 1)).toBe(false)
    usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 2 })
    expect(usage.get('key')).toStrictEqual({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 2 })
  })
})

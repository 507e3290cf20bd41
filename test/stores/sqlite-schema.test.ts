import { describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { databaseFile, sqliteDrivers, type TestDatabase } from './sqlite-drivers.js'

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: 5,
  version: 1,
  record: '{}',
}
const SCHEMA_ERROR = expect.objectContaining({ code: 'ERR_STORE_SCHEMA' })

function tablesOf(database: TestDatabase): readonly string[] {
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
  return rows.map(row => (row as { name: string }).name)
}

describe.each([...sqliteDrivers()])('The tables over %s', (_, open) => {
  it('carry a version, and are left as they are when opened again', () => {
    const database = open(':memory:')
    createSqliteStore(database).keys.insert(ROW, 1)
    const before = tablesOf(database)
    expect(database.prepare("SELECT value FROM keylattice_meta WHERE name = 'schema'").get()).toMatchObject({
      value: 1,
    })
    expect(createSqliteStore(database).keys.get('key')).toEqual(ROW)
    expect(tablesOf(database)).toEqual(before)
  })

  it('are refused, and not touched, when they are newer than the code', () => {
    const database = open(':memory:')
    createSqliteStore(database)
    database.exec("UPDATE keylattice_meta SET value = 2 WHERE name = 'schema'")
    expect(() => createSqliteStore(database)).toThrow(SCHEMA_ERROR)
    expect(() => createSqliteStore(database)).toThrow(/version 2; this code knows versions up to 1/)
    database.exec("UPDATE keylattice_meta SET value = 1 WHERE name = 'schema'")
    expect(createSqliteStore(database).keys.get('key')).toBeUndefined()
  })

  it('are made where only their version is missing', () => {
    const database = open(':memory:')
    database.exec('CREATE TABLE keylattice_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)')
    expect(createSqliteStore(database).keys.insert(ROW, 1)).toBe('inserted')
  })

  it('do not take the place of others with their names, and leave nothing half made', () => {
    const database = open(':memory:')
    database.exec('CREATE TABLE keylattice_keys (id)')
    expect(() => createSqliteStore(database)).toThrow(SCHEMA_ERROR)
    expect(tablesOf(database)).toEqual(['keylattice_keys'])
    expect(createSqliteStore(database, { tablePrefix: 'other_' }).keys.insert(ROW, 1)).toBe('inserted')
  })

  it('are refused in a database that is not encoded in UTF-8', () => {
    const database = open(databaseFile())
    database.exec("PRAGMA encoding = 'UTF-16'; CREATE TABLE host (x)")
    expect(() => createSqliteStore(database)).toThrow(SCHEMA_ERROR)
  })

  it('take a prefix, under which they share nothing with others', () => {
    const database = open(':memory:')
    const [one, other] = ['one_', 'other_'].map(tablePrefix => createSqliteStore(database, { tablePrefix }))
    one?.keys.insert(ROW, 1)
    one?.replay.claim('key', 'nonce', Date.now() + 60_000)
    expect(other?.keys.get('key')).toBeUndefined()
    expect(other?.keys.insert(ROW, 1)).toBe('inserted')
    expect(other?.replay.claim('key', 'nonce', Date.now() + 60_000)).toBe(true)
    expect(tablesOf(database).every(name => name.startsWith('one_') || name.startsWith('other_'))).toBe(true)
  })

  it.each(['', 'A', '1a', '_a', 'a-b', 'a b', 'a"', "a'", 'a;', 'ä', 'sqlite_a', 'a'.repeat(33), 'a\n'])(
    'refuse the prefix %j',
    tablePrefix => {
      const create = () => createSqliteStore(open(':memory:'), { tablePrefix })
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'tablePrefix' }))
    },
  )

  it.each(['a', 'order', 'select', 'a'.repeat(32), 'a_1_'])('accept the prefix %j', tablePrefix => {
    expect(createSqliteStore(open(':memory:'), { tablePrefix }).keys.insert(ROW, 1)).toBe('inserted')
  })

  it('refuse other options that are unknown or impossible', () => {
    expect(() => createSqliteStore(open(':memory:'), { prefix: 'a' } as never)).toThrow(/no option 'prefix'/)
    for (const busyTimeoutMs of [-1, 1.5, 60_001, '1' as never]) {
      const create = () => createSqliteStore(open(':memory:'), { busyTimeoutMs })
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'busyTimeoutMs' }))
    }
  })

  it.each([
    "UPDATE keylattice_keys SET state = 'Active'",
    "UPDATE keylattice_keys SET version = 'one'",
    'UPDATE keylattice_keys SET version = -1',
    'UPDATE keylattice_keys SET created_at = 9007199254740993',
    'UPDATE keylattice_keys SET owner = NULL',
    "UPDATE keylattice_keys SET record = x'00'",
  ])('refuse a careless edit by hand: %s', edit => {
    const database = open(':memory:')
    createSqliteStore(database).keys.insert(ROW, 1)
    expect(() => database.exec(edit)).toThrow()
  })
})

describe.each([...sqliteDrivers()])('A row of wrong types over %s', (_, open) => {
  /** The same tables without what keeps wrong types out. */
  function unguarded(): TestDatabase {
    const database = open(':memory:')
    const { keys, usage, replay } = createSqliteStore(database)
    for (const keyId of ['a', 'b', 'c']) keys.insert({ ...ROW, keyId }, 9)
    usage.touch({ keyId: 'a', lastUsedAt: 1, lastAddress: null, count: 1 })
    replay.advance('a', 5n, 2)
    for (const table of ['keys', 'usage', 'windows']) {
      const name = `keylattice_${table}`
      const columns = database.prepare(`SELECT * FROM ${name}`).get() as object
      const names = Object.keys(columns).filter(column => column !== '_metadata')
      database.exec(`
        ALTER TABLE ${name} RENAME TO guarded;
        CREATE TABLE ${name} (${names.map(column => (column === 'key_id' ? 'key_id PRIMARY KEY' : column)).join()});
        INSERT INTO ${name} SELECT ${names.join()} FROM guarded;
        DROP TABLE guarded`)
    }
    return database
  }

  const CORRUPT: readonly (readonly [column: string, value: string])[] = [
    ['owner', "x'6f'"],
    ['state', "'Active'"],
    ['state', 'NULL'],
    ['state', '1'],
    ['expires_at', "'soon'"],
    ['expires_at', '1.5'],
    ['expires_at', '-1'],
    ['created_at', 'NULL'],
    ['created_at', "x'00'"],
    ['version', "'1'"],
    ['version', '9007199254740993'],
    ['version', '-9223372036854775808'],
    ['record', 'NULL'],
    ['record', "x'7b7d'"],
    ['record', '5'],
  ]

  it.each(CORRUPT)('is refused by get, naming the column: %s = %s', (column, value) => {
    const database = unguarded()
    const { keys } = createSqliteStore(database)
    database.exec(`UPDATE keylattice_keys SET ${column} = ${value} WHERE key_id = 'b'`)
    expect(() => keys.get('b')).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: column }))
    for (const keyId of ['a', 'c']) expect(keys.get(keyId)).toEqual({ ...ROW, keyId })
  })

  it.each(CORRUPT.filter(([column]) => column !== 'owner'))(
    'is listed as revoked and without a record, beside the others: %s = %s',
    (column, value) => {
      const database = unguarded()
      const { keys } = createSqliteStore(database)
      database.exec(`UPDATE keylattice_keys SET ${column} = ${value} WHERE key_id = 'b'`)
      expect(keys.list({ owner: 'owner', limit: 10 })).toEqual([
        { ...ROW, keyId: 'a' },
        { ...ROW, keyId: 'b', state: 'revoked', expiresAt: null, createdAt: 0, version: 0, record: '' },
        { ...ROW, keyId: 'c' },
      ])
      expect(keys.list({ owner: 'owner', limit: 1, after: 'b' })).toEqual([{ ...ROW, keyId: 'c' }])
    },
  )

  it.each(CORRUPT)('is met by a scan in the same way: %s = %s', (column, value) => {
    const database = unguarded()
    const { keys } = createSqliteStore(database)
    database.exec(`UPDATE keylattice_keys SET ${column} = ${value} WHERE key_id = 'b'`)
    const [a, b, c] = keys.scan({ limit: 10 }) as readonly KeyRow[]
    expect([a, c]).toEqual([
      { ...ROW, keyId: 'a' },
      { ...ROW, keyId: 'c' },
    ])
    expect(b).toMatchObject({ keyId: 'b', state: 'revoked', version: 0, record: '' })
    expect(b?.owner).toBe(column === 'owner' ? '' : ROW.owner)
    expect(keys.scan({ limit: 1, after: 'b' })).toEqual([{ ...ROW, keyId: 'c' }])
  })

  it('takes its place in the owner’s limit, so that damage makes no room', () => {
    const database = unguarded()
    const { keys } = createSqliteStore(database)
    database.exec("UPDATE keylattice_keys SET state = 5 WHERE key_id = 'b'")
    expect(keys.insert({ ...ROW, keyId: 'd' }, 3)).toBe('limit')
  })

  it('does not stop the pages when even its id is none', async () => {
    const database = unguarded()
    const { keys } = createSqliteStore(database)
    database.exec(
      "UPDATE keylattice_keys SET key_id = x'62' WHERE key_id = 'b'; UPDATE keylattice_keys SET key_id = 7 WHERE key_id = 'c'",
    )
    expect((await keys.list({ owner: 'owner', limit: 10 })).map(row => row.keyId)).toEqual(['a'])
    expect((await keys.scan({ limit: 10 })).map(row => row.keyId)).toEqual(['a'])
  })

  it.each([
    ['last_used_at', "'now'"],
    ['last_address', '7'],
    ['count', '-1'],
  ])('is refused as a usage: %s = %s', (column, value) => {
    const database = unguarded()
    const { usage } = createSqliteStore(database)
    expect(usage.get('a')).toBeDefined()
    database.exec(`UPDATE keylattice_usage SET ${column} = ${value}`)
    expect(() => usage.get('a')).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: column }))
  })

  it.each([
    ['nonces', "'text'"],
    ['nonces', "x'00'"],
    ['nonces', "x'00000000000000050000000000000005'"],
    ['nonces', "x'00000000000000090000000000000005'"],
    ['floor', "x'0000000000000009'"],
    ['floor', '3'],
    ['floor', "x'00000000000000010000000000000002'"],
  ])('is refused as a nonce window, and its key with it: %s = %s', (column, value) => {
    const database = unguarded()
    const { replay } = createSqliteStore(database)
    database.exec(`UPDATE keylattice_windows SET ${column} = ${value}`)
    expect(() => replay.advance('a', 100n, 2)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    expect(replay.advance('b', 100n, 2)).toBe(true)
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createMysqlStore, mysqlSchema } from '../../src/stores/mysql.js'
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
const schemaError = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_STORE_SCHEMA', message: expect.stringMatching(message) })
const corrupt = (field: string) => expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field })

describeUnless(absentMysql, 'The tables of the MySQL store', () => {
  let database: TestDatabase
  let prefixes = 0
  /** Of the test alone, so that no table has to be dropped. */
  let tablePrefix: string
  const create = () => createMysqlStore(database.pool, { tablePrefix })
  const migrated = async () => {
    const store = create()
    await store.migrate()
    return store
  }

  beforeAll(async () => {
    database = await openMysql('kl_schema')
  })
  beforeEach(() => {
    tablePrefix = `t${++prefixes}_`
  })
  afterAll(() => database?.close())

  async function tablesOf(prefix: string): Promise<readonly string[]> {
    const rows = await database.sql(`SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND LEFT(table_name, ${prefix.length}) = '${prefix}' ORDER BY table_name`)
    return rows.map(({ name }) => String(name).slice(prefix.length))
  }

  /** Everything there is under a prefix, as the server has it. */
  async function catalogue(prefix: string): Promise<readonly string[]> {
    const lines: string[] = []
    for (const name of await tablesOf(prefix)) {
      const [row] = await database.sql(`SHOW CREATE TABLE ${prefix}${name}`)
      lines.push(String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''))
    }
    for (const name of ['meta', 'locks']) {
      for (const row of await database.sql(`SELECT * FROM ${prefix}${name}`)) lines.push(JSON.stringify(row))
    }
    return lines.map(line => line.replaceAll(prefix, ''))
  }

  it('are missed before they are made, and found from then on', async () => {
    const { keys, replay, usage, audit, migrate } = create()
    const uses = {
      get: () => keys.get('key'),
      insert: () => keys.insert(ROW, 1),
      list: () => keys.list({ owner: 'owner', limit: 1 }),
      claim: () => replay.claim('key', 'token', LATER),
      advance: () => replay.advance('key', 1n, 1),
      touch: () => usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 }),
      append: () => audit.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' }),
    }
    for (const use of Object.values(uses)) await expect(use()).rejects.toThrow(schemaError(/run migrate\(\)/))
    await migrate()
    for (const use of Object.values(uses)) await use()
    expect(await keys.get('key')).toEqual(ROW)
  })

  it('are missed by name when they go later', async () => {
    const { keys } = await migrated()
    await keys.insert(ROW, 1)
    await database.sql(`DELETE FROM ${tablePrefix}locks`)
    await expect(keys.insert({ ...ROW, keyId: 'second' }, 9)).rejects.toThrow(schemaError(/lost its rows/))
    await database.sql(`DROP TABLE ${tablePrefix}keys`)
    await expect(keys.get('key')).rejects.toThrow(schemaError(/run migrate\(\)/))
  })

  it('carry a version, and are left as they are when made again', async () => {
    const { keys, migrate } = await migrated()
    await keys.insert(ROW, 1)
    const before = await catalogue(tablePrefix)
    expect(before).toContain('{"name":"schema","value":1}')
    await migrate()
    await create().migrate()
    expect(await catalogue(tablePrefix)).toEqual(before)
    expect(await keys.get('key')).toEqual(ROW)
  })

  it('are made once by many who start at the same time', async () => {
    const stores = Array.from({ length: 8 }, create)
    await Promise.all(stores.map(({ migrate }) => migrate()))
    const outcomes = await Promise.all(stores.map(({ keys }) => keys.insert(ROW, 1)))
    expect(outcomes.filter(outcome => outcome === 'inserted')).toHaveLength(1)
  })

  it('are the same as the printed SQL makes', async () => {
    await migrated()
    await database.sql(mysqlSchema({ tablePrefix: 'printed_' }))
    const printed = await catalogue('printed_')
    expect(printed).toHaveLength(7 + 2 + 64)
    expect(await catalogue(tablePrefix)).toEqual(printed)
    const { keys, migrate } = createMysqlStore(database.pool, { tablePrefix: 'printed_' })
    expect(await keys.insert(ROW, 1)).toBe('inserted')
    await migrate()
    expect(await keys.get('key')).toEqual(ROW)
  })

  it('are finished by the next process when one was broken off', async () => {
    const statements = mysqlSchema({ tablePrefix }).split(/;\n/).filter(Boolean)
    await migrated()
    const whole = await catalogue(tablePrefix)
    for (let done = 1; done < statements.length; done++) {
      const prefix = `${tablePrefix}${done}_`
      for (const statement of statements.slice(0, done)) await database.sql(statement.replaceAll(tablePrefix, prefix))
      const store = createMysqlStore(database.pool, { tablePrefix: prefix })
      await expect(store.keys.get('key')).rejects.toThrow(schemaError(/version 0; run migrate\(\)/))
      await store.migrate()
      expect(await catalogue(prefix)).toEqual(whole)
    }
  })

  it('are refused, and not touched, when they are newer than the code', async () => {
    await migrated()
    await database.sql(`UPDATE ${tablePrefix}meta SET value = 2 WHERE name = 'schema'`)
    const { keys, migrate } = create()
    await expect(keys.get('key')).rejects.toThrow(schemaError(/version 2; this code knows versions up to 1/))
    await expect(migrate()).rejects.toThrow(schemaError(/version 2; this code knows versions up to 1/))
    await database.sql(`UPDATE ${tablePrefix}meta SET value = 1 WHERE name = 'schema'`)
    expect(await keys.get('key')).toBeUndefined()
    await migrate()
  })

  it.each(['keys', 'claims', 'windows', 'usage', 'audit', 'locks'])(
    'do not take the place of another table of the name %s, and leave nothing half made',
    async name => {
      await database.sql(`CREATE TABLE ${tablePrefix}${name} (id INT)`)
      await expect(create().migrate()).rejects.toThrow(schemaError(/another '.*' exists/))
      expect(await tablesOf(tablePrefix)).toEqual([name])
    },
  )

  it('are refused where the table of the version is of others', async () => {
    await database.sql(`CREATE TABLE ${tablePrefix}meta (id INT)`)
    await expect(create().migrate()).rejects.toThrow(schemaError(/not ours/))
    await expect(create().keys.get('key')).rejects.toThrow(schemaError(/not ours/))
  })

  it('are refused where another process takes too long to make them', async () => {
    const asked: string[] = []
    const query = async (sql: string) => {
      asked.push(sql)
      return [[{ name: 'here', locked: 0 }]] as const
    }
    const pool = { query, getConnection: async () => ({ query, release() {}, destroy() {} }) }
    await expect(createMysqlStore(pool).migrate()).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }),
    )
    expect(asked.filter(sql => sql.startsWith('CREATE'))).toEqual([])
  })

  it('are refused where nobody says in which database', async () => {
    const nowhere = database.connect({ database: undefined as never })
    await expect(createMysqlStore(nowhere).migrate()).rejects.toThrow(schemaError(/default database/))
  })

  it('keep the columns that the host adds, through every write', async () => {
    const { keys, replay, usage, audit, migrate } = await migrated()
    const tables = ['keys', 'windows', 'usage', 'claims', 'audit']
    for (const table of tables) {
      await database.sql(
        `ALTER TABLE ${tablePrefix}${table} ADD COLUMN tenant VARCHAR(9) DEFAULT 'none', ADD COLUMN note TEXT FIRST`,
      )
    }
    await keys.insert(ROW, 1)
    await usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })
    await replay.advance('key', 1n, 2)
    await replay.claim('key', 'token', LATER)
    await audit.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' })
    for (const table of tables) await database.sql(`UPDATE ${tablePrefix}${table} SET note = 'mine'`)
    expect(await keys.replace({ ...ROW, version: 2, state: 'suspended' }, 1)).toBe(true)
    await usage.touch({ keyId: 'key', lastUsedAt: 2, lastAddress: '192.0.2.1', count: 1 })
    await replay.advance('key', 2n, 2)
    expect(await replay.claim('key', 'token', LATER)).toBe(false)
    await migrate()
    for (const table of tables) {
      const rows = await database.sql(`SELECT tenant, note FROM ${tablePrefix}${table}`)
      expect(rows.map(row => ({ ...row }))).toEqual([{ tenant: 'none', note: 'mine' }])
    }
    expect(await keys.get('key')).toEqual({ ...ROW, version: 2, state: 'suspended' })
    expect(await keys.list({ owner: 'owner', limit: 5 })).toEqual([{ ...ROW, version: 2, state: 'suspended' }])
  })

  it('share nothing with those of another prefix', async () => {
    const [one, other] = ['one_', 'other_'].map(prefix => createMysqlStore(database.pool, { tablePrefix: prefix }))
    await one?.migrate()
    await other?.migrate()
    await one?.keys.insert(ROW, 1)
    await one?.replay.claim('key', 'nonce', LATER)
    expect(await other?.keys.get('key')).toBeUndefined()
    expect(await other?.keys.insert(ROW, 1)).toBe('inserted')
    expect(await other?.replay.claim('key', 'nonce', LATER)).toBe(true)
  })

  it.each(['a', 'order', 'select', 'a'.repeat(32), 'a_1_'])('take the prefix %j', async prefix => {
    const { keys, migrate } = createMysqlStore(database.pool, { tablePrefix: prefix })
    await migrate()
    expect(await keys.insert(ROW, 1)).toBe('inserted')
  })

  it.each([
    "UPDATE KEYS SET state = 'Active'",
    'UPDATE KEYS SET version = -1',
    'UPDATE KEYS SET created_at = 9007199254740992',
    'UPDATE KEYS SET owner = NULL',
    'UPDATE KEYS SET record = NULL',
  ])('refuse a careless edit by hand: %s', async edit => {
    const { keys } = await migrated()
    await keys.insert(ROW, 1)
    await expect(database.sql(edit.replace('KEYS', `${tablePrefix}keys`))).rejects.toThrow()
    expect(await keys.get('key')).toEqual(ROW)
  })

  describe('whose guards were taken off, and a row of wrong types', () => {
    /** Three keys of one owner, in tables that take anything. */
    async function unguarded() {
      const store = await migrated()
      for (const keyId of ['a', 'b', 'c']) await store.keys.insert({ ...ROW, keyId }, 9)
      await store.usage.touch({ keyId: 'a', lastUsedAt: 1, lastAddress: null, count: 1 })
      await store.replay.advance('a', 5n, 2)
      await database.sql(`
        ALTER TABLE ${tablePrefix}keys MODIFY owner VARBINARY(1024), MODIFY state VARCHAR(20), MODIFY expires_at BIGINT,
          MODIFY created_at BIGINT, MODIFY version BIGINT, MODIFY record LONGBLOB;
        ALTER TABLE ${tablePrefix}usage MODIFY last_used_at BIGINT, MODIFY count BIGINT;
        ALTER TABLE ${tablePrefix}windows MODIFY floor VARBINARY(99), MODIFY nonces MEDIUMBLOB`)
      return store
    }

    const CORRUPT: readonly (readonly [column: string, value: string])[] = [
      ['owner', 'NULL'],
      ['owner', "x'ff'"],
      ['state', "'Active'"],
      ['state', "'active '"],
      ['state', 'NULL'],
      ['expires_at', '-1'],
      ['created_at', 'NULL'],
      ['version', '9007199254740992'],
      ['version', '-9223372036854775808'],
      ['record', 'NULL'],
      ['record', "x'ff'"],
    ]

    it.each(CORRUPT)('are told by get, and shown as revoked beside the others: %s = %s', async (column, value) => {
      const { keys } = await unguarded()
      await database.sql(`UPDATE ${tablePrefix}keys SET ${column} = ${value} WHERE key_id = 'b'`)
      await expect(keys.get('b')).rejects.toThrow(corrupt(column))
      for (const keyId of ['a', 'c']) expect(await keys.get(keyId)).toEqual({ ...ROW, keyId })
      const owner = column === 'owner' ? '' : ROW.owner
      const bad = { keyId: 'b', owner, state: 'revoked', expiresAt: null, createdAt: 0, version: 0, record: '' }
      const [a, c] = ['a', 'c'].map(keyId => ({ ...ROW, keyId }))
      expect(await keys.scan({ limit: 10 })).toEqual([a, bad, c])
      expect(await keys.list({ owner: ROW.owner, limit: 10 })).toEqual(column === 'owner' ? [a, c] : [a, bad, c])
      expect(await keys.list({ owner: ROW.owner, limit: 1, after: 'b' })).toEqual([c])
    })

    it('are left out where the id is no text, and others take their places', async () => {
      const { keys } = await unguarded()
      for (const id of ['61ff', '62ff', '63ff']) {
        await database.sql(`INSERT INTO ${tablePrefix}keys SELECT x'${id}', owner, state, expires_at, created_at, version, record
          FROM ${tablePrefix}keys WHERE key_id = 'a'`)
      }
      const idsOf = async (rows: Promise<readonly KeyRow[]> | readonly KeyRow[] | PromiseLike<readonly KeyRow[]>) =>
        (await rows).map(({ keyId }) => keyId)
      for (const limit of [1, 2, 3, 10]) {
        const expected = ['a', 'b', 'c'].slice(0, limit)
        expect(await idsOf(keys.scan({ limit }))).toEqual(expected)
        expect(await idsOf(keys.list({ owner: 'owner', limit }))).toEqual(expected)
        expect(await idsOf(keys.scan({ limit, after: 'a' }))).toEqual(['b', 'c'].slice(0, limit))
        expect(await idsOf(keys.list({ owner: 'owner', limit, after: 'c' }))).toEqual([])
      }
    })

    it.each([
      ['version', 'VARCHAR(9)', "'one'"],
      ['version', 'DOUBLE', '1.5'],
      ['created_at', 'DATETIME', 'NOW()'],
      ['created_at', 'VARBINARY(9)', "'5'"],
    ])('are told where the column has another type: %s %s', async (column, type, value) => {
      const { keys } = await unguarded()
      await database.sql(`ALTER TABLE ${tablePrefix}keys DROP COLUMN ${column}, ADD COLUMN ${column} ${type};
        UPDATE ${tablePrefix}keys SET ${column} = ${value}`)
      await expect(keys.get('b')).rejects.toThrow(corrupt(column))
    })

    it('take a place in the owner’s limit, so that damage makes no room', async () => {
      const { keys } = await unguarded()
      await database.sql(`UPDATE ${tablePrefix}keys SET state = 'gone' WHERE key_id = 'b'`)
      expect(await keys.insert({ ...ROW, keyId: 'd' }, 3)).toBe('limit')
      expect(await keys.insert({ ...ROW, keyId: 'd' }, 4)).toBe('inserted')
    })

    it.each([
      ['last_used_at', 'NULL'],
      ['last_used_at', '-1'],
      ['count', '9007199254740992'],
      ['last_address', "x'ff'"],
    ])('are refused as a usage: %s = %s', async (column, value) => {
      const { usage } = await unguarded()
      expect(await usage.get('a')).toBeDefined()
      await database.sql(`UPDATE ${tablePrefix}usage SET ${column} = ${value}`)
      await expect(usage.get('a')).rejects.toThrow(corrupt(column))
    })

    it.each([
      ['nonces', "x'00'"],
      ['nonces', "x'00000000000000050000000000000005'"],
      ['nonces', "x'00000000000000090000000000000005'"],
      ['floor', "x'0000000000000009'"],
      ['floor', "x'00000000000000010000000000000002'"],
    ])('are refused as a nonce window, and its key with it: %s = %s', async (column, value) => {
      const { replay } = await unguarded()
      await database.sql(`UPDATE ${tablePrefix}windows SET ${column} = ${value}`)
      await expect(replay.advance('a', 100n, 2)).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
      expect(await replay.advance('b', 100n, 2)).toBe(true)
    })

    it('are refused as a horizon, and nothing is claimed without one', async () => {
      const { replay } = await unguarded()
      await database.sql(`DELETE FROM ${tablePrefix}meta WHERE name = 'horizon'`)
      await expect(replay.claim('a', 'token', LATER)).rejects.toThrow(corrupt('value'))
    })
  })
})

describe('The options of the MySQL store', () => {
  const query = () => Promise.reject(new Error('not to be called'))
  const pool = { query, getConnection: query }

  it.each(['', 'A', '1a', '_a', 'a-b', 'a b', 'a`', "a'", 'a;', 'ä', 'sqlite_a', 'a'.repeat(33), 'a\n', 5 as never])(
    'refuse the prefix %j',
    tablePrefix => {
      const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'tablePrefix' })
      expect(() => createMysqlStore(pool, { tablePrefix })).toThrow(refusal)
      expect(() => mysqlSchema({ tablePrefix })).toThrow(refusal)
    },
  )

  it('refuse what is unknown', () => {
    expect(() => createMysqlStore(pool, { prefix: 'a' } as never)).toThrow(/no option 'prefix'/)
    expect(() => mysqlSchema({ clock: () => 1 } as never)).toThrow(/no option 'clock'/)
  })
})

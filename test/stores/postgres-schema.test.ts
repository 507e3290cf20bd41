import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createPostgresStore, postgresSchema } from '../../src/stores/postgres.js'
import { describeUnless } from '../skips.js'
import { absentPostgres, type OpenDatabase, openPglite, openPostgres, type TestDatabase } from './postgres-servers.js'

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

function testTables(open: OpenDatabase): void {
  let database: TestDatabase
  let prefixes = 0
  /** Of the test alone, so that no table has to be dropped. */
  let tablePrefix: string
  const create = () => createPostgresStore(database.client, { tablePrefix })
  const migrated = async () => {
    const store = create()
    await store.migrate()
    return store
  }

  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => {
    tablePrefix = `t${++prefixes}_`
  })
  afterAll(() => database?.close())

  /** Everything there is under a prefix, as the catalogue has it. */
  async function catalogue(prefix: string): Promise<readonly string[]> {
    const found = await database.sql(`
      SELECT format('%s.%s %s %s %s %s', table_name, column_name, data_type, collation_name, is_nullable, column_default) AS line
      FROM information_schema.columns WHERE starts_with(table_name, '${prefix}')
      UNION ALL SELECT indexdef FROM pg_indexes WHERE starts_with(tablename, '${prefix}')
      UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE starts_with(conrelid::regclass::text, '${prefix}')
      UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE starts_with(proname, '${prefix}')
      UNION ALL SELECT 'schema ' || value FROM ${prefix}meta WHERE name = 'schema'`)
    return found.map(({ line }) => String(line).replaceAll(prefix, '')).sort()
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
    const { keys, replay } = await migrated()
    await keys.insert(ROW, 1)
    await database.sql(`DROP TABLE ${tablePrefix}keys; DROP FUNCTION ${tablePrefix}claim_token`)
    await expect(keys.get('key')).rejects.toThrow(schemaError(/run migrate\(\)/))
    await expect(replay.claim('key', 'token', LATER)).rejects.toThrow(schemaError(/run migrate\(\)/))
  })

  it('carry a version, and are left as they are when made again', async () => {
    const { keys, migrate } = await migrated()
    await keys.insert(ROW, 1)
    const before = await catalogue(tablePrefix)
    expect(before).toContain('schema 1')
    await migrate()
    await create().migrate()
    expect(await catalogue(tablePrefix)).toEqual(before)
    expect(await keys.get('key')).toEqual(ROW)
  })

  it('are made once by many who start at the same time', async () => {
    const stores = Array.from({ length: 12 }, create)
    await Promise.all(stores.map(({ migrate }) => migrate()))
    const outcomes = await Promise.all(stores.map(({ keys }) => keys.insert(ROW, 1)))
    expect(outcomes.filter(outcome => outcome === 'inserted')).toHaveLength(1)
  })

  it('are the same as the printed SQL makes', async () => {
    await migrated()
    await database.sql(postgresSchema({ tablePrefix: 'printed_' }))
    const printed = await catalogue('printed_')
    expect(printed.length).toBeGreaterThan(40)
    expect(await catalogue(tablePrefix)).toEqual(printed)
    const { keys, migrate } = createPostgresStore(database.client, { tablePrefix: 'printed_' })
    expect(await keys.insert(ROW, 1)).toBe('inserted')
    await migrate()
    expect(await keys.get('key')).toEqual(ROW)
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

  it('are made where only their version is missing', async () => {
    await database.sql(`CREATE TABLE ${tablePrefix}meta (name text PRIMARY KEY, value bigint NOT NULL)`)
    const { keys, migrate } = create()
    await expect(keys.get('key')).rejects.toThrow(schemaError(/version 0; run migrate\(\)/))
    await migrate()
    expect(await keys.insert(ROW, 1)).toBe('inserted')
  })

  it.each(['keys', 'claims', 'windows', 'usage', 'audit'])(
    'do not take the place of another table of the name %s, and leave nothing half made',
    async name => {
      await database.sql(`CREATE TABLE ${tablePrefix}${name} (id text)`)
      await expect(create().migrate()).rejects.toThrow(schemaError(/another '.*' exists/))
      const tables = await database.sql(`SELECT relname FROM pg_class WHERE starts_with(relname, '${tablePrefix}')`)
      expect(tables).toEqual([{ relname: `${tablePrefix}${name}` }])
    },
  )

  it('are refused where the table of the version is of others', async () => {
    await database.sql(`CREATE TABLE ${tablePrefix}meta (id text)`)
    await expect(create().migrate()).rejects.toThrow(schemaError(/not ours/))
    await expect(create().keys.get('key')).rejects.toThrow(schemaError(/not ours/))
  })

  it('keep the columns that the host adds, through every write', async () => {
    const { keys, replay, usage, audit, migrate } = await migrated()
    for (const table of ['keys', 'claims', 'windows', 'usage', 'audit']) {
      await database.sql(
        `ALTER TABLE ${tablePrefix}${table} ADD COLUMN tenant text DEFAULT 'none', ADD COLUMN note text`,
      )
    }
    await keys.insert(ROW, 1)
    await usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })
    await replay.advance('key', 1n, 2)
    await replay.claim('key', 'token', LATER)
    await audit.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' })
    const tables = ['keys', 'windows', 'usage', 'claims', 'audit']
    for (const table of tables) await database.sql(`UPDATE ${tablePrefix}${table} SET note = 'mine'`)
    expect(await keys.replace({ ...ROW, version: 2, state: 'suspended' }, 1)).toBe(true)
    await usage.touch({ keyId: 'key', lastUsedAt: 2, lastAddress: '192.0.2.1', count: 1 })
    await replay.advance('key', 2n, 2)
    expect(await replay.claim('key', 'token', LATER)).toBe(false)
    await migrate()
    for (const table of tables) {
      expect(await database.sql(`SELECT tenant, note FROM ${tablePrefix}${table}`)).toEqual([
        { tenant: 'none', note: 'mine' },
      ])
    }
    expect(await keys.get('key')).toEqual({ ...ROW, version: 2, state: 'suspended' })
    expect(await keys.list({ owner: 'owner', limit: 5 })).toEqual([{ ...ROW, version: 2, state: 'suspended' }])
  })

  it('share nothing with those of another prefix', async () => {
    const [one, other] = ['one_', 'other_'].map(prefix => createPostgresStore(database.client, { tablePrefix: prefix }))
    await one?.migrate()
    await other?.migrate()
    await one?.keys.insert(ROW, 1)
    await one?.replay.claim('key', 'nonce', LATER)
    expect(await other?.keys.get('key')).toBeUndefined()
    expect(await other?.keys.insert(ROW, 1)).toBe('inserted')
    expect(await other?.replay.claim('key', 'nonce', LATER)).toBe(true)
  })

  it.each(['a', 'order', 'select', 'a'.repeat(32), 'a_1_'])('take the prefix %j', async prefix => {
    const { keys, migrate } = createPostgresStore(database.client, { tablePrefix: prefix })
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
      const constraints = await database.sql(`SELECT conrelid::regclass AS on_table, conname FROM pg_constraint
        WHERE starts_with(conrelid::regclass::text, '${tablePrefix}') AND contype = 'c'`)
      for (const { on_table, conname } of constraints) {
        await database.sql(`ALTER TABLE ${on_table} DROP CONSTRAINT ${conname}`)
      }
      const required = await database.sql(`SELECT table_name, column_name FROM information_schema.columns
        WHERE starts_with(table_name, '${tablePrefix}') AND is_nullable = 'NO' AND column_name NOT IN ('key_id', 'claim', 'id', 'name')`)
      for (const { table_name, column_name } of required) {
        await database.sql(`ALTER TABLE ${table_name} ALTER COLUMN ${column_name} DROP NOT NULL`)
      }
      return store
    }

    const CORRUPT: readonly (readonly [column: string, value: string])[] = [
      ['owner', 'NULL'],
      ['state', "'Active'"],
      ['state', 'NULL'],
      ['expires_at', '-1'],
      ['created_at', 'NULL'],
      ['version', '9007199254740992'],
      ['version', '-9223372036854775808'],
      ['record', 'NULL'],
    ]

    it.each(CORRUPT)('are told by get, and shown as revoked beside the others: %s = %s', async (column, value) => {
      const { keys } = await unguarded()
      await database.sql(`UPDATE ${tablePrefix}keys SET ${column} = ${value} WHERE key_id = 'b'`)
      await expect(keys.get('b')).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: column }))
      for (const keyId of ['a', 'c']) expect(await keys.get(keyId)).toEqual({ ...ROW, keyId })
      const owner = column === 'owner' ? '' : ROW.owner
      const bad = { keyId: 'b', owner, state: 'revoked', expiresAt: null, createdAt: 0, version: 0, record: '' }
      const [a, c] = ['a', 'c'].map(keyId => ({ ...ROW, keyId }))
      expect(await keys.scan({ limit: 10 })).toEqual([a, bad, c])
      expect(await keys.list({ owner: ROW.owner, limit: 10 })).toEqual(column === 'owner' ? [a, c] : [a, bad, c])
      expect(await keys.list({ owner: ROW.owner, limit: 1, after: 'b' })).toEqual([c])
    })

    it.each([
      ['version', 'text', "'one'"],
      ['version', 'double precision', '1.5'],
      ['created_at', 'timestamptz', 'now()'],
      ['record', 'jsonb', "'{}'"],
      ['record', 'bytea', "'{}'"],
    ])('are told where the column has another type: %s %s', async (column, type, value) => {
      const { keys } = await unguarded()
      await database.sql(`ALTER TABLE ${tablePrefix}keys ALTER COLUMN ${column} TYPE ${type} USING ${value}`)
      await expect(keys.get('b')).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: column }))
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
    ])('are refused as a usage: %s = %s', async (column, value) => {
      const { usage } = await unguarded()
      expect(await usage.get('a')).toBeDefined()
      await database.sql(`UPDATE ${tablePrefix}usage SET ${column} = ${value}`)
      await expect(usage.get('a')).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field: column }),
      )
    })

    it.each([
      ['nonces', 'NULL'],
      ['nonces', String.raw`'\x00'`],
      ['nonces', String.raw`'\x00000000000000050000000000000005'`],
      ['nonces', String.raw`'\x00000000000000090000000000000005'`],
      ['floor', String.raw`'\x0000000000000009'`],
      ['floor', String.raw`'\x0000000000000005'`],
      ['floor', String.raw`'\x00000000000000010000000000000002'`],
      ['floor', String.raw`'\x'`],
    ])('are refused as a nonce window, and its key with it: %s = %s', async (column, value) => {
      const { replay } = await unguarded()
      await database.sql(`UPDATE ${tablePrefix}windows SET ${column} = ${value}`)
      await expect(replay.advance('a', 100n, 2)).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
      expect(await replay.advance('b', 100n, 2)).toBe(true)
    })

    it('are refused as a horizon, and nothing is claimed without one', async () => {
      const { replay } = await unguarded()
      await database.sql(`DELETE FROM ${tablePrefix}meta WHERE name = 'horizon'`)
      await expect(replay.claim('a', 'token', LATER)).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }),
      )
    })
  })
}

describe('The tables of the PostgreSQL store over PGlite', () => {
  testTables(openPglite)
})

describeUnless(absentPostgres, 'The tables of the PostgreSQL store over a pool of pg', () => {
  testTables(() => openPostgres('kl_schema'))

  it('are refused in a database that is not encoded in UTF8', async () => {
    const database = await openPostgres('kl_schema_ascii')
    await database.sql('DROP DATABASE IF EXISTS kl_ascii')
    await database.sql("CREATE DATABASE kl_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    const ascii = database.connect({ database: 'kl_ascii', options: '-c search_path=public' })
    await expect(createPostgresStore(ascii).migrate()).rejects.toThrow(schemaError(/encoded in UTF8/))
    await ascii.end()
    await database.sql('DROP DATABASE kl_ascii')
    await database.close()
  })

  it('are refused where transactions are not READ COMMITTED, and so is every step that relies on it', async () => {
    const database = await openPostgres('kl_schema_isolation')
    const strict = database.connect({ options: '-c default_transaction_isolation=serializable' })
    const { keys, replay, migrate } = createPostgresStore(strict)
    await expect(migrate()).rejects.toThrow(schemaError(/READ COMMITTED/))
    await createPostgresStore(database.client).migrate()
    for (const use of [
      () => keys.insert(ROW, 1),
      () => replay.claim('key', 'token', LATER),
      () => replay.advance('key', 1n, 1),
    ]) {
      await expect(use()).rejects.toThrow(schemaError(/READ COMMITTED/))
    }
    await database.close()
  })
})

describe('The options of the PostgreSQL store', () => {
  const client = { query: () => Promise.reject(new Error('not to be called')) }

  it.each(['', 'A', '1a', '_a', 'a-b', 'a b', 'a"', "a'", 'a;', 'ä', 'sqlite_a', 'a'.repeat(33), 'a\n', 5 as never])(
    'refuse the prefix %j',
    tablePrefix => {
      const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'tablePrefix' })
      expect(() => createPostgresStore(client, { tablePrefix })).toThrow(refusal)
      expect(() => postgresSchema({ tablePrefix })).toThrow(refusal)
    },
  )

  it('refuse what is unknown', () => {
    expect(() => createPostgresStore(client, { prefix: 'a' } as never)).toThrow(/no option 'prefix'/)
    expect(() => postgresSchema({ clock: () => 1 } as never)).toThrow(/no option 'clock'/)
  })
})

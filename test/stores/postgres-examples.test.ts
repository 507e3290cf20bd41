import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { Kysely, PostgresDialect } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresStore } from '../../src/stores/postgres.js'
import { requireBuild } from '../package/dist.js'

requireBuild()

const ROW = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: 2 ** 40,
  createdAt: 5,
  version: 1,
  record: '{"label":"é🔑"}',
} as const

let database: PGlite

beforeAll(async () => {
  database = new PGlite()
  await database.waitReady
})
beforeEach(() => database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public'))
afterAll(() => database?.close())

/** Loads an example as a host has it: over the built package. */
const example = (name: string) => import(`../../docs/examples/storage/${name}.mjs`)

async function expectStore({ keys, replay, usage, audit }: PostgresStore): Promise<void> {
  const expiresAt = Date.now() + 60_000
  expect(await keys.insert(ROW, 1)).toBe('inserted')
  expect(await keys.insert({ ...ROW, keyId: 'second' }, 1)).toBe('limit')
  expect(await keys.get('key')).toStrictEqual(ROW)
  expect(await keys.replace({ ...ROW, version: 2, expiresAt: null }, 1)).toBe(true)
  expect(await keys.replace({ ...ROW, version: 2 }, 1)).toBe(false)
  expect(await keys.list({ owner: 'owner', limit: 5 })).toStrictEqual([{ ...ROW, version: 2, expiresAt: null }])
  expect(await replay.claim('key', 'token', expiresAt)).toBe(true)
  expect(await replay.claim('key', 'token', expiresAt)).toBe(false)
  expect(await replay.advance('key', 2n ** 64n - 1n, 4)).toBe(true)
  expect(await replay.advance('key', 2n ** 64n - 1n, 4)).toBe(false)
  await usage.touch({ keyId: 'key', lastUsedAt: 2 ** 45, lastAddress: null, count: 2 ** 40 })
  expect(await usage.get('key')).toEqual({ keyId: 'key', lastUsedAt: 2 ** 45, lastAddress: null, count: 2 ** 40 })
  await audit.append({ at: 2 ** 45, event: 'key.created', owner: 'owner', keyId: 'key', detail: '{}' })
  expect(await keys.remove('key', 2)).toBe(true)
}

describe('The example for Drizzle', () => {
  it('keeps everything over the connection of Drizzle', async () => {
    const { createStore } = await example('drizzle')
    const store: PostgresStore = createStore(drizzle(database))
    await expect(store.keys.get('key')).rejects.toThrow(/run migrate\(\)/)
    await store.migrate()
    await expectStore(store)
  })

  it('takes the tables that a migration of the host has made, and hears of changes', async () => {
    const { createStore, migrationText } = await example('drizzle')
    const db = drizzle(database)
    await db.$client.exec(migrationText())
    const store: PostgresStore = createStore(db)
    await expectStore(store)
    const heard = await new Promise(resolve => {
      void Promise.resolve(store.invalidation.subscribe(resolve)).then(() => store.invalidation.publish('key'))
    })
    expect(heard).toBe('key')
  })
})

describe('The example for Kysely', () => {
  /** A Kysely that takes PGlite for a pool of `pg`. */
  function createKysely() {
    const run = async (text: string, values: unknown[]) =>
      values.length > 0 ? database.query(text, values) : (await database.exec(text)).at(-1)
    const query = async (text: string, values: unknown[]) => {
      const result = await run(text, values)
      return { command: 'SELECT', rowCount: result?.affectedRows ?? 0, rows: result?.rows ?? [] }
    }
    const connect = async () => ({ query, release() {} })
    return new Kysely({ dialect: new PostgresDialect({ pool: { connect, end: async () => {} } as never }) })
  }

  it('keeps everything over the connections of Kysely', async () => {
    const { createStore } = await example('kysely')
    const store: PostgresStore = createStore(createKysely())
    await expect(store.keys.get('key')).rejects.toThrow(/run migrate\(\)/)
    await store.migrate()
    await expectStore(store)
  })

  it('takes the tables that a migration of the host has made', async () => {
    const { createStore, migration } = await example('kysely')
    const db = createKysely()
    await migration.up(db)
    await expectStore(createStore(db))
  })

  it('cannot listen before it is told where', async () => {
    const { createStore } = await example('kysely')
    const { invalidation }: PostgresStore = createStore(createKysely())
    await invalidation.publish('key')
    await expect(invalidation.subscribe(() => {})).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_MISSING', field: 'openListener' }),
    )
  })
})

describe('The example for Prisma', () => {
  /** What the example asks of a `PrismaClient`, which itself needs an engine that is downloaded. */
  const prisma = {
    async $queryRawUnsafe(text: string, ...values: unknown[]) {
      try {
        const { rows } = await database.query<Record<string, unknown>>(text, values)
        return rows.map(row =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asPrismaGives(value)])),
        )
      } catch (error) {
        const { code, message } = error as { code: string; message: string }
        const meta = { code, message }
        throw Object.assign(new Error(`Raw query failed. Code: \`${code}\`.`), { code: 'P2010', meta })
      }
    },
  }
  /** 64-bit integers are bigints there. */
  const asPrismaGives = (value: unknown) => (typeof value === 'number' ? BigInt(value) : value)

  it('keeps everything over the connections of Prisma', async () => {
    const { createStore } = await example('prisma')
    const store: PostgresStore = createStore(prisma)
    await expect(store.keys.get('key')).rejects.toThrow(/run migrate\(\)/)
    await store.migrate()
    await expectStore(store)
  })

  it('takes the tables that a migration of the host has made', async () => {
    const { createStore, migrationText } = await example('prisma')
    await database.exec(migrationText())
    await expectStore(createStore(prisma))
  })
})

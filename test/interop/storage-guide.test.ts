import { afterAll, beforeAll, describe, it } from 'vitest'
import type { UsageStore } from '../../src/store.js'
import { usageStoreSuite } from '../../src/testing/index.js'
import { openPglite, type TestDatabase } from '../stores/postgres-servers.js'
import { importFromGuide } from './guides.js'

const TABLE = 'CREATE TABLE key_usage (id bytea PRIMARY KEY, at bigint, address text, count bigint)'

describe('The adapter of the guide', () => {
  let database: TestDatabase
  let createUsageStore: (client: TestDatabase['client']) => UsageStore

  beforeAll(async () => {
    database = await openPglite()
    const guide = await importFromGuide('storage', 'createUsageStore')
    createUsageStore = guide['createUsageStore'] as typeof createUsageStore
  })
  afterAll(() => database.close())

  it.each(usageStoreSuite)('$name', ({ run }) =>
    run(async () => {
      await database.sql(`DROP TABLE IF EXISTS key_usage; ${TABLE}`)
      return createUsageStore(database.client)
    }),
  )
})

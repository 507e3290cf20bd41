import { afterAll, beforeAll } from 'vitest'
import { createMysqlStore, type MysqlStoreOptions } from '../../src/stores/mysql.js'
import { auditSinkSuite, keyStoreSuite, replayStoreSuite, usageStoreSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentMysql, openMysql, type TestDatabase } from './mysql-servers.js'
import { runSuite } from './run-suite.js'

describeUnless(absentMysql, 'The MySQL store over a pool of mysql2', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await openMysql('kl_suites')
    await createMysqlStore(database.pool).migrate()
  })
  afterAll(() => database?.close())

  /** The stores, emptied. */
  async function empty(options?: MysqlStoreOptions) {
    await database.sql(`
      DELETE FROM keylattice_keys; DELETE FROM keylattice_claims; DELETE FROM keylattice_windows;
      DELETE FROM keylattice_usage; DELETE FROM keylattice_audit;
      UPDATE keylattice_meta SET value = 0 WHERE name = 'horizon'`)
    return createMysqlStore(database.pool, options)
  }

  runSuite(keyStoreSuite, async () => (await empty()).keys)
  runSuite(replayStoreSuite, async clock => (await empty({ clock })).replay)
  runSuite(usageStoreSuite, async () => (await empty()).usage)
  runSuite(auditSinkSuite, async () => {
    const { audit } = await empty()
    const text = (column: string) => `CONVERT(${column} USING utf8mb4)`
    const columns = `at, ${text('event')} AS event, ${text('owner')} AS owner, ${text('key_id')} AS keyId, detail`
    const read = async () => {
      const rows = await database.sql(`SELECT ${columns} FROM keylattice_audit ORDER BY id`)
      return rows.map(row => ({ ...row })) as never
    }
    return { sink: audit, read }
  })
})

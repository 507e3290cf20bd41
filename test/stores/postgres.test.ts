import { afterAll, beforeAll, describe } from 'vitest'
import { createPostgresStore, type PostgresStoreOptions } from '../../src/stores/postgres.js'
import { auditSinkSuite, keyStoreSuite, replayStoreSuite, usageStoreSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentPostgres, type OpenDatabase, openPglite, openPostgres, type TestDatabase } from './postgres-servers.js'
import { runSuite } from './run-suite.js'

function runSuites(open: OpenDatabase): void {
  let database: TestDatabase

  beforeAll(async () => {
    database = await open()
    await createPostgresStore(database.client).migrate()
  })

  afterAll(() => database?.close())

  /** The stores, emptied: making their tables anew for each case would take ten times as long. */
  async function empty(options?: PostgresStoreOptions) {
    await database.sql(`
      DELETE FROM keylattice_keys; DELETE FROM keylattice_claims; DELETE FROM keylattice_windows;
      DELETE FROM keylattice_usage; DELETE FROM keylattice_audit;
      UPDATE keylattice_meta SET value = 0 WHERE name = 'horizon'`)
    return createPostgresStore(database.client, options)
  }

  runSuite(keyStoreSuite, async () => (await empty()).keys)
  runSuite(replayStoreSuite, async clock => (await empty({ clock })).replay)
  runSuite(usageStoreSuite, async () => (await empty()).usage)
  runSuite(auditSinkSuite, async () => {
    const { audit } = await empty()
    const columns = 'at::float8, event, owner, key_id AS "keyId", detail'
    const read = async () => (await database.sql(`SELECT ${columns} FROM keylattice_audit ORDER BY id`)) as never
    return { sink: audit, read }
  })
}

describe('The PostgreSQL store over PGlite', () => {
  runSuites(openPglite)
})

describeUnless(absentPostgres, 'The PostgreSQL store over a pool of pg', () => {
  runSuites(() => openPostgres('kl_suites'))
})

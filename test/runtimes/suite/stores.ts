import type { AuditEntry } from '../../../src/store.js'
import { createMemoryStore } from '../../../src/stores/memory.js'
import { createSqliteStore, type SqliteDatabase } from '../../../src/stores/sqlite.js'
import {
  auditSinkSuite,
  invalidationSuite,
  keyStoreSuite,
  replayStoreSuite,
  type SuiteCase,
  usageStoreSuite,
} from '../../../src/testing/index.js'
import { AbsentError, type Capability, type Check } from './check.js'

export type SqliteDriver = 'node:sqlite' | 'bun:sqlite'

/** Opens a database in memory. */
export type OpenSqlite = () => SqliteDatabase

/** How to open one, or why that cannot be done here. */
export type SqliteDrivers = Readonly<Record<SqliteDriver, OpenSqlite | string>>

function checksOf<Make>(capability: Capability, suite: readonly SuiteCase<Make>[], make: Make): readonly Check[] {
  return suite.map(({ name, run }) => ({ capability, name, run: () => run(make) }))
}

const memoryChecks: readonly Check[] = [
  ...checksOf('memory', keyStoreSuite, () => createMemoryStore().keys),
  ...checksOf('memory', replayStoreSuite, clock => createMemoryStore({ clock }).replay),
  ...checksOf('memory', usageStoreSuite, () => createMemoryStore().usage),
  ...checksOf('memory', auditSinkSuite, () => {
    const { audit } = createMemoryStore()
    return { sink: audit, read: () => audit.entries() }
  }),
  ...checksOf('memory', invalidationSuite, () => {
    const { invalidation } = createMemoryStore()
    return [invalidation, invalidation] as const
  }),
]

function sqliteChecks(driver: SqliteDriver, open: OpenSqlite | string): readonly Check[] {
  if (typeof open === 'string') {
    const absent = () => {
      throw new AbsentError(open)
    }
    return [{ capability: driver, name: 'there is the driver', run: absent }]
  }
  return [
    ...checksOf(driver, keyStoreSuite, () => createSqliteStore(open()).keys),
    ...checksOf(driver, replayStoreSuite, clock => createSqliteStore(open(), { clock }).replay),
    ...checksOf(driver, usageStoreSuite, () => createSqliteStore(open()).usage),
    ...checksOf(driver, auditSinkSuite, () => {
      const database = open()
      return { sink: createSqliteStore(database).audit, read: () => entriesOf(database) }
    }),
  ]
}

function entriesOf(database: SqliteDatabase): readonly AuditEntry[] {
  const rows = database.prepare('SELECT at, event, owner, key_id AS keyId, detail FROM keylattice_audit ORDER BY id')
  return rows.all().map(row => {
    const { at, event, owner, keyId, detail } = row as AuditEntry
    return { at, event, owner, keyId, detail }
  })
}

/** Every conformance suite, over every store that needs no server. */
export function storeChecks(drivers: SqliteDrivers): readonly Check[] {
  return [
    ...memoryChecks,
    ...sqliteChecks('node:sqlite', drivers['node:sqlite']),
    ...sqliteChecks('bun:sqlite', drivers['bun:sqlite']),
  ]
}

import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import type { SqliteDatabase } from '../../src/stores/sqlite.js'

/** An open database of some driver. */
export type TestDatabase = SqliteDatabase & { close(): unknown }

export type OpenDatabase = (file: string) => TestDatabase

/** The drivers there are: `libsql` always, `node:sqlite` where Node has it, `better-sqlite3` where it is installed. */
export function sqliteDrivers(): ReadonlyMap<string, OpenDatabase> {
  const drivers = new Map<string, OpenDatabase>([['libsql', file => new Libsql(file)]])
  const node = load(() => (require('node:sqlite') as { DatabaseSync: DatabaseClass }).DatabaseSync)
  if (node !== undefined) drivers.set('node:sqlite', file => new node(file))
  const better = load(() => require('better-sqlite3') as DatabaseClass)
  if (better !== undefined) drivers.set('better-sqlite3', file => new better(file))
  return drivers
}

type DatabaseClass = new (file: string) => TestDatabase

const require = createRequire(import.meta.url)

/** The class, if it can be loaded and opens a database: native code may be built for another Node. */
function load(loadClass: () => DatabaseClass): DatabaseClass | undefined {
  try {
    const loaded = loadClass()
    new loaded(':memory:').close()
    return loaded
  } catch {
    return undefined
  }
}

/** A file for a database, in a folder of its own. */
export function databaseFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'keylattice-')), 'store.db')
}

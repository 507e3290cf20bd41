import { StoreError } from '../../errors.js'
import { readWhole } from '../sql/columns.js'
import type { Tables } from '../sql/tables.js'
import type { Connection, SqliteDatabase } from './connection.js'

const WHOLE = 'BETWEEN 0 AND 9007199254740991'

/**
 * Step n leads from version n to version n + 1. A step that was released is never changed again: what changes the
 * tables is another step. Text compares as bytes (SQLite's `BINARY`); what is only ever compared is a `BLOB`, which
 * also holds text that SQLite cannot.
 */
const MIGRATIONS: readonly ((tables: Tables) => string)[] = [
  tables => `
    CREATE TABLE ${tables.keys} (
      key_id TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
      owner TEXT NOT NULL COLLATE BINARY,
      state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'revoked')),
      expires_at INTEGER CHECK (expires_at ${WHOLE}),
      created_at INTEGER NOT NULL CHECK (created_at ${WHOLE}),
      version INTEGER NOT NULL CHECK (version ${WHOLE}),
      record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX ${tables.keys}_by_owner ON ${tables.keys} (owner, key_id, state);
    CREATE TABLE ${tables.claims} (
      key_id BLOB NOT NULL,
      token BLOB NOT NULL,
      expires_at INTEGER NOT NULL CHECK (expires_at ${WHOLE}),
      PRIMARY KEY (key_id, token)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ${tables.claims}_by_expiry ON ${tables.claims} (expires_at);
    CREATE TABLE ${tables.windows} (
      key_id BLOB NOT NULL PRIMARY KEY,
      floor BLOB,
      nonces BLOB NOT NULL
    ) STRICT;
    CREATE TABLE ${tables.usage} (
      key_id TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
      last_used_at INTEGER NOT NULL CHECK (last_used_at ${WHOLE}),
      last_address TEXT,
      count INTEGER NOT NULL CHECK (count ${WHOLE})
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE ${tables.audit} (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL CHECK (at ${WHOLE}),
      event TEXT NOT NULL,
      owner TEXT,
      key_id TEXT,
      detail TEXT NOT NULL
    ) STRICT;`,
]

/**
 * Brings the tables to the version this code knows, in one transaction, whoever else starts at the same time.
 *
 * @throws {StoreError} `ERR_STORE_SCHEMA` when the tables are newer than this code, or not its own
 */
export function migrate({ database, attempt, transaction }: Connection, tables: Tables): void {
  attempt(() => checkEngine(database))
  // WAL lets readers and one writer work side by side. FULL makes each commit durable before it is answered: after a
  // power cut, a revoked key stays revoked and an accepted nonce stays remembered.
  attempt(() => database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL'))
  transaction(() => {
    const version = versionOf(database, tables)
    if (version > MIGRATIONS.length) {
      throw schemaError(`the tables are of version ${version}; this code knows versions up to ${MIGRATIONS.length}`)
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration(tables))
    if (version === MIGRATIONS.length) return
    database.prepare(`INSERT OR REPLACE INTO ${tables.meta} VALUES ('schema', ?)`).run(MIGRATIONS.length)
  })
}

/** Version of the tables, 0 where there are none. */
function versionOf(database: SqliteDatabase, tables: Tables): number {
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${tables.meta} (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  )
  const stored = database.prepare(`SELECT value FROM ${tables.meta} WHERE name = 'schema'`).get()
  if (stored !== undefined) return readWhole(stored, 'value')
  for (const [part, name] of Object.entries(tables)) {
    const exists = database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(name) !== undefined
    if (part !== 'meta' && exists) throw schemaError(`another '${name}' exists; give the store a prefix of its own`)
  }
  return 0
}

function checkEngine(database: SqliteDatabase): void {
  const encoding = database.prepare('PRAGMA encoding').get() as { readonly encoding?: unknown } | undefined
  if (encoding?.encoding !== 'UTF-8') throw schemaError('the database must be encoded in UTF-8')
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { readonly version: string }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 37)) throw schemaError('SQLite 3.37 or later is needed')
}

function schemaError(message: string): StoreError {
  return new StoreError('ERR_STORE_SCHEMA', `createSqliteStore: ${message}`)
}

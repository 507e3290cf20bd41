import type { KeyRow, KeyStore, ListQuery, ScanQuery } from '../../store.js'
import { checkStorable, isStorable, readWhole } from '../sql/columns.js'
import { checkLimit, readKeyRow, readListedRow } from '../sql/key-rows.js'
import type { Tables } from '../sql/tables.js'
import type { Connection, SqliteStatement } from './connection.js'

const COLUMNS = 'key_id, owner, state, expires_at, created_at, version, record'

// A number that JavaScript cannot hold is read as text, which is then refused: one driver throws at such a number, and
// the other rows of a list would be lost with it.
const SELECTED = COLUMNS.replace(
  /expires_at|created_at|version/g,
  name => `iif(typeof(${name}) = 'integer' AND abs(${name} / 2) > 4503599627370495, 'huge', ${name}) AS ${name}`,
)

export function createSqliteKeyStore(connection: Connection, { keys }: Tables): KeyStore {
  const { database, attempt, transaction } = connection
  const get = database.prepare(`SELECT ${SELECTED} FROM ${keys} WHERE key_id = ?`)
  const living = database.prepare(`SELECT count(*) AS count FROM ${keys} WHERE owner = ? AND state <> 'revoked'`)
  const insert = database.prepare(`INSERT INTO ${keys} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const exists = database.prepare(`SELECT 1 FROM ${keys} WHERE key_id = ?`)
  const replace = database.prepare(
    `UPDATE ${keys} SET owner = ?, state = ?, expires_at = ?, created_at = ?, version = ?, record = ?
     WHERE key_id = ? AND version = ?`,
  )
  const remove = database.prepare(`DELETE FROM ${keys} WHERE key_id = ? AND version = ?`)

  return {
    get(keyId: string): KeyRow | undefined {
      if (!isStorable(keyId)) return undefined
      const row = attempt(() => get.get(keyId))
      return row === undefined ? undefined : readKeyRow(row, readWhole)
    },
    insert(row: KeyRow, maxPerOwner: number): 'inserted' | 'exists' | 'limit' {
      const { keyId, owner, record } = row
      checkStorable({ keyId, owner, record })
      return transaction(() => {
        if (exists.get(keyId) !== undefined) return 'exists'
        // Written so that NaN admits nobody.
        if (!(readWhole(living.get(owner), 'count') < maxPerOwner)) return 'limit'
        insert.run(keyId, owner, row.state, row.expiresAt, row.createdAt, row.version, record)
        return 'inserted'
      })
    },
    replace(row: KeyRow, expectedVersion: number): boolean {
      const { keyId, owner, state, expiresAt, createdAt, version, record } = row
      if (!isStorable(keyId)) return false
      checkStorable({ owner, record })
      return changed(
        attempt(() => replace.run(owner, state, expiresAt, createdAt, version, record, keyId, expectedVersion)),
      )
    },
    remove(keyId: string, expectedVersion: number): boolean {
      return isStorable(keyId) && changed(attempt(() => remove.run(keyId, expectedVersion)))
    },
    list: createLister(connection, keys),
    scan: createScanner(connection, keys),
  }
}

function createLister({ database, attempt }: Connection, keys: string): (query: ListQuery) => readonly KeyRow[] {
  const select = (and: string): SqliteStatement =>
    database.prepare(
      `SELECT ${SELECTED} FROM ${keys} WHERE owner = ? AND typeof(key_id) = 'text' ${and} ORDER BY key_id LIMIT ?`,
    )
  const first = select('')
  const next = select('AND key_id > ?')

  return ({ owner, limit, after }) => {
    checkLimit('list', limit)
    if (!isStorable(owner)) return []
    const rows = attempt(() => (after === undefined ? first.all(owner, limit) : next.all(owner, after, limit)))
    return rows.map(row => readListedRow(row, readWhole))
  }
}

/** Walks the index of the primary key. */
function createScanner({ database, attempt }: Connection, keys: string): (query: ScanQuery) => readonly KeyRow[] {
  const select = (and: string): SqliteStatement =>
    database.prepare(`SELECT ${SELECTED} FROM ${keys} WHERE typeof(key_id) = 'text' ${and} ORDER BY key_id LIMIT ?`)
  const first = select('')
  const next = select('AND key_id > ?')

  return ({ limit, after }) => {
    checkLimit('scan', limit)
    const rows = attempt(() => (after === undefined ? first.all(limit) : next.all(after, limit)))
    return rows.map(row => readListedRow(row, readWhole))
  }
}

function changed({ changes }: { readonly changes: number | bigint }): boolean {
  return Number(changes) > 0
}

import type { KeyRow, KeyStore, ListQuery, ScanQuery } from '../../store.js'
import { corrupt, isStorable, readBigint, readText } from '../sql/columns.js'
import { checkLimit, readKeyRow, readListedRow } from '../sql/key-rows.js'
import { checkTexts } from '../sql/sizes.js'
import type { Tables } from '../sql/tables.js'
import type { Connection } from './connection.js'
import type { Functions } from './functions.js'

const COLUMNS = 'key_id, owner, state, expires_at, created_at, version, record'

export function createPostgresKeyStore({ rows }: Connection, { keys }: Tables, functions: Functions): KeyStore {
  const get = `SELECT ${COLUMNS} FROM ${keys} WHERE key_id = $1`
  const insert = `SELECT ${functions.insertKey}($1, $2, $3, $4::bigint, $5::bigint, $6::bigint, $7, $8::bigint) AS outcome`
  const replace = `UPDATE ${keys} SET owner = $1, state = $2, expires_at = $3::bigint, created_at = $4::bigint,
    version = $5::bigint, record = $6 WHERE key_id = $7 AND version = $8::bigint RETURNING version`
  const remove = `DELETE FROM ${keys} WHERE key_id = $1 AND version = $2::bigint RETURNING version`

  return {
    async get(keyId: string): Promise<KeyRow | undefined> {
      if (!isStorable(keyId)) return undefined
      const [row] = await rows(get, [keyId])
      return row === undefined ? undefined : readKeyRow(row, readBigint)
    },
    async insert(row: KeyRow, maxPerOwner: number): Promise<'inserted' | 'exists' | 'limit'> {
      const { keyId, owner, state, expiresAt, createdAt, version, record } = row
      checkTexts({ keyId, owner, record })
      const limit = wholeLimit(maxPerOwner)
      const [answer] = await rows(insert, [keyId, owner, state, expiresAt, createdAt, version, record, limit])
      return readOutcome(answer)
    },
    async replace(row: KeyRow, expectedVersion: number): Promise<boolean> {
      const { keyId, owner, state, expiresAt, createdAt, version, record } = row
      if (!isStorable(keyId)) return false
      checkTexts({ owner, record })
      const values = [owner, state, expiresAt, createdAt, version, record, keyId, expectedVersion]
      return (await rows(replace, values)).length > 0
    },
    async remove(keyId: string, expectedVersion: number): Promise<boolean> {
      return isStorable(keyId) && (await rows(remove, [keyId, expectedVersion])).length > 0
    },
    list: createLister({ rows }, keys),
    scan: createScanner({ rows }, keys),
  }
}

type Rows = Pick<Connection, 'rows'>

function createLister({ rows }: Rows, keys: string): (query: ListQuery) => Promise<readonly KeyRow[]> {
  const first = `SELECT ${COLUMNS} FROM ${keys} WHERE owner = $1 ORDER BY key_id LIMIT $2::bigint`
  const next = `SELECT ${COLUMNS} FROM ${keys} WHERE owner = $1 AND key_id > $3 ORDER BY key_id LIMIT $2::bigint`

  return async ({ owner, limit, after }) => {
    checkLimit('list', limit)
    if (!isStorable(owner)) return []
    const found = await (after === undefined
      ? rows(first, [owner, limit])
      : rows(next, [owner, limit, positionOf(after)]))
    return found.map(row => readListedRow(row, readBigint))
  }
}

/** Walks the index of the primary key. */
function createScanner({ rows }: Rows, keys: string): (query: ScanQuery) => Promise<readonly KeyRow[]> {
  const first = `SELECT ${COLUMNS} FROM ${keys} ORDER BY key_id LIMIT $1::bigint`
  const next = `SELECT ${COLUMNS} FROM ${keys} WHERE key_id > $2 ORDER BY key_id LIMIT $1::bigint`

  return async ({ limit, after }) => {
    checkLimit('scan', limit)
    const found = await (after === undefined ? rows(first, [limit]) : rows(next, [limit, positionOf(after)]))
    return found.map(row => readListedRow(row, readBigint))
  }
}

/** The same place among ids that the server can hold: none of them has a NUL, and all are well-formed. */
function positionOf(after: string): string {
  const end = after.indexOf('\0')
  return (end < 0 ? after : after.slice(0, end)).toWellFormed()
}

/** A limit as a whole number that the server can hold; what is no number admits nobody. */
function wholeLimit(maxPerOwner: number): number {
  return maxPerOwner > 0 ? Math.min(Math.ceil(maxPerOwner), Number.MAX_SAFE_INTEGER) : 0
}

function readOutcome(answer: unknown): 'inserted' | 'exists' | 'limit' {
  const outcome = readText(answer, 'outcome')
  if (outcome !== 'inserted' && outcome !== 'exists' && outcome !== 'limit') throw corrupt('outcome')
  return outcome
}

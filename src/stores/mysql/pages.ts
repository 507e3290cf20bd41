import { encodeHex } from '../../bytes.js'
import type { KeyRow, ListQuery, ScanQuery } from '../../store.js'
import { cellOf, corrupt, isStorable, readBigint } from '../sql/columns.js'
import { checkLimit, readListedRow } from '../sql/key-rows.js'
import type { Connection } from './connection.js'
import { hex, readTexts } from './texts.js'

/** The record as bytes, so that the charset of the connection cannot change it. */
export const COLUMNS = 'key_id, owner, state, expires_at, created_at, version, CAST(record AS BINARY) AS record'

export function readKeyTexts(row: unknown): unknown {
  return readTexts(row, ['key_id', 'owner', 'record'])
}

export function createLister({ rows }: Connection, keys: string): (query: ListQuery) => Promise<readonly KeyRow[]> {
  const first = `SELECT ${COLUMNS} FROM ${keys} WHERE owner = UNHEX(?) ORDER BY key_id LIMIT ?`
  const next = `SELECT ${COLUMNS} FROM ${keys} WHERE owner = UNHEX(?) AND key_id > UNHEX(?) ORDER BY key_id LIMIT ?`
  return async ({ owner, limit, after }) => {
    checkLimit('list', limit)
    if (!isStorable(owner)) return []
    return readPage({ limit, after }, (wanted, from) =>
      from === undefined ? rows(first, [hex(owner), wanted]) : rows(next, [hex(owner), from, wanted]),
    )
  }
}

/** Walks the index of the primary key. */
export function createScanner({ rows }: Connection, keys: string): (query: ScanQuery) => Promise<readonly KeyRow[]> {
  const first = `SELECT ${COLUMNS} FROM ${keys} ORDER BY key_id LIMIT ?`
  const next = `SELECT ${COLUMNS} FROM ${keys} WHERE key_id > UNHEX(?) ORDER BY key_id LIMIT ?`
  return async ({ limit, after }) => {
    checkLimit('scan', limit)
    return readPage({ limit, after }, (wanted, from) =>
      from === undefined ? rows(first, [wanted]) : rows(next, [from, wanted]),
    )
  }
}

type Select = (wanted: number, fromHex: string | undefined) => Promise<readonly unknown[]>

/** A row whose id is no text is left out, and another takes its place: a page that is not full is the last. */
async function readPage({ limit, after }: ScanQuery, select: Select): Promise<readonly KeyRow[]> {
  const page: KeyRow[] = []
  let from = after === undefined ? undefined : hex(after)
  for (let isLast = false; page.length < limit && !isLast; ) {
    const wanted = limit - page.length
    const found = await select(wanted, from)
    const ids = found.map(idOf)
    page.push(
      ...found
        .map(readKeyTexts)
        .filter(hasTextId)
        .map(row => readListedRow(row, readBigint)),
    )
    isLast = found.length < wanted
    from = ids.at(-1)
  }
  return page
}

function hasTextId(row: unknown): boolean {
  return typeof cellOf(row, 'key_id') === 'string'
}

function idOf(row: unknown): string {
  const id = cellOf(row, 'key_id')
  if (!(id instanceof Uint8Array)) throw corrupt('key_id')
  return encodeHex(id)
}

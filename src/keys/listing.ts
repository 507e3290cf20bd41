import { KeyError } from '../errors.js'
import type { KeyRecord, KeyView } from '../key.js'
import type { KeyRow } from '../store.js'
import { decodeKey, viewKey } from './codec.js'
import type { Desk } from './desk.js'
import type { KeyPage, ListKeys, UnreadableKey } from './manager-types.js'

const DEFAULT_PAGE = 100
const MAX_PAGE = 1000

/** One page of an owner's keys. A row that cannot be read is reported beside those that can. */
export async function readPage(desk: Desk, { owner, ...page }: ListKeys): Promise<KeyPage> {
  const { limit, after } = checkPage(page)
  const rows = await desk.keys.list({ owner, limit, ...(after === null ? {} : { after }) })
  const now = desk.clock()
  const keys: KeyView[] = []
  const unreadable: UnreadableKey[] = []
  for (const row of rows) {
    const record = readRow(row, owner)
    if (record instanceof KeyError) unreadable.push({ keyId: row.keyId, error: record })
    else keys.push(viewKey(record, now))
  }
  return { keys, unreadable, next: rows.length < limit ? null : (rows.at(-1)?.keyId ?? null) }
}

/** @throws {KeyError} `ERR_INPUT_INVALID`, naming `limit` or `after` */
export function checkPage({ limit = DEFAULT_PAGE, after = null }: Pick<ListKeys, 'limit' | 'after'>): {
  readonly limit: number
  readonly after: string | null
} {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new KeyError('ERR_INPUT_INVALID', `'limit' must be an integer from 1 to ${MAX_PAGE}`, { field: 'limit' })
  }
  if (after !== null && typeof after !== 'string') {
    throw new KeyError('ERR_INPUT_INVALID', "'after' must be the 'next' of a page", { field: 'after' })
  }
  return { limit, after }
}

function readRow(row: KeyRow, owner: string): KeyRecord | KeyError {
  if (row.owner !== owner)
    return new KeyError('ERR_KEY_CORRUPT', 'the store listed the key of another owner', { field: 'owner' })
  return decodeOrError(row)
}

/** The record of a row, or why it cannot be read. */
export function decodeOrError(row: KeyRow): KeyRecord | KeyError {
  try {
    return decodeKey(row)
  } catch (error) {
    if (error instanceof KeyError) return error
    throw error
  }
}

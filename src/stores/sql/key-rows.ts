import { KeyError, StoreError } from '../../errors.js'
import type { KeyRow } from '../../store.js'
import { cellOf, corrupt, readText, type readWhole } from './columns.js'

/** Reads the number of a column: `readWhole`, or `readBigint` for a server. */
export type ReadNumber = typeof readWhole

/** @throws {StoreError} `ERR_STORE_CORRUPT`, naming the column */
export function readKeyRow(row: unknown, readNumber: ReadNumber): KeyRow {
  return {
    keyId: readText(row, 'key_id'),
    owner: readText(row, 'owner'),
    state: readState(row),
    expiresAt: cellOf(row, 'expires_at') === null ? null : readNumber(row, 'expires_at'),
    createdAt: readNumber(row, 'created_at'),
    version: readNumber(row, 'version'),
    record: readText(row, 'record'),
  }
}

/**
 * One bad row must neither hide the others nor itself: in a list it keeps its id, and its owner if that can be read,
 * is revoked, and has an empty record, which every reader of records refuses.
 */
export function readListedRow(row: unknown, readNumber: ReadNumber): KeyRow {
  try {
    return readKeyRow(row, readNumber)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const owner = cellOf(row, 'owner')
    const ids = { keyId: readText(row, 'key_id'), owner: typeof owner === 'string' ? owner : '' }
    return { ...ids, state: 'revoked', expiresAt: null, createdAt: 0, version: 0, record: '' }
  }
}

/** @throws {KeyError} `ERR_INPUT_INVALID` unless `limit` is an integer from 1 to 1000 */
export function checkLimit(where: string, limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return
  throw new KeyError('ERR_INPUT_INVALID', `${where}: 'limit' must be an integer from 1 to 1000`, { field: 'limit' })
}

function readState(row: unknown): KeyRow['state'] {
  const state = readText(row, 'state')
  if (state !== 'pending' && state !== 'active' && state !== 'suspended' && state !== 'revoked') throw corrupt('state')
  return state
}

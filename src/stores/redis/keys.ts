import { KeyError } from '../../errors.js'
import type { KeyRow, KeyStore, ListQuery, ScanQuery } from '../../store.js'
import type { Commands } from './commands.js'
import { GET, INSERT, LIST, REMOVE, REPLACE, SCAN } from './key-scripts.js'
import type { Names } from './names.js'
import { createOperationIds } from './operation-ids.js'
import { checkWellFormed, corrupt, readList, readText, readWhole } from './replies.js'

export async function createRedisKeyStore(commands: Commands, names: Names): Promise<KeyStore> {
  const prepare = async (source: string): Promise<(values: readonly string[]) => Promise<unknown>> => {
    const run = await commands.prepare(source)
    return values => run([names.keys], values)
  }
  const get = await commands.prepare(GET)
  const [insert, replace, remove] = await Promise.all([INSERT, REPLACE, REMOVE].map(prepare))
  const [list, scan] = await Promise.all([LIST, SCAN].map(prepare))
  const nextId = createOperationIds()

  return {
    async get(keyId: string): Promise<KeyRow | undefined> {
      if (!keyId.isWellFormed()) return undefined
      const fields = readList(await get([names.row(keyId)], []), 'row')
      return fields.length === 0 ? undefined : readKeyRow(keyId, fields)
    },
    async insert(row: KeyRow, maxPerOwner: number): Promise<'inserted' | 'exists' | 'limit'> {
      // NaN admits nobody.
      const limit = maxPerOwner > 0 ? String(maxPerOwner) : '0'
      const outcome = await insert!([nextId(), ...valuesOf(row), limit])
      if (outcome !== 'inserted' && outcome !== 'exists' && outcome !== 'limit') throw corrupt('insert')
      return outcome
    },
    async replace(row: KeyRow, expectedVersion: number): Promise<boolean> {
      if (!row.keyId.isWellFormed()) return false
      return (await replace!([nextId(), ...valuesOf(row), String(expectedVersion)])) === '1'
    },
    async remove(keyId: string, expectedVersion: number): Promise<boolean> {
      return keyId.isWellFormed() && (await remove!([keyId, String(expectedVersion)])) === '1'
    },
    async list({ owner, limit, after }: ListQuery): Promise<readonly KeyRow[]> {
      checkLimit('list', limit)
      if (!owner.isWellFormed()) return []
      return readRows(await list!([String(limit), after === undefined ? '-' : `(${after}`, owner]))
    },
    async scan({ limit, after }: ScanQuery): Promise<readonly KeyRow[]> {
      checkLimit('scan', limit)
      return readRows(await scan!([String(limit), after === undefined ? '-' : `(${after}`]))
    },
  }
}

function checkLimit(where: string, limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return
  throw new KeyError('ERR_INPUT_INVALID', `${where}: 'limit' must be an integer from 1 to 1000`, { field: 'limit' })
}

/** In the order of the scripts. Never is an empty text. */
function valuesOf({ keyId, owner, state, expiresAt, createdAt, version, record }: KeyRow): readonly string[] {
  checkWellFormed({ keyId, owner, record })
  return [keyId, owner, state, String(expiresAt ?? ''), String(createdAt), String(version), record]
}

function readKeyRow(keyId: string, fields: readonly unknown[]): KeyRow {
  const [owner, state, expiresAt, createdAt, version, record] = fields
  return {
    keyId,
    owner: readText(owner, 'owner'),
    state: readState(state),
    expiresAt: expiresAt === '' ? null : readWhole(expiresAt, 'expiresAt'),
    createdAt: readWhole(createdAt, 'createdAt'),
    version: readWhole(version, 'version'),
    record: readText(record, 'record'),
  }
}

function readState(value: unknown): KeyRow['state'] {
  if (value !== 'pending' && value !== 'active' && value !== 'suspended' && value !== 'revoked') throw corrupt('state')
  return value
}

/** Each row is led by its key id. */
function readRows(reply: unknown): readonly KeyRow[] {
  return readList(reply, 'rows').map(row => {
    const [keyId, ...fields] = readList(row, 'row')
    return readListedRow(readText(keyId, 'keyId'), fields)
  })
}

/**
 * One bad row must neither hide the others nor itself: in a list it keeps its id, and its owner if that can be read,
 * is revoked, and has an empty record, which every reader of records refuses.
 */
function readListedRow(keyId: string, fields: readonly unknown[]): KeyRow {
  try {
    return readKeyRow(keyId, fields)
  } catch {
    const owner = typeof fields[0] === 'string' ? fields[0] : ''
    return { keyId, owner, state: 'revoked', expiresAt: null, createdAt: 0, version: 0, record: '' }
  }
}

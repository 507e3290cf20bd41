import type { KeyRow, KeyStore } from '../../store.js'
import { isStorable, readBigint } from '../sql/columns.js'
import { readKeyRow } from '../sql/key-rows.js'
import { checkTexts } from '../sql/sizes.js'
import { type Connection, DUPLICATE, errorNumberOf, type Runner, schemaError } from './connection.js'
import { COLUMNS, createLister, createScanner, readKeyTexts } from './pages.js'
import { LOCKS, type MysqlTables } from './schema.js'
import { hex } from './texts.js'

type Outcome = 'inserted' | 'exists' | 'limit'

export function createMysqlKeyStore(connection: Connection, tables: MysqlTables): KeyStore {
  const { rows, write } = connection
  const { keys } = tables
  const get = `SELECT ${COLUMNS} FROM ${keys} WHERE key_id = UNHEX(?)`
  const replace = `UPDATE ${keys} SET owner = UNHEX(?), state = UNHEX(?), expires_at = ?, created_at = ?, version = ?,
    record = CONVERT(UNHEX(?) USING utf8mb4) WHERE key_id = UNHEX(?) AND version = ?`
  const remove = `DELETE FROM ${keys} WHERE key_id = UNHEX(?) AND version = ?`

  return {
    async get(keyId: string): Promise<KeyRow | undefined> {
      if (!isStorable(keyId)) return undefined
      const [row] = await rows(get, [hex(keyId)])
      return row === undefined ? undefined : readKeyRow(readKeyTexts(row), readBigint)
    },
    insert: createInserter(connection, tables),
    async replace(row: KeyRow, expectedVersion: number): Promise<boolean> {
      const { keyId, owner, state, expiresAt, createdAt, version, record } = row
      if (!isStorable(keyId)) return false
      checkTexts({ owner, record })
      const texts = [hex(owner), hex(state)]
      const values = [...texts, expiresAt, createdAt, version, hex(record), hex(keyId), expectedVersion]
      return (await write(replace, values)) > 0
    },
    async remove(keyId: string, expectedVersion: number): Promise<boolean> {
      return isStorable(keyId) && (await write(remove, [hex(keyId), expectedVersion])) > 0
    },
    list: createLister(connection, keys),
    scan: createScanner(connection, keys),
  }
}

/** Whoever counts an owner's keys holds the owner's lock until their key is in. The lock is taken before all else. */
function createInserter({ transaction }: Connection, { keys, locks }: MysqlTables): KeyStore['insert'] {
  const lock = `SELECT slot FROM ${locks} WHERE slot = CRC32(UNHEX(?)) % ${LOCKS} FOR UPDATE`
  const count = `SELECT EXISTS (SELECT 1 FROM ${keys} WHERE key_id = UNHEX(?)) AS taken,
    (SELECT COUNT(*) FROM ${keys} WHERE owner = UNHEX(?) AND state <> 'revoked') AS living`
  const insert = `INSERT INTO ${keys} (key_id, owner, state, expires_at, created_at, version, record)
    VALUES (UNHEX(?), UNHEX(?), UNHEX(?), ?, ?, ?, CONVERT(UNHEX(?) USING utf8mb4))`

  async function judge({ rows }: Runner, row: KeyRow, maxPerOwner: number): Promise<Outcome> {
    if ((await rows(lock, [hex(row.owner)])).length !== 1) throw schemaError(`'${locks}' has lost its rows`)
    const [counted] = await rows(count, [hex(row.keyId), hex(row.owner)])
    if (readBigint(counted, 'taken') > 0) return 'exists'
    // Written so that NaN admits nobody.
    return readBigint(counted, 'living') < maxPerOwner ? 'inserted' : 'limit'
  }

  return async (row, maxPerOwner) => {
    const { keyId, owner, state, expiresAt, createdAt, version, record } = row
    checkTexts({ keyId, owner, record })
    return transaction(async runner => {
      const outcome = await judge(runner, row, maxPerOwner)
      if (outcome !== 'inserted') return outcome
      const values = [hex(keyId), hex(owner), hex(state), expiresAt, createdAt, version, hex(record)]
      try {
        await runner.write(insert, values)
        return 'inserted'
      } catch (error) {
        // Another owner was faster with the same id.
        if (errorNumberOf(error) === DUPLICATE) return 'exists'
        throw error
      }
    })
  }
}

import { encodeHex } from '../../bytes.js'
import type { ReplayStore } from '../../store.js'
import { type Clock, isInstant } from '../../time.js'
import { createPace, encodeClaim } from '../sql/claims.js'
import { cellOf, readBigint } from '../sql/columns.js'
import { admitNonce, checkWindow, readRising, writeNonces } from '../sql/rising.js'
import { checkTexts } from '../sql/sizes.js'
import type { Connection, Runner } from './connection.js'
import type { MysqlTables } from './schema.js'
import { hex } from './texts.js'

export function createMysqlReplayStore(connection: Connection, tables: MysqlTables, clock: Clock): ReplayStore {
  return { claim: createClaim(connection, tables, clock), advance: createAdvance(connection, tables) }
}

function createClaim(connection: Connection, { claims, meta }: MysqlTables, clock: Clock): ReplayStore['claim'] {
  const { rows, write } = connection
  const clear = createClearing(connection, { claims, meta })
  const pace = createPace()
  // Half a hash is enough: to be refused for another's token takes a second one with the same 128 bits.
  const digest = 'UNHEX(LEFT(SHA2(UNHEX(?), 256), 32))'
  const insert = `INSERT IGNORE INTO ${claims} (claim, expires_at) VALUES (${digest}, ?)`
  const renew = `UPDATE ${claims} SET expires_at = ? WHERE claim = ${digest} AND expires_at <= ?`
  const remove = `DELETE FROM ${claims} WHERE claim = ${digest} AND expires_at = ?`
  const horizon = `SELECT value FROM ${meta} WHERE name = 'horizon'`

  return async (keyId, token, expiresAt) => {
    const now = Math.floor(clock())
    if (!isInstant(expiresAt) || !(expiresAt > now)) return false
    await clear(now, pace())
    const claim = encodeClaim(keyId, token)
    const isFree = (await write(insert, [claim, expiresAt])) > 0 || (await write(renew, [expiresAt, claim, now])) > 0
    if (!isFree) return false
    // Afterwards: if a row was cleared out of the way, the horizon had been raised before.
    const [row] = await rows(horizon)
    if (expiresAt > readBigint(row, 'value')) return true
    // Refused by the horizon from now on, so nothing depends on the row, and it need not keep out a later claim.
    await write(remove, [claim, expiresAt])
    return false
  }
}

/** First raises the horizon, then removes no more than what lies at or below it. */
function createClearing({ rows, write }: Connection, { claims, meta }: Pick<MysqlTables, 'claims' | 'meta'>) {
  const latest = `SELECT MAX(expires_at) AS due FROM
    (SELECT expires_at FROM ${claims} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) AS batch`
  const raise = `UPDATE ${meta} SET value = GREATEST(value, ?) WHERE name = 'horizon'`
  const remove = `DELETE FROM ${claims} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`

  return async (now: number, atMost: number): Promise<void> => {
    if (atMost === 0) return
    const [row] = await rows(latest, [now, atMost])
    if (cellOf(row, 'due') === null) return
    const due = readBigint(row, 'due')
    await write(raise, [due])
    await write(remove, [due, atMost])
  }
}

function createAdvance({ transaction, write }: Connection, { windows }: MysqlTables): ReplayStore['advance'] {
  const get = `SELECT floor, nonces FROM ${windows} WHERE key_id = UNHEX(?) FOR UPDATE`
  const put = `UPDATE ${windows} SET floor = UNHEX(?), nonces = UNHEX(?) WHERE key_id = UNHEX(?)`
  const begin = `INSERT IGNORE INTO ${windows} (key_id, nonces) VALUES (UNHEX(?), '')`

  /** `undefined` if the key has no row to hold on to. */
  async function admit({ rows, write }: Runner, key: string, [nonce, window]: readonly [bigint, number]) {
    const [row] = await rows(get, [key])
    if (row === undefined) return undefined
    const next = admitNonce(readRising(row), nonce, window)
    if (next === undefined) return false
    const floor = next.floor < 0n ? null : encodeHex(writeNonces([next.floor]))
    await write(put, [floor, encodeHex(writeNonces(next.nonces)), key])
    return true
  }

  return async (keyId, nonce, window) => {
    checkWindow(window)
    checkTexts({ keyId })
    const key = hex(keyId)
    const advance = () => transaction(runner => admit(runner, key, [nonce, window]))
    const first = await advance()
    if (first !== undefined) return first
    // Not within the transaction: two that wait for each other's first row would deadlock.
    await write(begin, [key])
    return (await advance()) ?? false
  }
}

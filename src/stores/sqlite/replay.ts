import { encodeUtf8 } from '../../bytes.js'
import type { ReplayStore } from '../../store.js'
import { type Clock, isInstant } from '../../time.js'
import { readWhole } from '../sql/columns.js'
import { admitNonce, checkWindow, readRising, writeNonces } from '../sql/rising.js'
import type { Tables } from '../sql/tables.js'
import type { Connection } from './connection.js'

/** Due claims that one claim clears away: more than one, so that a backlog shrinks; few, so that no request waits. */
const CLEARED_PER_CLAIM = 16

export function createSqliteReplayStore(connection: Connection, tables: Tables, clock: Clock): ReplayStore {
  return { claim: createClaim(connection, tables, clock), advance: createAdvance(connection, tables) }
}

function createClaim({ database, transaction }: Connection, tables: Tables, clock: Clock): ReplayStore['claim'] {
  const { claims, meta } = tables
  const horizon = database.prepare(`SELECT value FROM ${meta} WHERE name = 'horizon'`)
  // A claim that is due but not cleared yet counts as forgotten, as it would a moment later.
  const claim = database.prepare(
    `INSERT INTO ${claims} (key_id, token, expires_at) VALUES (?, ?, ?)
     ON CONFLICT (key_id, token) DO UPDATE SET expires_at = excluded.expires_at WHERE ${claims}.expires_at <= ?`,
  )
  const clear = database.prepare(
    `DELETE FROM ${claims} WHERE (key_id, token) IN
       (SELECT key_id, token FROM ${claims} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${CLEARED_PER_CLAIM})
     RETURNING expires_at`,
  )
  const raise = database.prepare(
    `INSERT INTO ${meta} VALUES ('horizon', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
  )

  return (keyId, token, expiresAt) => {
    const now = clock()
    if (!isInstant(expiresAt) || !(expiresAt > now)) return false
    const [key, name] = [encodeUtf8(keyId), encodeToken(token)]
    return transaction(() => {
      const cleared = horizon.get()
      if (cleared !== undefined && expiresAt <= readWhole(cleared, 'value')) return false
      if (Number(claim.run(key, name, expiresAt, now).changes) === 0) return false
      const due = clear.all(now).map(row => readWhole(row, 'expires_at'))
      if (due.length > 0) raise.run(Math.max(...due))
      return true
    })
  }
}

/** Led by a byte, since one driver binds an empty BLOB as NULL. */
function encodeToken(token: string): Uint8Array {
  return encodeUtf8(`:${token}`)
}

function createAdvance({ database, transaction }: Connection, { windows }: Tables): ReplayStore['advance'] {
  // The second value is there because one driver takes a lone BLOB for named values, and aborts the process.
  const get = database.prepare(`SELECT floor, nonces FROM ${windows} WHERE key_id = ? LIMIT ?`)
  const put = database.prepare(`INSERT OR REPLACE INTO ${windows} (key_id, floor, nonces) VALUES (?, ?, ?)`)

  return (keyId, nonce, window) => {
    checkWindow(window)
    const key = encodeUtf8(keyId)
    return transaction(() => {
      const next = admitNonce(readRising(get.get(key, 1)), nonce, window)
      if (next === undefined) return false
      put.run(key, next.floor < 0n ? null : writeNonces([next.floor]), writeNonces(next.nonces))
      return true
    })
  }
}

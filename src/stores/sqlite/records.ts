import type { AuditEntry, AuditSink, KeyUsage, UsageStore } from '../../store.js'
import { checkStorable, isStorable, readText, readTextOrNull, readWhole } from '../sql/columns.js'
import type { Tables } from '../sql/tables.js'
import type { Connection } from './connection.js'

export function createSqliteUsageStore({ database, attempt }: Connection, { usage }: Tables): UsageStore {
  // The right sides all read the old row, so the order of the assignments does not matter.
  const touch = database.prepare(
    `INSERT INTO ${usage} (key_id, last_used_at, last_address, count) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_id) DO UPDATE SET
       last_address = iif(excluded.last_used_at >= last_used_at, excluded.last_address, last_address),
       last_used_at = max(last_used_at, excluded.last_used_at),
       count = count + excluded.count`,
  )
  const get = database.prepare(`SELECT key_id, last_used_at, last_address, count FROM ${usage} WHERE key_id = ?`)
  return {
    touch({ keyId, lastUsedAt, lastAddress, count }: KeyUsage): void {
      checkStorable({ keyId, lastAddress })
      attempt(() => touch.run(keyId, lastUsedAt, lastAddress, count))
    },
    get(keyId: string): KeyUsage | undefined {
      const row = isStorable(keyId) ? attempt(() => get.get(keyId)) : undefined
      if (row === undefined) return undefined
      return {
        keyId: readText(row, 'key_id'),
        lastUsedAt: readWhole(row, 'last_used_at'),
        lastAddress: readTextOrNull(row, 'last_address'),
        count: readWhole(row, 'count'),
      }
    },
  }
}

export function createSqliteAuditSink({ database, attempt }: Connection, { audit }: Tables): AuditSink {
  const append = database.prepare(`INSERT INTO ${audit} (at, event, owner, key_id, detail) VALUES (?, ?, ?, ?, ?)`)
  return {
    append({ at, event, owner, keyId, detail }: AuditEntry): void {
      checkStorable({ event, owner, keyId, detail })
      attempt(() => append.run(at, event, owner, keyId, detail))
    },
  }
}

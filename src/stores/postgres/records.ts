import type { AuditEntry, AuditSink, KeyUsage, UsageStore } from '../../store.js'
import { isStorable, readBigint, readText, readTextOrNull } from '../sql/columns.js'
import { checkTexts } from '../sql/sizes.js'
import type { Tables } from '../sql/tables.js'
import type { Connection } from './connection.js'

export function createPostgresUsageStore({ rows }: Connection, { usage }: Tables): UsageStore {
  const touch = `INSERT INTO ${usage} AS known (key_id, last_used_at, last_address, count)
    VALUES ($1, $2::bigint, $3, $4::bigint) ON CONFLICT (key_id) DO UPDATE SET
      last_address =
        CASE WHEN excluded.last_used_at >= known.last_used_at THEN excluded.last_address ELSE known.last_address END,
      last_used_at = greatest(known.last_used_at, excluded.last_used_at),
      count = known.count + excluded.count`
  const get = `SELECT key_id, last_used_at, last_address, count FROM ${usage} WHERE key_id = $1`
  return {
    async touch({ keyId, lastUsedAt, lastAddress, count }: KeyUsage): Promise<void> {
      checkTexts({ keyId, lastAddress })
      await rows(touch, [keyId, lastUsedAt, lastAddress, count])
    },
    async get(keyId: string): Promise<KeyUsage | undefined> {
      const [row] = isStorable(keyId) ? await rows(get, [keyId]) : []
      if (row === undefined) return undefined
      return {
        keyId: readText(row, 'key_id'),
        lastUsedAt: readBigint(row, 'last_used_at'),
        lastAddress: readTextOrNull(row, 'last_address'),
        count: readBigint(row, 'count'),
      }
    },
  }
}

export function createPostgresAuditSink({ rows }: Connection, { audit }: Tables): AuditSink {
  const append = `INSERT INTO ${audit} (at, event, owner, key_id, detail) VALUES ($1::bigint, $2, $3, $4, $5)`
  return {
    async append({ at, event, owner, keyId, detail }: AuditEntry): Promise<void> {
      checkTexts({ event, owner, keyId, detail })
      await rows(append, [at, event, owner, keyId, detail])
    },
  }
}

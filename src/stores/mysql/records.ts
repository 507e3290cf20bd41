import type { AuditEntry, AuditSink, KeyUsage, UsageStore } from '../../store.js'
import { isStorable, readBigint, readText, readTextOrNull } from '../sql/columns.js'
import { checkTexts } from '../sql/sizes.js'
import type { Connection } from './connection.js'
import type { MysqlTables } from './schema.js'
import { hex, hexOrNull, readTexts } from './texts.js'

export function createMysqlUsageStore({ rows, write }: Connection, { usage }: MysqlTables): UsageStore {
  // Assignments take effect one after the other, so the address must come before the instant it is compared by. In the
  // mode ANSI, `count` without quotes is a function.
  const touch = `INSERT INTO ${usage} (key_id, last_used_at, last_address, \`count\`) VALUES (UNHEX(?), ?, UNHEX(?), ?)
    ON DUPLICATE KEY UPDATE
      last_address = IF(? >= last_used_at, UNHEX(?), last_address),
      last_used_at = GREATEST(last_used_at, ?),
      \`count\` = \`count\` + ?`
  const get = `SELECT key_id, last_used_at, last_address, \`count\` FROM ${usage} WHERE key_id = UNHEX(?)`
  return {
    async touch({ keyId, lastUsedAt, lastAddress, count }: KeyUsage): Promise<void> {
      checkTexts({ keyId, lastAddress })
      const address = hexOrNull(lastAddress)
      await write(touch, [hex(keyId), lastUsedAt, address, count, lastUsedAt, address, lastUsedAt, count])
    },
    async get(keyId: string): Promise<KeyUsage | undefined> {
      const [found] = isStorable(keyId) ? await rows(get, [hex(keyId)]) : []
      if (found === undefined) return undefined
      const row = readTexts(found, ['key_id', 'last_address'])
      return {
        keyId: readText(row, 'key_id'),
        lastUsedAt: readBigint(row, 'last_used_at'),
        lastAddress: readTextOrNull(row, 'last_address'),
        count: readBigint(row, 'count'),
      }
    },
  }
}

export function createMysqlAuditSink({ write }: Connection, { audit }: MysqlTables): AuditSink {
  const append = `INSERT INTO ${audit} (at, event, owner, key_id, detail)
    VALUES (?, UNHEX(?), UNHEX(?), UNHEX(?), CONVERT(UNHEX(?) USING utf8mb4))`
  return {
    async append({ at, event, owner, keyId, detail }: AuditEntry): Promise<void> {
      checkTexts({ event, owner, keyId, detail })
      await write(append, [at, hex(event), hexOrNull(owner), hexOrNull(keyId), hex(detail)])
    },
  }
}

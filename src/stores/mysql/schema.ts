import { nameTables, type Tables } from '../sql/tables.js'

/** Version of the tables that this code makes and understands. */
export const VERSION = 1

/** Locks for which the owners are drawn, so that counting the keys of one holds up few others. */
export const LOCKS = 64

export interface MysqlTables extends Tables {
  readonly locks: string
}

/** @throws {ConfigError} `ERR_OPTION_INVALID` */
export function nameMysqlTables(where: string, prefix: string | undefined): MysqlTables {
  const tables = nameTables(where, prefix)
  return { ...tables, locks: tables.meta.replace(/meta$/, 'locks') }
}

const ENGINE = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
const WORD = 'CHARACTER SET ascii COLLATE ascii_bin'
const LONG = 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
const WHOLE = 'BETWEEN 0 AND 9007199254740991'

/** Holds the version, 0 while the tables are being made; made first. */
export function createMeta({ meta }: Tables): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${meta} (
  name VARCHAR(32) ${WORD} NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
) ${ENGINE}`,
    `INSERT IGNORE INTO ${meta} (name, value) VALUES ('schema', 0), ('horizon', 0)`,
  ]
}

export function writeVersion({ meta }: Tables, version: number): string {
  return `UPDATE ${meta} SET value = ${version} WHERE name = 'schema'`
}

/**
 * Step n leads from version n to version n + 1. A step that was released is never changed again: what changes the
 * tables is another step. The server commits each statement by itself, so each does nothing where it was done. What is
 * searched for is bytes: every collation of text that both MySQL and MariaDB have takes `a` and `a ` for one.
 */
export const MIGRATIONS: readonly ((tables: MysqlTables) => readonly string[])[] = [
  tables => [
    `CREATE TABLE IF NOT EXISTS ${tables.keys} (
  key_id VARBINARY(512) NOT NULL PRIMARY KEY,
  owner VARBINARY(1024) NOT NULL,
  state VARCHAR(9) ${WORD} NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'revoked')),
  expires_at BIGINT CHECK (expires_at ${WHOLE}),
  created_at BIGINT NOT NULL CHECK (created_at ${WHOLE}),
  version BIGINT NOT NULL CHECK (version ${WHOLE}),
  record ${LONG} NOT NULL,
  KEY ${tables.keys}_by_owner (owner, key_id, state)
) ${ENGINE}`,
    `CREATE TABLE IF NOT EXISTS ${tables.claims} (
  claim BINARY(16) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL CHECK (expires_at ${WHOLE}),
  KEY ${tables.claims}_by_expiry (expires_at)
) ${ENGINE}`,
    `CREATE TABLE IF NOT EXISTS ${tables.windows} (
  key_id VARBINARY(512) NOT NULL PRIMARY KEY,
  floor VARBINARY(8),
  nonces MEDIUMBLOB NOT NULL
) ${ENGINE}`,
    `CREATE TABLE IF NOT EXISTS ${tables.usage} (
  key_id VARBINARY(512) NOT NULL PRIMARY KEY,
  last_used_at BIGINT NOT NULL CHECK (last_used_at ${WHOLE}),
  last_address VARBINARY(255),
  \`count\` BIGINT NOT NULL CHECK (\`count\` ${WHOLE})
) ${ENGINE}`,
    `CREATE TABLE IF NOT EXISTS ${tables.audit} (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at BIGINT NOT NULL CHECK (at ${WHOLE}),
  event VARBINARY(255) NOT NULL,
  owner VARBINARY(1024),
  key_id VARBINARY(512),
  detail ${LONG} NOT NULL
) ${ENGINE}`,
    `CREATE TABLE IF NOT EXISTS ${tables.locks} (
  slot TINYINT UNSIGNED NOT NULL PRIMARY KEY
) ${ENGINE}`,
    `INSERT IGNORE INTO ${tables.locks} (slot) VALUES ${Array.from({ length: LOCKS }, (_, slot) => `(${slot})`).join(', ')}`,
  ],
]

import type { Tables } from '../sql/tables.js'
import { createFunctions, type Functions } from './functions.js'

/** Version of the tables that this code makes and understands. */
export const VERSION = 1

const WHOLE = 'BETWEEN 0 AND 9007199254740991'

/** Holds the version; made first. Written so that its absence is a version, too. */
export function createMeta({ meta }: Tables): string {
  return `CREATE TABLE ${meta} (
  name text COLLATE "C" NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);`
}

export function writeVersion({ meta }: Tables, version: number): string {
  return `INSERT INTO ${meta} (name, value) VALUES ('schema', ${version}) ON CONFLICT (name) DO UPDATE SET value = ${version};`
}

/**
 * Step n leads from version n to version n + 1. A step that was released is never changed again: what changes the
 * tables is another step. Text compares as bytes (`COLLATE "C"`).
 */
export const MIGRATIONS: readonly ((tables: Tables, functions: Functions) => string)[] = [
  (tables, functions) => `CREATE TABLE ${tables.keys} (
  key_id text COLLATE "C" NOT NULL PRIMARY KEY,
  owner text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'revoked')),
  expires_at bigint CHECK (expires_at ${WHOLE}),
  created_at bigint NOT NULL CHECK (created_at ${WHOLE}),
  version bigint NOT NULL CHECK (version ${WHOLE}),
  record text COLLATE "C" NOT NULL
);
CREATE INDEX ${tables.keys}_by_owner ON ${tables.keys} (owner, key_id, state);
CREATE TABLE ${tables.claims} (
  claim bytea NOT NULL PRIMARY KEY,
  expires_at bigint NOT NULL CHECK (expires_at ${WHOLE})
);
CREATE INDEX ${tables.claims}_by_expiry ON ${tables.claims} (expires_at);
CREATE TABLE ${tables.windows} (
  key_id text COLLATE "C" NOT NULL PRIMARY KEY,
  floor bytea,
  nonces bytea NOT NULL
);
CREATE TABLE ${tables.usage} (
  key_id text COLLATE "C" NOT NULL PRIMARY KEY,
  last_used_at bigint NOT NULL CHECK (last_used_at ${WHOLE}),
  last_address text COLLATE "C",
  count bigint NOT NULL CHECK (count ${WHOLE})
);
CREATE TABLE ${tables.audit} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL CHECK (at ${WHOLE}),
  event text COLLATE "C" NOT NULL,
  owner text COLLATE "C",
  key_id text COLLATE "C",
  detail text COLLATE "C" NOT NULL
);
INSERT INTO ${tables.meta} (name, value) VALUES ('horizon', 0);
${createFunctions(tables, functions)}`,
]

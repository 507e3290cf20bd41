import { readBigint } from '../sql/columns.js'
import type { Tables } from '../sql/tables.js'
import { type Connection, RAISED_SCHEMA, schemaError } from './connection.js'
import { nameFunctions } from './functions.js'
import { createMeta, MIGRATIONS, VERSION, writeVersion } from './schema.js'

/** Everything as SQL for a schema that has none of it. */
export function printSchema(tables: Tables): string {
  const steps = MIGRATIONS.map(step => step(tables, nameFunctions(tables)))
  return [createMeta(tables), ...steps, writeVersion(tables, VERSION), ''].join('\n')
}

/**
 * Brings the tables to the version this code knows: one statement, so all of it or nothing, and one process after the
 * other, whoever else starts at the same time.
 */
export async function migrate(connection: Connection, tables: Tables): Promise<void> {
  const steps = MIGRATIONS.map((step, version) => inside(`IF found <= ${version}`, step(tables, nameFunctions(tables))))
  await connection.bare(`DO $migrate$
DECLARE
  found bigint;
BEGIN
${CHECK_SERVER}
  PERFORM pg_advisory_xact_lock(hashtextextended('migrate:${tables.meta}', 0));
  IF to_regclass('${tables.meta}') IS NULL THEN
    ${createMeta(tables)}
  END IF;
  SELECT m.value INTO found FROM ${tables.meta} AS m WHERE m.name = 'schema';
  IF found IS NULL THEN
    found := 0;
    ${refuseOthers(tables)}
  END IF;
  IF found > ${VERSION} THEN
    RAISE EXCEPTION 'the tables are of version %; this code knows versions up to ${VERSION}', found
      USING ERRCODE = '${RAISED_SCHEMA}';
  END IF;
${steps.join('\n')}
${inside(`IF found < ${VERSION}`, writeVersion(tables, VERSION))}
END $migrate$`)
}

/**
 * Refuses tables that this code did not make, or that are of another version.
 *
 * @throws {StoreError} `ERR_STORE_SCHEMA`
 */
export async function checkVersion(connection: Connection, { meta }: Tables): Promise<void> {
  const [row] = await connection.bare(`SELECT value FROM ${meta} WHERE name = 'schema'`)
  const version = row === undefined ? 0 : readBigint(row, 'value')
  if (version === VERSION) return
  const advice = version < VERSION ? 'run migrate()' : `this code knows versions up to ${VERSION}`
  throw schemaError(`the tables are of version ${version}; ${advice}`)
}

const CHECK_SERVER = `  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'transactions must be READ COMMITTED' USING ERRCODE = '${RAISED_SCHEMA}';
  END IF;
  IF current_setting('server_encoding') <> 'UTF8' OR current_setting('server_version_num')::integer < 120000 THEN
    RAISE EXCEPTION 'PostgreSQL 12 or later and a database encoded in UTF8 are needed' USING ERRCODE = '${RAISED_SCHEMA}';
  END IF;`

function refuseOthers({ meta: _, ...others }: Tables): string {
  const checks = Object.values(others).map(
    name => `IF to_regclass('${name}') IS NOT NULL THEN
      RAISE EXCEPTION 'another ''${name}'' exists; give the store a prefix of its own' USING ERRCODE = '${RAISED_SCHEMA}';
    END IF;`,
  )
  return checks.join('\n    ')
}

function inside(condition: string, statements: string): string {
  return `  ${condition} THEN\n${statements}\n  END IF;`
}

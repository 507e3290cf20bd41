import { StoreError } from '../../errors.js'
import { cellOf, readBigint } from '../sql/columns.js'
import { type Connection, type Runner, schemaError } from './connection.js'
import { createMeta, MIGRATIONS, type MysqlTables, VERSION, writeVersion } from './schema.js'

/** Longest wait for another process that migrates. */
const PATIENCE_SECONDS = 60

/** Everything as SQL for a database that has none of it. */
export function printSchema(tables: MysqlTables): string {
  const statements = [...createMeta(tables), ...MIGRATIONS.flatMap(step => step(tables)), writeVersion(tables, VERSION)]
  return statements.map(statement => `${statement};\n`).join('')
}

/** Brings the tables to the version this code knows, one process after the other. A broken off one is taken up again. */
export async function migrate({ hold }: Connection, tables: MysqlTables): Promise<void> {
  await hold(async runner => {
    const lock = `MD5(CONCAT(DATABASE(), '.${tables.meta}'))`
    const [here] = await runner.rows('SELECT DATABASE() AS name')
    if (cellOf(here, 'name') === null) throw schemaError('the pool must have a default database')
    const [answer] = await runner.rows(`SELECT GET_LOCK(${lock}, ${PATIENCE_SECONDS}) AS locked`)
    if (Number(cellOf(answer, 'locked')) !== 1)
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'the MySQL database is being migrated by another')
    try {
      await bring(runner, tables)
    } finally {
      await runner.rows(`SELECT RELEASE_LOCK(${lock}) AS released`)
    }
  })
}

async function bring(runner: Runner, tables: MysqlTables): Promise<void> {
  const version = await versionOf(runner, tables)
  if (version > VERSION) {
    throw schemaError(`the tables are of version ${version}; this code knows versions up to ${VERSION}`)
  }
  for (let done = version; done < VERSION; done++) {
    for (const statement of MIGRATIONS[done]?.(tables) ?? []) await runner.write(statement)
    await runner.write(writeVersion(tables, done + 1))
  }
}

/** Version of the tables, 0 where there are none; the table that holds it is there from then on. */
async function versionOf(runner: Runner, tables: MysqlTables): Promise<number> {
  const existing = await tablesOf(runner, tables)
  const [stored] = existing.has(tables.meta)
    ? await runner.rows(`SELECT value FROM ${tables.meta} WHERE name = 'schema'`)
    : []
  if (stored !== undefined) return readBigint(stored, 'value')
  for (const name of existing) {
    if (name !== tables.meta) throw schemaError(`another '${name}' exists; give the store a prefix of its own`)
  }
  for (const statement of createMeta(tables)) await runner.write(statement)
  return 0
}

async function tablesOf(runner: Runner, tables: MysqlTables): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const name of Object.values(tables)) {
    const rows = await runner.rows(
      `SELECT 1 AS one FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '${name}'`,
    )
    if (rows.length > 0) found.add(name)
  }
  return found
}

/**
 * Refuses tables that this code did not make, or that are of another version, and connections that would keep to
 * themselves what they write.
 *
 * @throws {StoreError} `ERR_STORE_SCHEMA`
 */
export async function checkVersion({ rows }: Runner, { meta }: MysqlTables): Promise<void> {
  const [row] = await rows(`SELECT value, @@autocommit AS autocommit FROM ${meta} WHERE name = 'schema'`)
  const version = row === undefined ? 0 : readBigint(row, 'value')
  if (version !== VERSION) {
    const advice = version < VERSION ? 'run migrate()' : `this code knows versions up to ${VERSION}`
    throw schemaError(`the tables are of version ${version}; ${advice}`)
  }
  if (Number(cellOf(row, 'autocommit')) !== 1) throw schemaError('connections must have autocommit switched on')
}

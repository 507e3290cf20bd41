import type { Command, Given } from '../command.js'
import { usage } from '../failures.js'
import { openStore, STORE_NOTE, STORE_OPTIONS } from '../stores.js'
import type { Terminal } from '../terminal.js'

export const migrate: Command = {
  name: 'migrate',
  summary: 'creates the tables of a store, or brings them up to date',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: [STORE_NOTE, 'It may run again, and in several processes at once.'],
  options: {
    ...STORE_OPTIONS,
    print: {
      type: 'string',
      value: 'DIALECT',
      says: 'prints the SQL for an empty database and touches none: postgres, mysql or sqlite',
    },
  },
  examples: [
    { says: 'a SQLite file', line: 'keylattice migrate --store keys.db' },
    {
      says: 'PostgreSQL, with the password in PGPASSWORD',
      line: 'keylattice migrate --store postgres://app@db.internal/exchange',
    },
    { says: 'for tooling of your own', line: 'keylattice migrate --print postgres' },
  ],
  async run(given, terminal) {
    const dialect = given.text('print')
    if (dialect !== undefined) {
      if (given.text('store') !== undefined) throw usage('--print touches no store: leave --store out')
      const sql = await printedSchema(dialect, given, terminal)
      return { text: sql.trim(), json: { dialect, sql } }
    }
    const store = await openStore(given, terminal, true)
    try {
      await store.migrate()
    } finally {
      await store.close()
    }
    return { text: `${store.name}: the tables are up to date`, json: { store: store.name, migrated: true } }
  },
}

async function printedSchema(dialect: string, given: Given, { folder }: Terminal): Promise<string> {
  const prefix = given.text('table-prefix')
  const options = prefix === undefined ? {} : { tablePrefix: prefix }
  switch (dialect) {
    case 'postgres':
      return (await import('../../stores/postgres.js')).postgresSchema(options)
    case 'mysql':
      return (await import('../../stores/mysql.js')).mysqlSchema(options)
    case 'sqlite':
      return sqliteSchema(options, folder)
    default:
      throw usage('--print must be postgres, mysql or sqlite')
  }
}

/** What the adapter made of an empty database, as the database itself says it. */
async function sqliteSchema(options: { readonly tablePrefix?: string }, folder: string): Promise<string> {
  const { openSqlite } = await import('../drivers.js')
  const { createSqliteStore } = await import('../../stores/sqlite.js')
  const database = openSqlite(':memory:', folder)
  createSqliteStore(database, options)
  const rows = database
    .prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    .all()
  const statements = (rows as readonly { readonly sql: string }[]).map(({ sql }) => `${sql};`)
  const meta = `${options.tablePrefix ?? 'keylattice_'}meta`
  const { value } = database.prepare(`SELECT value FROM ${meta} WHERE name = 'schema'`).get() as {
    readonly value: number
  }
  database.close()
  return [...statements, `INSERT INTO ${meta} VALUES ('schema', ${value});`].join('\n')
}

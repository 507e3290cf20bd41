import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AuditSink, KeyStore, ReplayStore } from '../store.js'
import { nameTables } from '../stores/sql/tables.js'
import type { Given, OptionDefinitions } from './command.js'
import { failed, usage } from './failures.js'
import type { Terminal } from './terminal.js'

/** The stores that a command works on: a SQLite file, or a database by its URL. */

export interface OpenStore {
  readonly name: 'SQLite' | 'PostgreSQL' | 'MySQL'
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly audit: AuditSink
  migrate(): Promise<void>
  close(): Promise<void>
}

const VARIABLE = 'KEYLATTICE_STORE'

export const STORE_OPTIONS: OptionDefinitions = {
  store: {
    type: 'string',
    value: 'STORE',
    says: `a SQLite file, or postgres://… or mysql://… without a password; default ${VARIABLE}, which may have one`,
  },
  'table-prefix': {
    type: 'string',
    value: 'TEXT',
    says: 'what the names of the tables begin with; default keylattice_',
  },
}

export const STORE_NOTE: string =
  'The driver is that of the project in this folder: better-sqlite3, libsql or node:sqlite; pg; mysql2.'

/**
 * @param mayCreate whether a SQLite file that is not there is made
 */
export async function openStore(given: Given, terminal: Terminal, mayCreate: boolean): Promise<OpenStore> {
  const address = given.text('store') ?? terminal.env[VARIABLE] ?? ''
  if (address === '') throw usage(`which store? Give --store, or set ${VARIABLE}`)
  concealPassword(address, terminal)
  const prefix = given.text('table-prefix')
  const options = prefix === undefined ? {} : { tablePrefix: prefix }
  // Before anything is opened, which may make a file.
  nameTables('--table-prefix', prefix)
  const protocol = /^([a-z][a-z0-9+.-]+):/i.exec(address)?.[1]?.toLowerCase()
  if (protocol === 'postgres' || protocol === 'postgresql') return openPostgresStore(address, options, terminal)
  if (protocol === 'mysql' || protocol === 'mariadb') return openMysqlStore(address, options, terminal)
  if (protocol !== undefined && protocol !== 'sqlite' && address.includes('://')) {
    throw usage('--store must be a SQLite file, or begin with postgres:// or mysql://')
  }
  const path = address.replace(/^sqlite:(\/\/(?=\/))?/i, '')
  const file = path === ':memory:' ? path : resolve(terminal.folder, path)
  if (!mayCreate && file !== ':memory:' && !existsSync(file)) throw failed(`there is no database ${path}`, 'ENOENT')
  return openSqliteStore(file, options, terminal)
}

type Options = { readonly tablePrefix?: string }

async function openSqliteStore(file: string, options: Options, { folder }: Terminal): Promise<OpenStore> {
  const { openSqlite } = await import('./drivers.js')
  const { createSqliteStore } = await import('../stores/sqlite.js')
  const database = openSqlite(file, folder)
  try {
    // Its tables are made, or brought up to date, when it is opened.
    const { keys, replay, audit } = createSqliteStore(database, options)
    return { name: 'SQLite', keys, replay, audit, migrate: async () => {}, close: async () => void database.close() }
  } catch (error) {
    database.close()
    throw error
  }
}

async function openPostgresStore(url: string, options: Options, { folder }: Terminal): Promise<OpenStore> {
  const { openPostgres } = await import('./drivers.js')
  const { createPostgresStore } = await import('../stores/postgres.js')
  const { client, close } = openPostgres(url, folder)
  const { keys, replay, audit, migrate } = createPostgresStore(client, options)
  return { name: 'PostgreSQL', keys, replay, audit, migrate, close }
}

async function openMysqlStore(url: string, options: Options, { folder }: Terminal): Promise<OpenStore> {
  const { openMysql } = await import('./drivers.js')
  const { createMysqlStore } = await import('../stores/mysql.js')
  const { pool, close } = openMysql(url, folder)
  const { keys, replay, audit, migrate } = createMysqlStore(pool, options)
  return { name: 'MySQL', keys, replay, audit, migrate, close }
}

/** Drivers may repeat it in what they say. */
function concealPassword(address: string, terminal: Terminal): void {
  const password = URL.canParse(address) ? new URL(address).password : ''
  if (password === '') return
  terminal.conceal(address)
  terminal.conceal(password)
  terminal.conceal(decodeURIComponent(password))
}

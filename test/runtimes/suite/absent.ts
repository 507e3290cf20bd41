/** What a runtime is found to lack, by asking it. */

import { AbsentError, type Capability, type Check } from './check.js'
import type { OpenSqlite, SqliteDriver, SqliteDrivers } from './stores.js'

type Database = ReturnType<OpenSqlite>

/** A module that is part of the runtime, if it has it. */
export async function builtin(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    // Named in a variable, so that no bundler looks for it.
    return (await import(name)) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

/** Opens databases by the drivers that are part of the runtime, or says why not. */
export async function sqliteDrivers(): Promise<SqliteDrivers> {
  return { 'node:sqlite': await openerOf('node:sqlite'), 'bun:sqlite': await openerOf('bun:sqlite') }
}

async function openerOf(name: SqliteDriver): Promise<OpenSqlite | string> {
  const module = await builtin(name)
  if (module === undefined) return `has no \`${name}\``
  const Database = (module['DatabaseSync'] ?? module['Database']) as new (file: string) => Database
  try {
    new Database(':memory:').exec('SELECT 1')
    return () => new Database(':memory:')
  } catch (error) {
    return `has a \`${name}\` that opens no database: ${(error as Error).message}`
  }
}

/** Finds that a capability is out of reach, because of what it needs. */
export function absence(capability: Capability, why: string): Check {
  const run = () => {
    throw new AbsentError(why)
  }
  return { capability, name: `is there: ${capability}`, run }
}

/** Programs that are bundled have no `require`; fails where one turns out to be there. */
export const noRequire: Check = {
  capability: 'require',
  name: 'require is there',
  run() {
    if (!('require' in globalThis)) throw new AbsentError('has no CommonJS: its programs are bundled')
    throw new Error('require is there: load the import paths by it')
  },
}

/** Fails where `node:http` turns out to be there. */
export const noNodeHttp: Check = {
  capability: 'node',
  name: 'node:http is there',
  async run() {
    if ((await builtin('node:http')) === undefined) throw new AbsentError('has no `node:http`')
    throw new Error('node:http is there: serve a house by it')
  },
}

import { readFileSync } from 'node:fs'
import Libsql from 'libsql'
import { describe, expect, it } from 'vitest'
import { mysqlSchema } from '../../src/stores/mysql.js'
import { postgresSchema } from '../../src/stores/postgres.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/storage-schema.md')

/** The names in the first column of the table below a heading. */
function namesBelow(heading: string): readonly string[] {
  const [, section = ''] = page.split(new RegExp(`^#+ ${heading}$`, 'm'))
  const table = section.split(/^#/m)[0] ?? ''
  const cells = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
}

/** The columns of each table that a script creates. */
function columnsIn(script: string): ReadonlyMap<string, readonly string[]> {
  const tables = [...script.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?p_(\w+) \(\n([\s\S]*?)\n\)/g)]
  return new Map(
    tables.map(([, table = '', body = '']) => [
      table,
      [...body.matchAll(/^ {2}(?!KEY\b)`?(\w+)/gm)].map(([, column = '']) => column),
    ]),
  )
}

/** The members of an interface of the contract. */
function membersOf(name: string): readonly string[] {
  const [, body = ''] = new RegExp(`export interface ${name} \\{\\n([^]*?)\\n\\}`).exec(read('src/key.ts')) ?? []
  return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, member = '']) => member)
}

describe('docs/storage-schema.md', () => {
  const database = new Libsql(':memory:')
  createSqliteStore(database, { tablePrefix: 'p_' })
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]

  it.each(tables.map(({ name }) => name.slice('p_'.length)))(
    'has every column of the table %s, and no other',
    table => {
      const columns = database.prepare(`PRAGMA table_info(p_${table})`).all() as { name: string }[]
      expect(namesBelow(table)).toEqual(columns.map(({ name }) => name))
    },
  )

  it.each([
    ['PostgreSQL', postgresSchema({ tablePrefix: 'p_' }), 6],
    ['MySQL', mysqlSchema({ tablePrefix: 'p_' }), 7],
  ])('has every column of every table of %s, and no other', (_, script, count) => {
    const found = columnsIn(script)
    expect(found.size).toBe(count)
    for (const [table, columns] of found) {
      expect(namesBelow(table === 'claims' ? 'claims of a server' : table)).toEqual(columns)
    }
  })

  it.each([
    ['PostgreSQL', postgresSchema({ tablePrefix: 'p_' }), /CREATE INDEX p_(\w+)/g],
    ['MySQL', mysqlSchema({ tablePrefix: 'p_' }), /^ {2}KEY p_(\w+)/gm],
  ])('has every index of %s', (_, script, pattern) => {
    const indexes = [...script.matchAll(pattern)].map(([, name = '']) => name)
    expect(indexes).toEqual(['keys_by_owner', 'claims_by_expiry'])
    for (const name of indexes) expect(page).toContain(`Index \`${name}\``)
  })

  it('has every function of PostgreSQL', () => {
    const functions = [...postgresSchema({ tablePrefix: 'p_' }).matchAll(/FUNCTION p_(\w+)/g)].map(([, name]) => name)
    expect(functions).toHaveLength(3)
    for (const name of functions) expect(page).toContain(`\`${name}\``)
  })

  it('has every index', () => {
    const indexes = database.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").all()
    expect(indexes).toHaveLength(2)
    for (const { name } of indexes as { name: string }[]) expect(page).toContain(`Index \`${name.slice('p_'.length)}\``)
  })

  it.each([
    ['The record of a key', 'KeyRecord'],
    ['Secret', 'StoredSecret'],
    ['Withdrawal address', 'WithdrawalAddress'],
    ['Confirmation', 'PendingConfirmation'],
  ])('has every field of the %s, and no other', (heading, name) => {
    expect(membersOf(name).length).toBeGreaterThan(3)
    expect(namesBelow(heading).toSorted()).toEqual(membersOf(name).toSorted())
  })
})

/** Keylattice over the connections that Kysely has already. */

import { createPostgresStore, postgresSchema } from 'keylattice/stores/postgres'
import { CompiledQuery } from 'kysely'

/**
 * @param db a `Kysely` with the `PostgresDialect`
 * @param openListener where a connection to listen on comes from, such as `() => pool.connect()`; without it, processes
 * learn of a revoked key when the time they may keep one is over
 */
export function createStore(db, openListener) {
  const client = { query: (text, values = []) => db.executeQuery(CompiledQuery.raw(text, values)) }
  return createPostgresStore(client, openListener && { openListener })
}

/** A migration for the `Migrator`, in place of `createStore(db).migrate()`. */
export const migration = {
  async up(db) {
    await db.executeQuery(CompiledQuery.raw(postgresSchema()))
  },
}

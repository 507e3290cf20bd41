/**
 * Keylattice over the connection that Drizzle has already: its `$client` is the pool of `pg`, or the PGlite, that it was
 * made from. In drizzle.config.ts, `tablesFilter: ['!keylattice_*']` keeps drizzle-kit from dropping tables it does not
 * know.
 */

import { createPostgresStore, postgresSchema } from 'keylattice/stores/postgres'

/** @param db what `drizzle(…)` of `drizzle-orm/node-postgres` or `drizzle-orm/pglite` returned */
export function createStore(db) {
  return createPostgresStore(db.$client)
}

/** Text for a migration of your own (`drizzle-kit generate --custom`), in place of `createStore(db).migrate()`. */
export function migrationText() {
  return postgresSchema()
}

/**
 * Keylattice over the connections that Prisma has already. Prisma's schema need not know the tables: make an empty
 * migration with `prisma migrate dev --create-only`, and put the text below into it.
 */

import { createPostgresStore, postgresSchema } from 'keylattice/stores/postgres'

/**
 * @param prisma a `PrismaClient` of PostgreSQL
 * @param openListener where a connection to listen on comes from; without it, processes learn of a revoked key when the
 * time they may keep one is over
 */
export function createStore(prisma, openListener) {
  const client = {
    // The text is Keylattice's own, and everything that varies is bound to it.
    query: async (text, values = []) => ({ rows: await prisma.$queryRawUnsafe(text, ...values) }),
  }
  return createPostgresStore(client, openListener && { openListener })
}

/** Text for migration.sql, in place of `createStore(prisma).migrate()`. */
export function migrationText() {
  return postgresSchema()
}

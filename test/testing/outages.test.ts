import { PGlite } from '@electric-sql/pglite'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe } from 'vitest'
import { createMysqlStore, type MysqlPool } from '../../src/stores/mysql.js'
import { createPostgresStore } from '../../src/stores/postgres.js'
import { createRedisStore, type NodeRedisClient } from '../../src/stores/redis.js'
import { createSqliteStore } from '../../src/stores/sqlite.js'
import { outageSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentMysql, openMysql, type TestDatabase } from '../stores/mysql-servers.js'
import { absentRedis, DRIVERS, freshPrefix, removeKeys, SHARED, type TestClient } from '../stores/redis-servers.js'
import { runSuite } from '../stores/run-suite.js'

let made = 0
const freshTables = () => `made_${++made}_`

describe('When commands fail, SQLite', () => {
  runSuite(outageSuite, faults => {
    const database = new Libsql(':memory:')
    return createSqliteStore({ exec: sql => database.exec(sql), prepare: sql => faults.wrap(database.prepare(sql)) })
  })
})

describe('When commands fail, PostgreSQL', () => {
  let database: PGlite

  beforeAll(async () => {
    database = new PGlite()
    await database.waitReady
  })

  afterAll(() => database.close())

  runSuite(outageSuite, async faults => {
    const client = faults.wrap({ query: (text: string, values?: unknown[]) => database.query(text, values) })
    const store = createPostgresStore(client, { tablePrefix: freshTables() })
    await store.migrate()
    return store
  })
})

describeUnless(absentMysql, 'When commands fail, MySQL', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await openMysql(`outages_${process.pid}`)
  })

  afterAll(() => database.close())

  runSuite(outageSuite, async faults => {
    const pool: MysqlPool = {
      query: (sql, values) => database.pool.query(sql, values),
      async getConnection() {
        const connection = await database.pool.getConnection()
        return {
          query: (sql, values) => connection.query(sql, values),
          release: () => connection.release(),
          destroy: () => connection.destroy(),
        }
      },
    }
    const failing: MysqlPool = {
      ...faults.wrap({ query: pool.query }),
      async getConnection() {
        const connection = await pool.getConnection()
        return { ...connection, ...faults.wrap({ query: connection.query }) }
      },
    }
    const store = createMysqlStore(failing, { tablePrefix: freshTables() })
    await store.migrate()
    return store
  })
})

describeUnless(await absentRedis(), 'When commands fail, Redis', () => {
  describe.each(DRIVERS)('over %s', (_, open) => {
    let opened: TestClient
    const prefixes: string[] = []

    beforeAll(async () => {
      opened = await open(SHARED.port, SHARED.host)
    })

    afterAll(async () => {
      await opened.close()
      await removeKeys(prefixes)
    })

    runSuite(outageSuite, faults => {
      const client: NodeRedisClient = faults.wrap(opened.client)
      const prefix = freshPrefix()
      prefixes.push(prefix)
      return createRedisStore(client, { prefix })
    })
  })
})

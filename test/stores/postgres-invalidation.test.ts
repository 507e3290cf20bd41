import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresStore, type PostgresListener } from '../../src/stores/postgres.js'
import { invalidationSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentPostgres, openPglite, openPostgres, type TestDatabase } from './postgres-servers.js'
import { runSuite } from './run-suite.js'

const tablePrefix = 'heard_'

/** Waits until something was heard. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 2))
}

describe('Invalidation over PGlite', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await openPglite()
  })
  afterAll(() => database?.close())

  const create = () => createPostgresStore(database.client, { tablePrefix }).invalidation
  runSuite(invalidationSuite, () => [create(), create()])

  it('takes a message that is none of ours for the news that any key may have changed', async () => {
    const heard: unknown[] = []
    const stop = await create().subscribe(keyId => heard.push(keyId))
    await database.sql(
      "NOTIFY heard_keys, 'key'; NOTIFY heard_keys; NOTIFY heard_keys, ':key'; NOTIFY other_keys, ':no'",
    )
    await until(() => heard.length === 3)
    expect(heard).toEqual([undefined, undefined, 'key'])
    await stop()
  })

  it('tells of a change, though not of which key, when an id is longer than any', async () => {
    const heard: unknown[] = []
    const stop = await create().subscribe(keyId => heard.push(keyId))
    for (const keyId of ['k'.repeat(9000), 'a\0', '\ud800']) await create().publish(keyId)
    await until(() => heard.length === 3)
    expect(heard).toEqual([undefined, undefined, undefined])
    await stop()
  })
})

describe('Invalidation over a client that can neither listen nor connect', () => {
  const client = { query: async () => ({ rows: [] }) }

  it('is published, and subscribed to only where it is told how to listen', async () => {
    const { invalidation } = createPostgresStore(client)
    await invalidation.publish('key')
    await expect(invalidation.subscribe(() => {})).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_MISSING', field: 'openListener' }),
    )
  })

  it('is refused while no connection can be opened, and subscribed to from then on', async () => {
    const failures = [new Error('away'), new Error('still away')]
    const { invalidation } = createPostgresStore(client, {
      openListener: async () => {
        const failure = failures.shift()
        if (failure !== undefined) throw failure
        return { ...client, on: () => {} }
      },
    })
    for (const cause of [...failures]) {
      await expect(invalidation.subscribe(() => {})).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause }),
      )
    }
    const stop = await invalidation.subscribe(() => {})
    await stop()
  })
})

describeUnless(absentPostgres, 'Invalidation over a pool of pg', () => {
  let database: Awaited<ReturnType<typeof openPostgres>>

  beforeAll(async () => {
    database = await openPostgres('kl_invalidation')
  })
  afterAll(() => database?.close())

  const create = () => createPostgresStore(database.client, { tablePrefix }).invalidation
  runSuite(invalidationSuite, () => [create(), create()])

  /** Ends every connection that listens. */
  const cut = () =>
    database.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN heard_keys'`)
  const listening = async () =>
    (await database.sql(`SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN heard_keys'`)).length

  it('opens a lost connection again, says that messages may be missing, and hears on', async () => {
    const { publish, subscribe } = create()
    const heard: (string | undefined)[][] = [[], []]
    const stops = [await subscribe(keyId => heard[0]?.push(keyId)), await subscribe(keyId => heard[1]?.push(keyId))]
    await publish('before')
    await until(() => heard.every(each => each.includes('before')))
    await cut()
    await until(() => heard.every(each => each.includes(undefined)))
    await publish('after')
    await until(() => heard.every(each => each.includes('after')))
    expect(heard).toEqual([
      ['before', undefined, 'after'],
      ['before', undefined, 'after'],
    ])
    for (const stop of stops) await stop()
  })

  it('gives its connection back when the last has left, also one that was just lost', async () => {
    const pool = database.connect({ max: 2 })
    const { invalidation } = createPostgresStore(pool, { tablePrefix })
    for (let i = 0; i < 6; i++) {
      const stops = [await invalidation.subscribe(() => {}), await invalidation.subscribe(() => {})]
      expect(await listening()).toBe(1)
      if (i % 2 === 1) await cut()
      for (const stop of stops) await stop()
    }
    await pool.end()
    expect(await listening()).toBe(0)
  })

  it('listens on a connection that the host opens and that is of no pool', async () => {
    const opened: pg.Client[] = []
    const openListener = async (): Promise<PostgresListener> => {
      const { host, port, user, password, database: name } = database.client.options
      const client = new pg.Client({ host, port, user, password, database: name } as pg.ClientConfig)
      opened.push(client)
      await client.connect()
      return client
    }
    const { invalidation } = createPostgresStore(database.client, { tablePrefix, openListener })
    const heard: unknown[] = []
    const stop = await invalidation.subscribe(keyId => heard.push(keyId))
    await invalidation.publish('one')
    await until(() => heard.length === 1)
    await cut()
    await until(() => heard.length === 2)
    await invalidation.publish('two')
    await until(() => heard.length === 3)
    expect(heard).toEqual(['one', undefined, 'two'])
    expect(opened).toHaveLength(2)
    await stop()
    expect(await listening()).toBe(0)
  })
})

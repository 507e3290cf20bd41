import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createPostgresStore, type PostgresClient } from '../../src/stores/postgres.js'
import { createFakeClock } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentPostgres, openPostgres } from './postgres-servers.js'

const START = 1_750_000_000_000
const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: START,
  version: 1,
  record: '{}',
}
const LATER = 4_000_000_000_000
const UNAVAILABLE = expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' })

describe('A failure that PostgreSQL has undone', () => {
  /** Fails with the errors given, then answers. */
  function failing(errors: unknown[], rows: readonly unknown[] = [{ value: 1, accepted: true, version: 2 }]) {
    const calls: string[] = []
    const client: PostgresClient = {
      query: async text => {
        calls.push(text)
        if (!text.includes('name = ') && errors.length > 0) throw errors.shift()
        return { rows }
      },
    }
    return { store: createPostgresStore(client), calls }
  }
  const failure = (properties: object) => Object.assign(new Error('failed'), properties)
  const CONFLICTS = [
    ['a serialization failure', failure({ code: '40001' })],
    ['a deadlock', failure({ code: '40P01' })],
    ['a deadlock, as Prisma tells it', failure({ code: 'P2010', meta: { code: '40P01' } })],
    ['a deadlock, wrapped by a query builder', failure({ cause: failure({ code: '40P01' }) })],
  ] as const

  it.each(CONFLICTS)('such as %s, is tried again', async (_, error) => {
    const { store, calls } = failing([error, error, error])
    expect(await store.replay.claim('key', 'token', LATER)).toBe(true)
    expect(calls).toHaveLength(1 + 4)
  })

  it.each(CONFLICTS)('such as %s, is given up on at last', async (_, error) => {
    const { store, calls } = failing(Array.from({ length: 6 }, () => error))
    await expect(store.replay.claim('key', 'token', LATER)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: error }),
    )
    expect(calls).toHaveLength(1 + 6)
  })

  it.each([
    ['a lost connection', failure({ code: 'ECONNRESET' })],
    ['an ended connection', failure({ code: '57P01' })],
    ['a broken constraint', failure({ code: '23514' })],
    ['a full disk', failure({ code: '53100' })],
    ['a text', 'a text'],
    ['nothing', undefined],
  ])('is told from %s, which is not tried again', async (_, error) => {
    const { store, calls } = failing([error])
    await expect(store.keys.replace({ ...ROW, version: 2 }, 1)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: error }),
    )
    expect(calls).toHaveLength(1 + 1)
    expect(await store.keys.replace({ ...ROW, version: 2 }, 1)).toBe(true)
  })

  it.each([[[]], [[{}]], [[{ accepted: null }]], [[{ accepted: 't' }]], [[{ accepted: 1 }]]])(
    'is told from an answer that is none: %j',
    async rows => {
      const { store } = failing([], [])
      await expect(store.replay.claim('key', 'token', LATER)).rejects.toThrow(/run migrate/)
      const client: PostgresClient = {
        query: async text => ({ rows: text.includes("'schema'") ? [{ value: 1 }] : rows }),
      }
      await expect(createPostgresStore(client).replay.claim('key', 'token', LATER)).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }),
      )
    },
  )
})

describeUnless(absentPostgres, 'PostgreSQL in trouble', () => {
  type Database = Awaited<ReturnType<typeof openPostgres>>
  let database: Database

  beforeAll(async () => {
    database = await openPostgres('kl_faults')
    await createPostgresStore(database.client).migrate()
  })
  afterAll(() => database?.close())

  /** A connection that somebody else works on. */
  async function holding<T>(work: (other: pg.PoolClient) => Promise<T>): Promise<T> {
    const other = await database.client.connect()
    try {
      return await work(other)
    } finally {
      other.release(true)
    }
  }

  /** The server processes that wait for a lock, once there are so many. */
  async function waiting(count = 1): Promise<readonly number[]> {
    for (;;) {
      const rows = await database.sql(
        `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'kl_faults'`,
      )
      if (rows.length >= count) return rows.map(({ pid }) => Number(pid))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  const impatient = (options = '') => database.connect({ options: `-c deadlock_timeout=20ms ${options}` })

  it('breaks a deadlock, and the insert that lost is tried again', async () => {
    const { keys } = createPostgresStore(impatient())
    await holding(async other => {
      await other.query('BEGIN; SET LOCAL deadlock_timeout = 10000')
      await other.query("INSERT INTO keylattice_keys VALUES ('locked', 'other', 'active', NULL, 1, 1, '{}')")
      const insert = keys.insert({ ...ROW, keyId: 'locked', owner: 'deadlocked' }, 1)
      await waiting()
      // Waits for the insert, which waits for this transaction.
      await other.query(`SELECT pg_advisory_xact_lock(hashtextextended('keylattice_keys:deadlocked', 0))`)
      await other.query('COMMIT')
      expect(await insert).toBe('exists')
    })
    expect(await keys.insert({ ...ROW, keyId: 'free', owner: 'deadlocked' }, 1)).toBe('inserted')
  })

  it('finds a conflict where transactions are serializable, and the write that lost is tried again', async () => {
    const { keys } = createPostgresStore(database.connect({ options: '-c default_transaction_isolation=serializable' }))
    await database.sql("INSERT INTO keylattice_keys VALUES ('raced', 'raced', 'active', NULL, 1, 1, '{}')")
    await holding(async other => {
      await other.query("BEGIN; UPDATE keylattice_keys SET version = 2 WHERE key_id = 'raced'")
      const replace = keys.replace({ ...ROW, keyId: 'raced', version: 2 }, 1)
      await waiting()
      await other.query('COMMIT')
      expect(await replace).toBe(false)
    })
  })

  it('accepts no request again whose claim is cleared away while it is claimed', async () => {
    const clock = createFakeClock(START)
    const { replay } = createPostgresStore(database.client, { clock })
    const expiresAt = START + 1000
    expect(await replay.claim('key', 'raced', expiresAt)).toBe(true)
    await holding(async other => {
      // As the clean-up of a process does whose clock is a second ahead.
      await other.query(`BEGIN; DELETE FROM keylattice_claims WHERE expires_at <= ${expiresAt};
        UPDATE keylattice_meta SET value = ${expiresAt} WHERE name = 'horizon'`)
      const again = replay.claim('key', 'raced', expiresAt)
      await waiting()
      await other.query('COMMIT')
      expect(await again).toBe(false)
    })
    expect(await replay.claim('key', 'fresh', expiresAt + 1)).toBe(true)
  })

  it('counts an owner’s keys one insert after the other, over any number of pools', async () => {
    const stores = [database.connect(), database.connect(), database.connect()].map(pool => createPostgresStore(pool))
    const inserts = Array.from({ length: 60 }, (_, i) =>
      stores[i % 3]?.keys.insert({ ...ROW, keyId: `counted-${i}`, owner: 'counted' }, 7),
    )
    const outcomes = await Promise.all(inserts)
    expect(outcomes.filter(outcome => outcome === 'inserted')).toHaveLength(7)
    expect(outcomes.filter(outcome => outcome === 'limit')).toHaveLength(53)
  })

  it('rejects what is under way when connections are ended, and answers what comes after', async () => {
    const { keys, replay, usage, audit } = createPostgresStore(database.connect())
    expect(await keys.insert({ ...ROW, keyId: 'cut', owner: 'cut' }, 9)).toBe('inserted')
    const cut = await holding(async other => {
      await other.query(`BEGIN; LOCK keylattice_keys, keylattice_claims, keylattice_windows, keylattice_usage,
        keylattice_audit IN ACCESS EXCLUSIVE MODE`)
      const pending = Promise.allSettled([
        keys.get('cut'),
        keys.insert({ ...ROW, keyId: 'cut-2', owner: 'cut' }, 9),
        keys.replace({ ...ROW, keyId: 'cut', version: 2 }, 1),
        replay.claim('cut', 'token', LATER),
        replay.advance('cut', 7n, 4),
        usage.touch({ keyId: 'cut', lastUsedAt: 1, lastAddress: null, count: 1 }),
        audit.append({ at: 1, event: 'cut', owner: null, keyId: null, detail: '{}' }),
      ])
      const pids = await waiting(7)
      await other.query(`SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid`, [pids])
      const settled = await pending
      await other.query('COMMIT')
      return settled
    })
    expect(cut).toEqual(Array.from({ length: 7 }, () => ({ status: 'rejected', reason: UNAVAILABLE })))
    expect(cut.map(each => (each as PromiseRejectedResult).reason.cause)).not.toContain(undefined)
    expect(await keys.get('cut')).toEqual({ ...ROW, keyId: 'cut', owner: 'cut' })
    expect(await keys.insert({ ...ROW, keyId: 'cut-2', owner: 'cut' }, 9)).toBe('inserted')
    expect(await replay.claim('cut', 'token', LATER)).toBe(true)
    expect(await replay.advance('cut', 7n, 4)).toBe(true)
    expect(await usage.get('cut')).toBeUndefined()
    expect(await database.sql("SELECT 1 FROM keylattice_audit WHERE event = 'cut'")).toEqual([])
  })

  it('lets nothing through while it is away', async () => {
    const nobody = database.connect({ host: '127.0.0.1', port: 1 })
    const { keys, replay, migrate } = createPostgresStore(nobody)
    await expect(keys.get('key')).rejects.toThrow(UNAVAILABLE)
    await expect(replay.claim('key', 'away', LATER)).rejects.toThrow(UNAVAILABLE)
    await expect(migrate()).rejects.toThrow(UNAVAILABLE)
  })

  it('writes nothing where it only may be read', async () => {
    const { keys, replay } = createPostgresStore(database.connect({ options: '-c default_transaction_read_only=on' }))
    await expect(replay.claim('key', 'read-only', LATER)).rejects.toThrow(UNAVAILABLE)
    await expect(keys.insert({ ...ROW, keyId: 'read-only' }, 9)).rejects.toThrow(UNAVAILABLE)
    expect(await keys.get('read-only')).toBeUndefined()
  })
})

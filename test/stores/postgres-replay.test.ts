import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresStore } from '../../src/stores/postgres.js'
import { admitNonce, type Rising } from '../../src/stores/sql/rising.js'
import { createFakeClock } from '../../src/testing/index.js'
import { openPglite, type TestDatabase } from './postgres-servers.js'

const START = 1_750_000_000_000
const MINUTE = 60_000
const MAX_NONCE = 2n ** 64n - 1n

let database: TestDatabase
let prefixes = 0

beforeAll(async () => {
  database = await openPglite()
})
afterAll(() => database?.close())

async function createReplay() {
  const tablePrefix = `t${++prefixes}_`
  const clock = createFakeClock(START)
  const store = createPostgresStore(database.client, { tablePrefix, clock })
  await store.migrate()
  const numberOf = async (sql: string) => Number((await database.sql(sql))[0]?.['n'])
  return {
    ...store,
    clock,
    tablePrefix,
    rows: () => numberOf(`SELECT count(*) AS n FROM ${tablePrefix}claims`),
    horizon: () => numberOf(`SELECT value AS n FROM ${tablePrefix}meta WHERE name = 'horizon'`),
  }
}

describe('The clean-up of PostgreSQL claims', () => {
  it('removes what is due, a bounded number of rows at a time, and raises the horizon to it', async () => {
    const { replay, clock, rows, horizon } = await createReplay()
    for (let i = 0; i < 96; i++) await replay.claim('key', `old-${i}`, START + 1000 + i)
    expect(await horizon()).toBe(0)
    clock.advance(MINUTE)
    await replay.claim('key', 'next', START + 2 * MINUTE)
    expect(await rows()).toBe(96 + 1 - 64)
    expect(await horizon()).toBe(START + 1000 + 63)
    for (let i = 0; i < 15; i++) await replay.claim('key', `new-${i}`, START + 2 * MINUTE)
    expect(await rows()).toBe(96 + 16 - 64)
    await replay.claim('key', 'last', START + 2 * MINUTE)
    expect(await rows()).toBe(17)
    expect(await horizon()).toBe(START + 1000 + 95)
  })

  it('removes nothing that is not due', async () => {
    const { replay, clock, rows, horizon } = await createReplay()
    for (let i = 0; i < 20; i++) await replay.claim('key', `due-${i}`, START + 1000)
    for (let i = 0; i < 20; i++) await replay.claim('key', `live-${i}`, START + 1001)
    clock.advance(1000)
    for (let i = 0; i < 24; i++) await replay.claim('key', `more-${i}`, START + MINUTE)
    expect(await rows()).toBe(20 + 24)
    expect(await horizon()).toBe(START + 1000)
    for (let i = 0; i < 20; i++) expect(await replay.claim('key', `live-${i}`, START + 1001)).toBe(false)
  })

  it('shares its horizon with every process, and a later one finds it again', async () => {
    const { replay, clock, tablePrefix } = await createReplay()
    for (let i = 0; i < 16; i++) await replay.claim('key', `old-${i}`, START + 1000)
    clock.advance(MINUTE)
    await replay.claim('key', 'next', START + 2 * MINUTE)
    const behind = createPostgresStore(database.client, { tablePrefix, clock: createFakeClock(START) })
    expect(await behind.replay.claim('key', 'old-1', START + 1000)).toBe(false)
    expect(await behind.replay.claim('key', 'fresh', START + 1000)).toBe(false)
    expect(await behind.replay.claim('key', 'fresh', START + 1001)).toBe(true)
  })

  it('does not let a clock that runs wild for a moment shut out everybody after it', async () => {
    const { replay, clock, horizon } = await createReplay()
    for (let i = 0; i < 16; i++) await replay.claim('key', `before-${i}`, START + MINUTE)
    clock.advance(365 * 24 * 60 * MINUTE)
    for (let i = 0; i < 32; i++) await replay.claim('key', `ahead-${i}`, clock() + MINUTE)
    clock.set(START)
    expect(await horizon()).toBe(START + MINUTE)
    expect(await replay.claim('key', 'after', START + MINUTE + 1)).toBe(true)
  })
})

describe('Claims of PostgreSQL', () => {
  it('take the same room whatever they are of', async () => {
    const { replay, tablePrefix } = await createReplay()
    for (const token of ['', 'a', '\0', 'x'.repeat(100_000)]) {
      expect(await replay.claim('key', token, START + MINUTE)).toBe(true)
      expect(await replay.claim('key', token, START + MINUTE)).toBe(false)
    }
    const sizes = await database.sql(`SELECT DISTINCT length(claim) AS bytes FROM ${tablePrefix}claims`)
    expect(sizes).toEqual([{ bytes: 16 }])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, START + 0.5, -1, START])('are refused until %s', async expiresAt => {
    const { replay } = await createReplay()
    expect(await replay.claim('key', 'token', expiresAt)).toBe(false)
    expect(await replay.claim('key', 'token', START + 1)).toBe(true)
  })

  it('go by a clock that counts in fractions', async () => {
    const { replay, clock } = await createReplay()
    clock.set(START + 0.75)
    expect(await replay.claim('key', 'token', START)).toBe(false)
    expect(await replay.claim('key', 'token', START + 1)).toBe(true)
  })
})

describe('Rising nonces in PostgreSQL', () => {
  it('are judged as the reference judges them, whatever the window and the order', async () => {
    const { replay } = await createReplay()
    let keys = 0
    const near = fc.bigInt({ min: 0n, max: 30n })
    const nonce = fc.oneof(
      near,
      near.map(n => MAX_NONCE - n),
      near.map(n => 2n ** 63n - 15n + n),
    )
    const step = fc.tuple(nonce, fc.integer({ min: 1, max: 7 }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async steps => {
        const keyId = `key-${++keys}`
        let rising: Rising = { floor: -1n, nonces: [] }
        for (const [next, window] of steps) {
          const admitted = admitNonce(rising, next, window)
          expect(await replay.advance(keyId, next, window)).toBe(admitted !== undefined)
          rising = admitted ?? rising
        }
      }),
      { numRuns: 60 },
    )
  })

  it('fill the widest window there is', async () => {
    const { replay, tablePrefix } = await createReplay()
    await database.sql(`INSERT INTO ${tablePrefix}windows (key_id, nonces)
      SELECT 'key', string_agg(decode(lpad(to_hex(i * 2), 16, '0'), 'hex'), '' ORDER BY i) FROM generate_series(1, 65536) AS i`)
    expect(await replay.advance('key', 2n, 65_536)).toBe(false)
    expect(await replay.advance('key', 1n, 65_536)).toBe(false)
    expect(await replay.advance('key', 65_536n, 65_536)).toBe(false)
    expect(await replay.advance('key', 65_537n, 65_536)).toBe(true)
    expect(await replay.advance('key', 65_537n, 65_536)).toBe(false)
    expect(await replay.advance('key', 2n ** 40n, 65_536)).toBe(true)
    expect(await replay.advance('key', 3n, 65_536)).toBe(false)
  })

  it.each([0, -1, 1.5, 65_537, Number.NaN])('refuse a window of %s', async window => {
    const { replay } = await createReplay()
    await expect(replay.advance('key', 1n, window)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'window' }),
    )
  })

  it.each(['a\0', '\ud800', 'k'.repeat(513)])('are not kept for the key %j', async keyId => {
    const { replay } = await createReplay()
    await expect(replay.advance(keyId, 1n, 1)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'keyId' }),
    )
  })
})

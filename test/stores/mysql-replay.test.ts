import { afterAll, beforeAll, expect, it } from 'vitest'
import { createMysqlStore } from '../../src/stores/mysql.js'
import { createFakeClock } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import { absentMysql, openMysql, type TestDatabase } from './mysql-servers.js'

const START = 1_750_000_000_000
const MINUTE = 60_000

describeUnless(absentMysql, 'The replay guard in MySQL', () => {
  let database: TestDatabase
  let prefixes = 0

  beforeAll(async () => {
    database = await openMysql('kl_replay')
  })
  afterAll(() => database?.close())

  async function createReplay() {
    const tablePrefix = `t${++prefixes}_`
    const clock = createFakeClock(START)
    const store = createMysqlStore(database.pool, { tablePrefix, clock })
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

  it('clears away what is due, a bounded number of rows at a time, and raises the horizon to it', async () => {
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

  it('clears away nothing that is not due', async () => {
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
    const behind = createMysqlStore(database.pool, { tablePrefix, clock: createFakeClock(START) })
    expect(await behind.replay.claim('key', 'old-1', START + 1000)).toBe(false)
    expect(await behind.replay.claim('key', 'fresh', START + 1000)).toBe(false)
    expect(await behind.replay.claim('key', 'fresh', START + 1001)).toBe(true)
  })

  it('accepts no request again whose claim is cleared away while it is claimed', async () => {
    const { replay, tablePrefix } = await createReplay()
    const expiresAt = START + 1000
    expect(await replay.claim('key', 'raced', expiresAt)).toBe(true)
    const other = await database.pool.getConnection()
    // As the clean-up of a process does whose clock is a second ahead.
    await other.query('START TRANSACTION')
    await other.query(`DELETE FROM ${tablePrefix}claims WHERE expires_at <= ${expiresAt}`)
    await database.sql(`UPDATE ${tablePrefix}meta SET value = ${expiresAt} WHERE name = 'horizon'`)
    const again = replay.claim('key', 'raced', expiresAt)
    await database.waiting(1)
    await other.query('COMMIT')
    other.release()
    expect(await again).toBe(false)
    expect(await replay.claim('key', 'fresh', expiresAt + 1)).toBe(true)
  })

  it('takes the same room for every claim', async () => {
    const { replay, tablePrefix } = await createReplay()
    for (const token of ['', 'a', '\0', 'x'.repeat(100_000)]) {
      expect(await replay.claim('key', token, START + MINUTE)).toBe(true)
      expect(await replay.claim('key', token, START + MINUTE)).toBe(false)
    }
    const [sizes] = await database.sql(
      `SELECT COUNT(*) AS n, COUNT(DISTINCT claim) AS claims, MAX(LENGTH(claim)) AS bytes FROM ${tablePrefix}claims`,
    )
    expect(sizes).toEqual({ n: 4, claims: 4, bytes: 16 })
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, START + 0.5, -1, START])(
    'claims nothing until %s',
    async expiresAt => {
      const { replay } = await createReplay()
      expect(await replay.claim('key', 'token', expiresAt)).toBe(false)
      expect(await replay.claim('key', 'token', START + 1)).toBe(true)
    },
  )

  it('remembers the widest window there is', async () => {
    const { replay, tablePrefix } = await createReplay()
    const nonces = Array.from({ length: 65_536 }, (_, i) => (i * 2 + 2).toString(16).padStart(16, '0')).join('')
    await database.sql(`INSERT INTO ${tablePrefix}windows (key_id, nonces) VALUES ('key', UNHEX('${nonces}'))`)
    expect(await replay.advance('key', 65_536n, 65_536)).toBe(false)
    expect(await replay.advance('key', 65_537n, 65_536)).toBe(true)
    expect(await replay.advance('key', 65_537n, 65_536)).toBe(false)
    expect(await replay.advance('key', 3n, 65_536)).toBe(false)
    expect(await replay.advance('key', 2n ** 40n, 65_536)).toBe(true)
  })

  it.each([0, -1, 1.5, 65_537, Number.NaN])('refuses a window of %s', async window => {
    const { replay } = await createReplay()
    await expect(replay.advance('key', 1n, window)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'window' }),
    )
  })
})

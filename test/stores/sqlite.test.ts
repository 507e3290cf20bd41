import { describe, expect, it } from 'vitest'
import type { AuditEntry, KeyRow } from '../../src/store.js'
import { createSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite.js'
import {
  auditSinkSuite,
  createFakeClock,
  keyStoreSuite,
  replayStoreSuite,
  usageStoreSuite,
} from '../../src/testing/index.js'
import { absentBuiltin, describeUnless } from '../skips.js'
import { runSuite } from './run-suite.js'
import { databaseFile, sqliteDrivers } from './sqlite-drivers.js'

const START = 1_750_000_000_000
const MINUTE = 60_000

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: START,
  version: 1,
  record: '{}',
}

describe.each([...sqliteDrivers()])('The SQLite store over %s', (_, open) => {
  const inMemory = (options?: SqliteStoreOptions) => createSqliteStore(open(':memory:'), options)

  runSuite(keyStoreSuite, () => inMemory().keys)
  runSuite(replayStoreSuite, clock => inMemory({ clock }).replay)
  runSuite(usageStoreSuite, () => inMemory().usage)
  runSuite(auditSinkSuite, () => {
    const database = open(':memory:')
    const columns = 'at, event, owner, key_id AS keyId, detail'
    const read = () =>
      database
        .prepare(`SELECT ${columns} FROM keylattice_audit ORDER BY id`)
        .all()
        .map(row => {
          const { at, event, owner, keyId, detail } = row as AuditEntry
          return { at, event, owner, keyId, detail }
        })
    return { sink: createSqliteStore(database).audit, read }
  })

  describe('on a file', () => {
    // Every third case: what a file changes is the locking and the journal, and each commit waits for the disk.
    const someOf = <T>(suite: readonly T[]) => suite.filter((_, i) => i % 3 === 0)
    const onFile = (options?: SqliteStoreOptions) => createSqliteStore(open(databaseFile()), options)
    runSuite(someOf(keyStoreSuite), () => onFile().keys)
    runSuite(someOf(usageStoreSuite), () => onFile().usage)

    it('keeps everything when it is opened again', () => {
      const file = databaseFile()
      const clock = createFakeClock(START)
      const first = open(file)
      const before = createSqliteStore(first, { clock })
      before.keys.insert(ROW, 1)
      before.replay.claim('key', 'nonce', START + MINUTE)
      before.replay.advance('key', 2n ** 63n, 1)
      before.usage.touch({ keyId: 'key', lastUsedAt: START, lastAddress: null, count: 3 })
      first.close()

      const after = createSqliteStore(open(file), { clock })
      expect(after.keys.get('key')).toEqual(ROW)
      expect(after.replay.claim('key', 'nonce', START + MINUTE)).toBe(false)
      expect(after.replay.claim('key', 'other', START + MINUTE)).toBe(true)
      expect(after.replay.advance('key', 2n ** 63n, 1)).toBe(false)
      expect(after.replay.advance('key', 2n ** 63n + 1n, 1)).toBe(true)
      expect(after.usage.get('key')).toEqual({ keyId: 'key', lastUsedAt: START, lastAddress: null, count: 3 })
    })

    it('remembers what it has forgotten when it is opened again under a clock set back', () => {
      const file = databaseFile()
      const first = open(file)
      const clock = createFakeClock(START)
      const before = createSqliteStore(first, { clock })
      before.replay.claim('key', 'nonce', START + 1000)
      clock.advance(MINUTE)
      before.replay.claim('key', 'later', START + 2 * MINUTE)
      first.close()

      const after = createSqliteStore(open(file), { clock: createFakeClock(START) })
      expect(after.replay.claim('key', 'nonce', START + 1000)).toBe(false)
      expect(after.replay.claim('key', 'fresh', START + 1000)).toBe(false)
      expect(after.replay.claim('key', 'fresh', START + 1001)).toBe(true)
    })

    it('serves two connections as one', () => {
      const file = databaseFile()
      const [one, other] = [createSqliteStore(open(file)), createSqliteStore(open(file))]
      expect(one.keys.insert(ROW, 1)).toBe('inserted')
      expect(other.keys.insert({ ...ROW, keyId: 'second' }, 1)).toBe('limit')
      expect(other.keys.replace({ ...ROW, version: 2 }, 1)).toBe(true)
      expect(one.keys.replace({ ...ROW, version: 2 }, 1)).toBe(false)
      expect(one.keys.get('key')).toEqual({ ...ROW, version: 2 })
      expect(one.replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(true)
      expect(other.replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(false)
      expect(one.replay.advance('key', 1n, 4)).toBe(true)
      expect(other.replay.advance('key', 1n, 4)).toBe(false)
    })

    it('makes every commit durable', () => {
      const database = open(databaseFile())
      createSqliteStore(database)
      expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
      expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 })
    })
  })

  describe('when the database fails', () => {
    it('throws ERR_STORE_UNAVAILABLE with the driver’s error, and lets nothing through', () => {
      const database = open(':memory:')
      const { keys, replay, usage, audit } = createSqliteStore(database)
      keys.insert(ROW, 1)
      for (const table of ['keys', 'claims', 'windows', 'usage', 'audit']) {
        database.exec(`ALTER TABLE keylattice_${table} RENAME TO gone_${table}`)
        database.exec(`CREATE VIEW keylattice_${table} AS SELECT 1`)
      }
      const calls: readonly (() => unknown)[] = [
        () => keys.get('key'),
        () => keys.insert({ ...ROW, keyId: 'second' }, 5),
        () => keys.replace({ ...ROW, version: 2 }, 1),
        () => keys.remove('key', 1),
        () => keys.list({ owner: 'owner', limit: 1 }),
        () => keys.scan({ limit: 1 }),
        () => replay.claim('key', 'nonce', Date.now() + MINUTE),
        () => replay.advance('key', 1n, 1),
        () => usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 }),
        () => usage.get('key'),
        () => audit.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' }),
      ]
      for (const call of calls) {
        expect(call).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: expect.any(Error) }))
      }
    })

    it('waits for another writer no longer than asked, then refuses', () => {
      const file = databaseFile()
      const store = createSqliteStore(open(file), { busyTimeoutMs: 30 })
      const other = open(file)
      other.exec('BEGIN IMMEDIATE')
      const claim = () => store.replay.claim('key', 'nonce', Date.now() + MINUTE)
      expect(claim).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
      expect(() => store.keys.insert(ROW, 1)).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
      expect(store.keys.get('key')).toBeUndefined()
      other.exec('COMMIT')
      expect(claim()).toBe(true)
      expect(store.keys.insert(ROW, 1)).toBe('inserted')
    })

    it('leaves a transaction of the host alone, and refuses to work inside it', () => {
      const database = open(':memory:')
      const store = createSqliteStore(database)
      database.exec('CREATE TABLE host (x); BEGIN; INSERT INTO host VALUES (1)')
      expect(() => store.keys.insert(ROW, 1)).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
      database.exec('COMMIT')
      expect(database.prepare('SELECT count(*) AS n FROM host').get()).toMatchObject({ n: 1 })
      expect(store.keys.insert(ROW, 1)).toBe('inserted')
    })

    it('undoes a step that failed half way', () => {
      const database = open(':memory:')
      const clock = createFakeClock(START)
      const store = createSqliteStore(database, { clock })
      store.replay.claim('key', 'old', START + 1)
      clock.advance(MINUTE)
      database.exec(`CREATE TRIGGER fail BEFORE INSERT ON keylattice_meta BEGIN SELECT raise(ABORT, 'no'); END`)
      const claim = () => store.replay.claim('key', 'new', START + 2 * MINUTE)
      expect(claim).toThrow(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
      database.exec('DROP TRIGGER fail')
      expect(claim()).toBe(true)
    })
  })

  describe('its clean-up', () => {
    it('keeps pace with the claims, a few rows at a time', () => {
      const database = open(':memory:')
      const clock = createFakeClock(START)
      const { replay } = createSqliteStore(database, { clock })
      const rows = () => (database.prepare('SELECT count(*) AS n FROM keylattice_claims').get() as { n: number }).n
      for (let i = 0; i < 100; i++) replay.claim('key', `nonce-${i}`, START + 1000)
      clock.advance(MINUTE)
      replay.claim('key', 'next', START + 2 * MINUTE)
      expect(rows()).toBe(100 + 1 - 16)
      for (let i = 0; i < 10; i++) replay.claim('key', `next-${i}`, START + 2 * MINUTE)
      expect(rows()).toBe(11)
    })
  })

  describe('its input', () => {
    const unstorable = ['a\0', '\ud800']

    it.each(unstorable)('refuses to store %j where a driver would change it', text => {
      const { keys, usage, audit } = inMemory()
      const refusal = (field: string) => expect.objectContaining({ code: 'ERR_INPUT_INVALID', field })
      expect(() => keys.insert({ ...ROW, keyId: text }, 1)).toThrow(refusal('keyId'))
      expect(() => keys.insert({ ...ROW, owner: text }, 1)).toThrow(refusal('owner'))
      expect(() => keys.insert({ ...ROW, record: text }, 1)).toThrow(refusal('record'))
      keys.insert(ROW, 1)
      expect(() => keys.replace({ ...ROW, owner: text, version: 2 }, 1)).toThrow(refusal('owner'))
      expect(() => usage.touch({ keyId: text, lastUsedAt: 1, lastAddress: null, count: 1 })).toThrow(refusal('keyId'))
      const entry = { at: 1, event: 'e', owner: null, keyId: null, detail: text }
      expect(() => audit.append(entry)).toThrow(refusal('detail'))
    })

    it.each(unstorable)('finds nothing under %j', text => {
      const { keys, usage } = inMemory()
      for (const keyId of ['a', '\ufffd']) {
        keys.insert({ ...ROW, keyId, owner: keyId }, 1)
        usage.touch({ keyId, lastUsedAt: 1, lastAddress: null, count: 1 })
      }
      expect(keys.get(text)).toBeUndefined()
      expect(keys.replace({ ...ROW, keyId: text, version: 2 }, 1)).toBe(false)
      expect(keys.remove(text, 1)).toBe(false)
      expect(keys.list({ owner: text, limit: 10 })).toEqual([])
      expect(usage.get(text)).toBeUndefined()
    })

    it('holds tokens of any bytes', () => {
      const { replay } = inMemory()
      for (const token of ['', '\0', 'a\0', 'a\0b']) {
        expect(replay.claim('key', token, Date.now() + MINUTE)).toBe(true)
        expect(replay.claim('key', token, Date.now() + MINUTE)).toBe(false)
      }
    })

    it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a page of %s rows', limit => {
      const refusal = expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'limit' })
      expect(() => inMemory().keys.list({ owner: 'owner', limit })).toThrow(refusal)
      expect(() => inMemory().keys.scan({ limit })).toThrow(refusal)
    })

    it.each([0, -1, 1.5, 65_537, Number.NaN])('refuses a window of %s', window => {
      const advance = () => inMemory().replay.advance('key', 1n, window)
      expect(advance).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'window' }))
    })

    it.each([Number.NaN, Number.POSITIVE_INFINITY, Date.now() + 1e6 + 0.5, -1])('refuses a claim until %s', at => {
      expect(inMemory().replay.claim('key', 'nonce', at)).toBe(false)
    })

    it('admits nobody under a limit that is no number', () => {
      expect(inMemory().keys.insert(ROW, Number.NaN)).toBe('limit')
    })
  })
})

describeUnless(absentBuiltin('node:sqlite'), 'The database of Node itself', () => {
  it('is among the drivers tested', () => {
    expect([...sqliteDrivers().keys()]).toContain('node:sqlite')
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createPostgresStore, type PostgresStore } from '../../src/stores/postgres.js'
import { openPglite, type TestDatabase } from './postgres-servers.js'

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: 5,
  version: 1,
  record: '{}',
}

let database: TestDatabase
let store: PostgresStore
let prefixes = 0

beforeAll(async () => {
  database = await openPglite()
})
beforeEach(async () => {
  store = createPostgresStore(database.client, { tablePrefix: `t${++prefixes}_` })
  await store.migrate()
})
afterAll(() => database?.close())

const refusal = (field: string) => expect.objectContaining({ code: 'ERR_INPUT_INVALID', field })

describe('The PostgreSQL store', () => {
  it.each(['a\0', '\ud800'])('refuses to store %j, which the server cannot hold', async text => {
    const { keys, usage, audit } = store
    await expect(keys.insert({ ...ROW, keyId: text }, 1)).rejects.toThrow(refusal('keyId'))
    await expect(keys.insert({ ...ROW, owner: text }, 1)).rejects.toThrow(refusal('owner'))
    await expect(keys.insert({ ...ROW, record: text }, 1)).rejects.toThrow(refusal('record'))
    await keys.insert(ROW, 1)
    await expect(keys.replace({ ...ROW, owner: text, version: 2 }, 1)).rejects.toThrow(refusal('owner'))
    const use = { keyId: text, lastUsedAt: 1, lastAddress: null, count: 1 }
    await expect(usage.touch(use)).rejects.toThrow(refusal('keyId'))
    const entry = { at: 1, event: 'e', owner: null, keyId: null, detail: text }
    await expect(audit.append(entry)).rejects.toThrow(refusal('detail'))
    expect(await keys.get('key')).toEqual(ROW)
  })

  it.each(['a\0', '\ud800'])('finds nothing under %j', async text => {
    const { keys, usage } = store
    for (const keyId of ['a', '\ufffd']) {
      await keys.insert({ ...ROW, keyId, owner: keyId }, 1)
      await usage.touch({ keyId, lastUsedAt: 1, lastAddress: null, count: 1 })
    }
    expect(await keys.get(text)).toBeUndefined()
    expect(await keys.replace({ ...ROW, keyId: text, version: 2 }, 1)).toBe(false)
    expect(await keys.remove(text, 1)).toBe(false)
    expect(await keys.list({ owner: text, limit: 10 })).toEqual([])
    expect(await usage.get(text)).toBeUndefined()
  })

  it('goes on behind an id it cannot hold', async () => {
    for (const keyId of ['a', 'aa', 'b', '\uffee']) await store.keys.insert({ ...ROW, keyId }, 9)
    const behind = async (after: string) =>
      Promise.all([
        (await store.keys.list({ owner: 'owner', limit: 9, after })).map(({ keyId }) => keyId),
        (await store.keys.scan({ limit: 9, after })).map(({ keyId }) => keyId),
      ])
    for (const after of ['a\0', 'a\0z']) {
      const rest = ['aa', 'b', '\uffee']
      expect(await behind(after)).toEqual([rest, rest])
    }
    expect(await behind('\ud800')).toEqual([[], []])
    expect(await behind('b\ud800')).toEqual([['\uffee'], ['\uffee']])
  })

  it('takes ids and owners up to their limits, and refuses longer ones', async () => {
    const keyId = 'é'.repeat(256)
    const owner = '🔑'.repeat(256)
    // Random, so that the server cannot make it shorter.
    const noise = Array.from({ length: 256 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_000))).join('')
    expect(await store.keys.insert({ ...ROW, keyId, owner }, 1)).toBe('inserted')
    expect(await store.keys.get(keyId)).toEqual({ ...ROW, keyId, owner })
    expect(await store.keys.insert({ ...ROW, keyId: noise.slice(0, 170), owner: noise }, 1)).toBe('inserted')
    await expect(store.keys.insert({ ...ROW, keyId: `${keyId}a` }, 1)).rejects.toThrow(refusal('keyId'))
    await expect(store.keys.insert({ ...ROW, owner: `${owner}a` }, 1)).rejects.toThrow(refusal('owner'))
    await expect(store.keys.replace({ ...ROW, keyId, owner: `${owner}a` }, 1)).rejects.toThrow(refusal('owner'))
    expect(await store.keys.get(`${keyId}a`)).toBeUndefined()
    const lastAddress = 'a'.repeat(256)
    await expect(store.usage.touch({ keyId, lastUsedAt: 1, lastAddress, count: 1 })).rejects.toThrow(
      refusal('lastAddress'),
    )
  })

  it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a page of %s rows', async limit => {
    await expect(store.keys.list({ owner: 'owner', limit })).rejects.toThrow(refusal('limit'))
    await expect(store.keys.scan({ limit })).rejects.toThrow(refusal('limit'))
  })

  it.each([
    [Number.NaN, 'limit'],
    [-1, 'limit'],
    [0.5, 'inserted'],
    [Number.POSITIVE_INFINITY, 'inserted'],
    [2 ** 60, 'inserted'],
  ])('under a limit of %s answers %s', async (maxPerOwner, outcome) => {
    expect(await store.keys.insert(ROW, maxPerOwner)).toBe(outcome)
    expect(await store.keys.insert({ ...ROW, keyId: 'second' }, 1)).toBe(outcome === 'limit' ? 'inserted' : 'limit')
  })

  it('understands a driver that gives numbers of every kind', async () => {
    const as = (change: (value: unknown) => unknown) => ({
      query: async (text: string, values?: unknown[]) => {
        const { rows } = await database.client.query(text, values)
        const changed = (row: unknown) =>
          Object.fromEntries(Object.entries(row as object).map(([name, value]) => [name, change(value)]))
        return { rows: rows.map(changed) }
      },
    })
    await store.keys.insert({ ...ROW, expiresAt: 8_640_000_000_000_000 }, 1)
    for (const convert of [String, BigInt, Number]) {
      const client = as(value => (typeof value === 'number' ? convert(value) : value))
      const { keys } = createPostgresStore(client, { tablePrefix: `t${prefixes}_` })
      expect(await keys.get('key')).toStrictEqual({ ...ROW, expiresAt: 8_640_000_000_000_000 })
    }
    for (const wrong of ['1.5', ' 1', '01', '-1', '', '1e3', '9007199254740992', 1.5, -1, {}, [], true]) {
      const client = as(value => (value === ROW.createdAt ? wrong : value))
      const { keys } = createPostgresStore(client, { tablePrefix: `t${prefixes}_` })
      await expect(keys.get('key')).rejects.toThrow(expect.objectContaining({ field: 'created_at' }))
    }
  })
})

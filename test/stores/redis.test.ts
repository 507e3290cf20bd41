import { Redis, type RedisOptions } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createRedisStore, type RedisStore, type RedisStoreOptions } from '../../src/stores/redis.js'
import { invalidationSuite, keyStoreSuite, replayStoreSuite, usageStoreSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import {
  absentRedis,
  command,
  DRIVERS,
  freshPrefix,
  removeKeys,
  SHARED,
  type TestClient,
  testClient,
  until,
} from './redis-servers.js'
import { runSuite } from './run-suite.js'

const MINUTE = 60_000

const ROW: KeyRow = {
  keyId: 'key',
  owner: 'owner',
  state: 'active',
  expiresAt: null,
  createdAt: 1,
  version: 1,
  record: '{}',
}

const prefixes: string[] = []
const absent = await absentRedis()

function newPrefix(): string {
  const prefix = freshPrefix()
  prefixes.push(prefix)
  return prefix
}

const server = (...words: readonly string[]) => command(SHARED.port, ...words)

/** Names of the keys under a prefix, without it. */
async function namesUnder(prefix: string): Promise<readonly string[]> {
  const names = (await server('KEYS', `${prefix}*`)) as string[]
  return names.map(name => name.slice(prefix.length)).sort()
}

async function serverTime(): Promise<number> {
  const [seconds, microseconds] = (await server('TIME')) as string[]
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}

afterAll(async () => {
  if (absent === undefined) await removeKeys(prefixes)
})

describe.each(DRIVERS)('The Redis store over %s', (_name, connect) => {
  describeUnless(absent, 'and one server', () => {
    const clients: TestClient[] = []
    let test: TestClient

    beforeAll(async () => {
      test = await connect(SHARED.port, SHARED.host)
      clients.push(test)
    })
    afterAll(() => {
      for (const { close } of clients) close()
    })

    const open = (options: RedisStoreOptions = {}): Promise<RedisStore> =>
      createRedisStore(test.client, { prefix: newPrefix(), ...options })

    runSuite(keyStoreSuite, async () => (await open()).keys)
    // The others move a clock, and time is the server's here; see below.
    runSuite(
      replayStoreSuite.filter(({ movesClock }) => !movesClock),
      async () => (await open()).replay,
    )
    runSuite(usageStoreSuite, async () => (await open()).usage)
    runSuite(invalidationSuite, async () => {
      const prefix = newPrefix()
      return [(await open({ prefix })).invalidation, (await open({ prefix })).invalidation]
    })

    describe('under a limit of live nonces', () => {
      runSuite(
        replayStoreSuite.filter(({ movesClock }) => !movesClock),
        async () => (await open({ maxClaimsPerKey: 1_000_000 })).replay,
      )

      it('refuses a key that has too many, and no other, and drops none', async () => {
        const { replay } = await open({ maxClaimsPerKey: 3 })
        const at = Date.now() + MINUTE
        for (const nonce of ['a', 'b', 'c']) expect(await replay.claim('key', nonce, at)).toBe(true)
        expect(await replay.claim('key', 'd', at)).toBe(false)
        expect(await replay.claim('other', 'd', at)).toBe(true)
        for (const nonce of ['a', 'b', 'c']) expect(await replay.claim('key', nonce, at)).toBe(false)
      })

      it('does not count refused claims against a key', async () => {
        const { replay } = await open({ maxClaimsPerKey: 2 })
        const at = Date.now() + MINUTE
        expect(await replay.claim('key', 'a', at)).toBe(true)
        for (let i = 0; i < 5; i++) expect(await replay.claim('key', 'a', at)).toBe(false)
        for (let i = 0; i < 5; i++) expect(await replay.claim('key', 'late', Date.now() - MINUTE)).toBe(false)
        expect(await replay.claim('key', 'b', at)).toBe(true)
      })

      it('admits exactly as many of parallel claims as there are places', async () => {
        const prefix = newPrefix()
        const stores = [await open({ prefix, maxClaimsPerKey: 40 }), await open({ prefix, maxClaimsPerKey: 40 })]
        const at = Date.now() + MINUTE
        const claims = Array.from({ length: 128 }, (_, i) => stores[i % 2]?.replay.claim('key', `nonce-${i}`, at))
        const outcomes = await Promise.all(claims)
        expect(outcomes.filter(Boolean)).toHaveLength(40)
      })

      it('gives places back once nonces are due', async () => {
        const prefix = newPrefix()
        const { replay } = await open({ prefix, maxClaimsPerKey: 2 })
        const name = `${prefix}{${(await claimAndFindGroup(prefix, replay)).group}}n:key`
        expect(await replay.claim('key', 'b', Date.now() + MINUTE)).toBe(true)
        expect(await replay.claim('key', 'c', Date.now() + MINUTE)).toBe(false)
        // As if those two had been claimed long ago.
        expect(await server('DEL', name)).toBe(1)
        await server('HSET', name, '1000', '2')
        expect(await replay.claim('key', 'c', Date.now() + MINUTE)).toBe(true)
        expect(await server('HVALS', name)).toEqual(['1'])
        expect(Number(await server('PTTL', name))).toBeGreaterThan(MINUTE)
      })
    })

    async function claimAndFindGroup(prefix: string, replay: RedisStore['replay']) {
      const expiresAt = Date.now() + MINUTE
      expect(await replay.claim('key', 'first', expiresAt)).toBe(true)
      const name = (await namesUnder(prefix)).find(each => each.includes('first')) ?? ''
      return { group: /^\{(....)\}t3:keyfirst$/.exec(name)?.[1] ?? '', name: `${prefix}${name}`, expiresAt }
    }

    describe('its time, which is the server’s,', () => {
      it('remembers a token until it is due, then refuses the same claim, and accepts a later one', async () => {
        const { replay } = await open()
        const expiresAt = (await serverTime()) + 200
        expect(await replay.claim('key', 'token', expiresAt)).toBe(true)
        let again = await replay.claim('key', 'token', expiresAt + MINUTE)
        while (!again) again = await replay.claim('key', 'token', expiresAt + MINUTE)
        expect(await serverTime()).toBeGreaterThanOrEqual(expiresAt)
        expect(await replay.claim('key', 'token', expiresAt + MINUTE)).toBe(false)
        for (const late of [expiresAt, expiresAt - 1]) expect(await replay.claim('key', 'other', late)).toBe(false)
      })

      it('refuses what is due by it, whatever the time of a process', async () => {
        const { replay } = await open()
        const now = await serverTime()
        for (const expiresAt of [0, 1, now - MINUTE, now]) expect(await replay.claim('key', 'a', expiresAt)).toBe(false)
        expect(await replay.claim('key', 'a', now + MINUTE)).toBe(true)
      })

      it('has each token forgotten by the server itself, at the instant asked for', async () => {
        const prefix = newPrefix()
        const { replay } = await open({ prefix })
        const { name, expiresAt } = await claimAndFindGroup(prefix, replay)
        expect(Number(await server('PEXPIRETIME', name))).toBe(expiresAt)
      })

      it('is the highest ever seen for an hour after it was set back', async () => {
        const prefix = newPrefix()
        const { replay } = await open({ prefix })
        expect(await replay.claim('key', 'before', Date.now() + MINUTE)).toBe(true)
        const [horizon = ''] = (await namesUnder(prefix)).filter(name => name.endsWith('time'))
        const ahead = (await serverTime()) + MINUTE
        await server('SET', prefix + horizon, String(ahead))
        for (const expiresAt of [ahead - 30_000, ahead]) expect(await replay.claim('key', 'a', expiresAt)).toBe(false)
        expect(await replay.claim('key', 'a', ahead + 1)).toBe(true)
        expect(await replay.claim('key', 'a', ahead + 1)).toBe(false)
        const left = Number(await server('PTTL', prefix + horizon))
        expect(left).toBeGreaterThan(3_500_000)
        expect(left).toBeLessThanOrEqual(3_600_000)
        await server('DEL', prefix + horizon)
        expect(await replay.claim('key', 'b', ahead)).toBe(true)
        expect(Number(await server('PTTL', prefix + horizon))).toBe(-1)
      })
    })

    describe('with others at the same server', () => {
      it('accepts each nonce once between four clients of both drivers, 64 at a time', async () => {
        const prefix = newPrefix()
        const others = await Promise.all([...DRIVERS, ...DRIVERS].map(([, by]) => by(SHARED.port, SHARED.host)))
        clients.push(...others)
        const stores = await Promise.all(others.map(({ client }) => createRedisStore(client, { prefix })))
        const at = Date.now() + MINUTE
        for (let round = 0; round < 20; round++) {
          const claims = Array.from({ length: 64 }, (_, i) => stores[i % 4]?.replay.claim('key', `n-${round}`, at))
          expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
          const uses = Array.from({ length: 64 }, (_, i) => stores[i % 4]?.replay.advance('key', BigInt(round), 4))
          expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1)
        }
      })

      it('gives an owner as many keys as the limit says, between two clients', async () => {
        const prefix = newPrefix()
        const stores = [await open({ prefix }), await open({ prefix })]
        const inserts = Array.from({ length: 64 }, (_, i) =>
          stores[i % 2]?.keys.insert({ ...ROW, keyId: `k-${i}` }, 16),
        )
        const outcomes = await Promise.all(inserts)
        expect(outcomes.filter(outcome => outcome === 'inserted')).toHaveLength(16)
        expect(await stores[0]?.keys.list({ owner: 'owner', limit: 100 })).toHaveLength(16)
      })

      it('shares nothing under another prefix', async () => {
        const [one, other] = [await open(), await open()]
        await one.keys.insert(ROW, 1)
        await one.usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })
        expect(await one.replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(true)
        expect(await one.replay.advance('key', 1n, 1)).toBe(true)
        expect(await other.keys.get('key')).toBeUndefined()
        expect(await other.keys.scan({ limit: 10 })).toEqual([])
        expect(await other.usage.get('key')).toBeUndefined()
        expect(await other.replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(true)
        expect(await other.replay.advance('key', 1n, 1)).toBe(true)
      })
    })

    it('gives every name its prefix, and a hash tag but for the channel', async () => {
      const prefix = newPrefix()
      const { keys, replay, usage, invalidation } = await open({ prefix })
      await keys.insert(ROW, 1)
      await replay.claim('key', 'nonce', Date.now() + MINUTE)
      await replay.advance('key', 1n, 1)
      await usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })
      await invalidation.publish('key')
      const tagged = (await namesUnder(prefix)).map(name => name.replace(/[0-7]{2}kl/, '..'))
      expect(tagged.toSorted()).toEqual([
        '{..}t3:keynonce',
        '{..}time',
        '{..}u:key',
        '{..}w:key',
        '{changes}',
        '{keys}',
        '{keys}:living:owner',
        '{keys}:owned:owner',
        '{keys}:row:key',
      ])
    })

    it('goes on when the server has forgotten its scripts', async () => {
      const { keys, replay, usage, invalidation } = await open()
      const at = Date.now() + MINUTE
      await server('SCRIPT', 'FLUSH')
      const claims = Array.from({ length: 100 }, (_, i) => replay.claim('key', `nonce-${i % 50}`, at))
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(50)
      expect(await replay.advance('key', 1n, 1)).toBe(true)
      await server('SCRIPT', 'FLUSH')
      expect(await replay.advance('key', 1n, 1)).toBe(false)
      expect(await keys.insert(ROW, 1)).toBe('inserted')
      expect(await keys.get('key')).toEqual(ROW)
      expect(await usage.get('key')).toBeUndefined()
      await invalidation.publish('key')
    })

    it('leaves nothing of a key that is removed, but its usage and its nonces', async () => {
      const prefix = newPrefix()
      const { keys } = await open({ prefix })
      await keys.insert(ROW, 1)
      await keys.replace({ ...ROW, owner: 'heir', version: 2 }, 1)
      expect(await keys.list({ owner: 'owner', limit: 10 })).toEqual([])
      expect(await keys.insert({ ...ROW, keyId: 'second' }, 1)).toBe('inserted')
      expect(await keys.insert({ ...ROW, keyId: 'third', owner: 'heir' }, 1)).toBe('limit')
      await keys.remove('key', 2)
      await keys.remove('second', 1)
      expect(await namesUnder(prefix)).toEqual([])
    })

    describe('what somebody else wrote', () => {
      const corrupt = (field?: string) => expect.objectContaining({ code: 'ERR_STORE_CORRUPT', field })

      it.each([
        ['state', 'frozen'],
        ['expiresAt', 'never'],
        ['createdAt', '-1'],
        ['version', '1e3'],
        ['version', '9007199254740992'],
      ])('is not believed: %s %s', async (field, value) => {
        const prefix = newPrefix()
        const { keys } = await open({ prefix })
        await keys.insert(ROW, 2)
        await keys.insert({ ...ROW, keyId: 'sound' }, 2)
        await server('HSET', `${prefix}{keys}:row:key`, field, value)
        await expect(keys.get('key')).rejects.toThrow(corrupt(field))
        const unreadable = { ...ROW, state: 'revoked', createdAt: 0, version: 0, record: '' }
        const sound = { ...ROW, keyId: 'sound' }
        expect(await keys.list({ owner: 'owner', limit: 10 })).toEqual([unreadable, sound])
        expect(await keys.scan({ limit: 10 })).toEqual([unreadable, sound])
      })

      it.each(['owner', 'state', 'expiresAt', 'createdAt', 'version', 'record'])('is not made up: %s', async field => {
        const prefix = newPrefix()
        const { keys } = await open({ prefix })
        await keys.insert(ROW, 1)
        await server('HDEL', `${prefix}{keys}:row:key`, field)
        await expect(keys.get('key')).rejects.toThrow(corrupt(field))
        expect(await keys.scan({ limit: 10 })).toMatchObject([{ keyId: 'key', state: 'revoked', record: '' }])
      })

      it('is refused where it is another type of value, and hides no other key', async () => {
        const prefix = newPrefix()
        const { keys, usage, replay } = await open({ prefix })
        await keys.insert(ROW, 1)
        await usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })
        await replay.advance('key', 1n, 1)
        const names = (await namesUnder(prefix)).filter(name => /:row:|u:key|w:key/.test(name))
        expect(names).toHaveLength(3)
        for (const name of names) await server('SET', prefix + name, 'text')
        await expect(keys.get('key')).rejects.toThrow(corrupt())
        await expect(keys.replace({ ...ROW, version: 2 }, 1)).rejects.toThrow(corrupt())
        await expect(usage.get('key')).rejects.toThrow(corrupt())
        await expect(usage.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 })).rejects.toThrow(
          corrupt(),
        )
        await expect(replay.advance('key', 2n, 1)).rejects.toThrow(corrupt())
        expect(await keys.insert({ ...ROW, keyId: 'second' }, 2)).toBe('inserted')
        expect(await keys.list({ owner: 'owner', limit: 10 })).toMatchObject([
          { keyId: 'key', state: 'revoked', owner: '', record: '' },
          { keyId: 'second', state: 'active' },
        ])
      })

      it('at a token’s name is a claimed token', async () => {
        const prefix = newPrefix()
        const { replay } = await open({ prefix })
        const { name } = await claimAndFindGroup(prefix, replay)
        await server('DEL', name)
        await server('RPUSH', name, 'x')
        expect(await replay.claim('key', 'first', Date.now() + MINUTE)).toBe(false)
      })
    })

    describe('its input', () => {
      it.each(['\ud800', 'a\udc00'])('refuses to write %j, which a driver would change', async text => {
        const { keys, usage } = await open()
        const refusal = (field: string) => expect.objectContaining({ code: 'ERR_INPUT_INVALID', field })
        for (const field of ['keyId', 'owner', 'record']) {
          await expect(keys.insert({ ...ROW, [field]: text }, 1)).rejects.toThrow(refusal(field))
        }
        await keys.insert({ ...ROW, keyId: '\ufffd', owner: '\ufffd' }, 1)
        await keys.insert({ ...ROW, keyId: 'a\ufffd', owner: 'a\ufffd' }, 1)
        await expect(keys.replace({ ...ROW, keyId: '\ufffd', owner: text, version: 2 }, 1)).rejects.toThrow(
          refusal('owner'),
        )
        const use = { keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 }
        await expect(usage.touch({ ...use, keyId: text })).rejects.toThrow(refusal('keyId'))
        await expect(usage.touch({ ...use, lastAddress: text })).rejects.toThrow(refusal('lastAddress'))
        expect(await keys.get(text)).toBeUndefined()
        expect(await keys.replace({ ...ROW, keyId: text, version: 2 }, 1)).toBe(false)
        expect(await keys.remove(text, 1)).toBe(false)
        expect(await keys.list({ owner: text, limit: 10 })).toEqual([])
        expect(await usage.get(text)).toBeUndefined()
      })

      it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a page of %s rows', async limit => {
        const { keys } = await open()
        const refusal = expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'limit' })
        await expect(keys.list({ owner: 'owner', limit })).rejects.toThrow(refusal)
        await expect(keys.scan({ limit })).rejects.toThrow(refusal)
      })

      it.each([0, -1, 1.5, 65_537, Number.NaN])('refuses a window of %s', async window => {
        const { replay } = await open()
        const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'window' })
        await expect(replay.advance('key', 1n, window)).rejects.toThrow(refusal)
      })

      it.each([Number.NaN, Number.POSITIVE_INFINITY, Date.now() + 1e6 + 0.5, -1, 2 ** 60])(
        'refuses a claim until %s',
        async at => {
          const { replay } = await open()
          expect(await replay.claim('key', 'a', at)).toBe(false)
          expect(await replay.claim('key', 'a', Date.now() + MINUTE)).toBe(true)
        },
      )

      it('admits nobody under a limit that is no number', async () => {
        const { keys } = await open()
        expect(await keys.insert(ROW, Number.NaN)).toBe('limit')
        expect(await keys.insert(ROW, Number.POSITIVE_INFINITY)).toBe('inserted')
      })

      it('keeps the highest nonces apart, with a window of the largest size', async () => {
        const { replay } = await open()
        const top = 2n ** 64n - 1n
        const nonces = Array.from({ length: 300 }, (_, i) => top - BigInt(i))
        const use = () => Promise.all(nonces.map(nonce => replay.advance('key', nonce, 65_536)))
        expect((await use()).filter(Boolean)).toHaveLength(300)
        expect((await use()).filter(Boolean)).toHaveLength(0)
      })
    })

    describe('its channel', () => {
      it('notices that a message was lost, and goes on hearing', async () => {
        const prefix = newPrefix()
        const { invalidation } = await open({ prefix })
        const heard: unknown[] = []
        const stop = await invalidation.subscribe(keyId => heard.push(keyId))
        await server('INCR', `${prefix}{changes}`)
        await until(() => heard.length > 0, 'the loss is noticed')
        await invalidation.publish('key')
        await until(() => heard.includes('key'), 'the next message is heard')
        expect(heard).toEqual([undefined, 'key'])
        await stop()
      })

      it('notices it with the next message, too', async () => {
        const prefix = newPrefix()
        const { invalidation } = await open({ prefix })
        const heard: unknown[] = []
        const stop = await invalidation.subscribe(keyId => heard.push(keyId))
        await server('INCR', `${prefix}{changes}`)
        await invalidation.publish('key')
        await until(() => heard.length > 1, 'both are heard')
        expect(heard.toSorted()).toEqual(['key', undefined])
        await stop()
      })

      it('takes a server that has forgotten its messages for one that was away', async () => {
        const prefix = newPrefix()
        const { invalidation } = await open({ prefix })
        const heard: unknown[] = []
        await invalidation.publish('before')
        const stop = await invalidation.subscribe(keyId => heard.push(keyId))
        await server('DEL', `${prefix}{changes}`)
        await until(() => heard.length > 0, 'it is noticed')
        expect(heard).toEqual([undefined])
        await stop()
      })

      it('tells of a change, though not of which key, when an id cannot be sent', async () => {
        const { invalidation } = await open()
        const heard: unknown[] = []
        const stop = await invalidation.subscribe(keyId => heard.push(keyId))
        await invalidation.publish('\ud800')
        await invalidation.publish('key')
        await until(() => heard.includes('key'), 'both are heard')
        expect(heard).toEqual([undefined, 'key'])
        await stop()
      })

      it('takes a message that is none of ours for the news that any key may have changed', async () => {
        const prefix = newPrefix()
        const { invalidation } = await open({ prefix })
        const heard: unknown[] = []
        const stop = await invalidation.subscribe(keyId => heard.push(keyId))
        await server('PUBLISH', `${prefix}changes`, 'hello')
        await until(() => heard.length > 0, 'it is heard')
        await invalidation.publish('key')
        await until(() => heard.includes('key'), 'the next one, too')
        expect(heard.filter(each => each !== undefined)).toEqual(['key'])
        expect(heard[0]).toBeUndefined()
        await stop()
      })
    })
  })
})

describeUnless(absent, 'The Redis store', () => {
  const { host, port } = SHARED
  const byNodeRedis = async (options: Parameters<typeof createClient>[0]) => {
    const client = createClient({ socket: { host, port }, ...options }).on('error', () => {})
    await client.connect()
    return testClient(client, () => client.destroy())
  }
  const byIoredis = async (options: Omit<RedisOptions, 'replyMapping'>) => {
    const client = new Redis(port, host, options)
    if (options.lazyConnect !== true) await until(() => client.status === 'ready', 'it is connected')
    return testClient(client, () => client.disconnect())
  }

  it.each<readonly [string, () => Promise<TestClient>]>([
    ['redis, RESP 2', () => byNodeRedis({ RESP: 2 })],
    ['redis, without a queue while offline', () => byNodeRedis({ disableOfflineQueue: true })],
    ['redis, with a prefix of its own', () => byNodeRedis({ keyPrefix: `${newPrefix()}{a}` })],
    ['ioredis, RESP 2', () => byIoredis({ protocol: 2 })],
    ['ioredis, numbers as text', () => byIoredis({ stringNumbers: true })],
    ['ioredis, automatic pipelines', () => byIoredis({ enableAutoPipelining: true })],
    ['ioredis, not connected yet', () => byIoredis({ lazyConnect: true })],
    ['ioredis, without a queue while offline', () => byIoredis({ enableOfflineQueue: false })],
    ['ioredis, without sending again', () => byIoredis({ autoResendUnfulfilledCommands: false })],
    ['ioredis, with a prefix of its own', () => byIoredis({ keyPrefix: newPrefix() })],
    ['ioredis, with a hash tag of its own', () => byIoredis({ keyPrefix: `${newPrefix()}{a}` })],
  ])('works whatever the client’s settings are: %s', async (_, connect) => {
    const { client, close } = await connect()
    const { keys, replay, usage, invalidation } = await createRedisStore(client, { prefix: newPrefix() })
    const heard: unknown[] = []
    const stop = await invalidation.subscribe(keyId => heard.push(keyId))
    expect(await keys.insert(ROW, 1)).toBe('inserted')
    expect(await keys.get('key')).toEqual(ROW)
    expect(await keys.list({ owner: 'owner', limit: 10 })).toEqual([ROW])
    expect(await keys.scan({ limit: 10 })).toEqual([ROW])
    expect(await replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(true)
    expect(await replay.claim('key', 'nonce', Date.now() + MINUTE)).toBe(false)
    expect(await replay.advance('key', 1n, 1)).toBe(true)
    expect(await replay.advance('key', 1n, 1)).toBe(false)
    const use = { keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 }
    await usage.touch(use)
    expect(await usage.get('key')).toEqual(use)
    await invalidation.publish('key')
    await until(() => heard.length > 0, 'the change is heard')
    expect(heard).toEqual(['key'])
    await stop()
    close()
  })
})

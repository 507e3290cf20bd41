import { Cluster } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import { createNames, GROUPS } from '../../src/stores/redis/names.js'
import { createRedisStore, type RedisStoreOptions } from '../../src/stores/redis.js'
import { invalidationSuite, keyStoreSuite, replayStoreSuite, usageStoreSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import {
  absentBinary,
  command,
  freshPrefix,
  sleep,
  startCluster,
  stopServers,
  type TestClient,
  type TestServer,
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

const DRIVERS: readonly (readonly [string, (ports: readonly number[]) => Promise<TestClient>])[] = [
  [
    'redis',
    async ports => {
      const client = createCluster({ rootNodes: ports.map(port => ({ socket: { host: '127.0.0.1', port } })) })
      client.on('error', () => {})
      await client.connect()
      return testClient(client, () => client.destroy())
    },
  ],
  [
    'ioredis',
    async ports => {
      const client = new Cluster(ports.map(port => ({ host: '127.0.0.1', port })))
      client.on('error', () => {})
      return testClient(client, () => client.disconnect())
    },
  ],
]

describeUnless(absentBinary(), 'The Redis store over a Cluster', () => {
  let nodes: readonly TestServer[]
  const clients: TestClient[] = []

  beforeAll(async () => {
    nodes = await startCluster()
  })
  afterAll(async () => {
    for (const { close } of clients) await close()
    await stopServers()
  })

  const ports = () => nodes.map(({ port }) => port)
  const everywhere = (...words: readonly string[]) => Promise.all(ports().map(port => command(port, ...words)))

  describe.each(DRIVERS)('by %s', (_, connect) => {
    let test: TestClient

    beforeAll(async () => {
      test = await connect(ports())
      clients.push(test)
    })

    const open = (options: RedisStoreOptions = {}) =>
      createRedisStore(test.client, { prefix: freshPrefix(), ...options })

    runSuite(keyStoreSuite, async () => (await open()).keys)
    runSuite(
      replayStoreSuite.filter(({ movesClock }) => !movesClock),
      async () => (await open()).replay,
    )
    runSuite(
      replayStoreSuite.filter(({ movesClock }) => !movesClock),
      async () => (await open({ maxClaimsPerKey: 100_000 })).replay,
    )
    runSuite(usageStoreSuite, async () => (await open()).usage)
    runSuite(invalidationSuite, async () => {
      const prefix = freshPrefix()
      return [(await open({ prefix })).invalidation, (await open({ prefix })).invalidation]
    })

    it('spreads the claims of many keys over all masters', async () => {
      const prefix = freshPrefix()
      const { replay } = await open({ prefix })
      const claims = Array.from({ length: 300 }, (_, i) => replay.claim(`key-${i}`, 'nonce', Date.now() + MINUTE))
      expect((await Promise.all(claims)).every(Boolean)).toBe(true)
      const counts = await Promise.all(
        ports().map(async port => ((await command(port, 'KEYS', `${prefix}*nonce`)) as string[]).length),
      )
      expect(counts.reduce((sum, count) => sum + count)).toBe(300)
      expect(Math.min(...counts)).toBeGreaterThan(50)
    })

    it('accepts each nonce once between two clients of each driver, 64 at a time', async () => {
      const prefix = freshPrefix()
      const others = await Promise.all([...DRIVERS, ...DRIVERS].map(([, by]) => by(ports())))
      clients.push(...others)
      const stores = await Promise.all(others.map(({ client }) => createRedisStore(client, { prefix })))
      for (let round = 0; round < 20; round++) {
        const at = Date.now() + MINUTE
        const claims = Array.from({ length: 64 }, (_, i) => stores[i % 4]?.replay.claim(`key-${round}`, 'nonce', at))
        expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
      }
    })

    it('goes on when every node has forgotten its scripts', async () => {
      const { keys, replay } = await open()
      await everywhere('SCRIPT', 'FLUSH')
      const claims = Array.from({ length: 100 }, (_, i) => replay.claim(`key-${i}`, 'nonce', Date.now() + MINUTE))
      expect((await Promise.all(claims)).every(Boolean)).toBe(true)
      expect(await keys.insert(ROW, 1)).toBe('inserted')
      expect(await keys.get('key')).toEqual(ROW)
    })

    it('is refused when one master evicts', async () => {
      const [, , last] = ports()
      await command(last!, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'eviction' })
      await expect(open()).rejects.toThrow(refusal)
      await command(last!, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      expect(await open()).toBeDefined()
    })

    it('hears again after every subscription was cut, and is told that messages were missed', async () => {
      const prefix = freshPrefix()
      const { invalidation } = await open({ prefix })
      const heard: unknown[] = []
      const stop = await invalidation.subscribe(keyId => heard.push(keyId))
      await invalidation.publish('before')
      await until(() => heard.includes('before'), 'it hears')
      await until(async () => {
        // Whoever is back before the message is sent has missed nothing.
        await everywhere('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await invalidation.publish('missed')
        await sleep(1100)
        return heard.includes(undefined)
      }, 'the loss is told')
      await until(async () => {
        await invalidation.publish('after')
        return heard.includes('after')
      }, 'it hears again')
      await stop()
    })

    it('accepts no nonce twice while a slot is moved to another master, and loses no key', async () => {
      const prefix = freshPrefix()
      const store = await open({ prefix, timeoutMs: 10_000 })
      const names = createNames(prefix)
      const group = GROUPS.find(each => each === names.groupOf('key')) ?? ''
      await store.keys.insert(ROW, 9)
      const at = Date.now() + MINUTE
      const accepted = new Map<string, number>()
      let [next, isMoving] = [0, true]
      const claim = async (nonce: string) => {
        const outcome = await Promise.resolve(store.replay.claim('key', nonce, at)).catch(error => error)
        if (outcome === true) accepted.set(nonce, (accepted.get(nonce) ?? 0) + 1)
        if (typeof outcome !== 'boolean') expect(outcome).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      }
      const load = async () => {
        while (isMoving) {
          const nonce = `n-${next++}`
          await Promise.all([claim(nonce), claim(nonce)])
          expect(await store.keys.get('key')).toEqual(ROW)
        }
      }
      const loads = Promise.all(Array.from({ length: 8 }, load))
      await sleep(50)
      for (const name of [names.horizon(group), names.keys]) await moveSlotOf(name)
      await sleep(50)
      isMoving = false
      await loads
      expect(accepted.size).toBeGreaterThan(20)
      expect([...accepted.values()].every(times => times === 1)).toBe(true)
      for (const nonce of accepted.keys()) expect(await store.replay.claim('key', nonce, at)).toBe(false)
      expect(await store.replay.claim('key', 'after', at)).toBe(true)
      expect(await store.keys.replace({ ...ROW, state: 'revoked', version: 2 }, 1)).toBe(true)
      expect(await store.keys.list({ owner: 'owner', limit: 10 })).toHaveLength(1)
    })
  })

  /** Moves a slot, a few keys at a time, to the next master. */
  async function moveSlotOf(name: string): Promise<void> {
    const slot = String(await command(ports()[0]!, 'CLUSTER', 'KEYSLOT', name))
    const ids = (await everywhere('CLUSTER', 'MYID')).map(String)
    const shards = (await command(ports()[0]!, 'CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
    const holder = shards.find(([from, to]) => from <= Number(slot) && Number(slot) <= to)
    const source = ports().indexOf(holder?.[2][1] ?? 0)
    const target = (source + 1) % 3
    const [from, to] = [ports()[source]!, ports()[target]!]
    await command(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[source]!)
    await command(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[target]!)
    for (;;) {
      const names = (await command(from, 'CLUSTER', 'GETKEYSINSLOT', slot, '20')) as string[]
      if (names.length === 0) break
      await command(from, 'MIGRATE', '127.0.0.1', String(to), '', '0', '5000', 'KEYS', ...names)
    }
    for (const port of [to, from, ...ports()]) await command(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids[target]!)
  }

  it('is refused by a client for one server', async () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: ports()[0]! } }).on('error', () => {})
    await client.connect()
    const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'client' })
    await expect(createRedisStore(client)).rejects.toThrow(refusal)
    client.destroy()
  })

  it('goes on with the keys of the other masters when one has died, and refuses those of its own', async () => {
    const prefix = freshPrefix()
    const [, connect] = DRIVERS[0]!
    const test = await connect(ports())
    clients.push(test)
    const store = await createRedisStore(test.client, { prefix, timeoutMs: 500 })
    await command(ports()[0]!, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
    await command(ports()[1]!, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
    await nodes[2]!.kill()
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        Promise.resolve(store.replay.claim(`key-${i}`, 'nonce', Date.now() + MINUTE)).catch(error => error.code),
      ),
    )
    expect(new Set(outcomes)).toEqual(new Set([true, 'ERR_STORE_UNAVAILABLE']))
  })
})

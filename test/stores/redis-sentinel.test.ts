import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { afterEach, expect, it } from 'vitest'
import { createRedisStore } from '../../src/stores/redis.js'
import { invalidationSuite, keyStoreSuite, replayStoreSuite, usageStoreSuite } from '../../src/testing/index.js'
import { describeUnless } from '../skips.js'
import {
  absentBinary,
  command,
  freshPrefix,
  sleep,
  startSentinel,
  stopServers,
  type TestClient,
  testClient,
  until,
} from './redis-servers.js'

const MINUTE = 60_000

/** How often the master is killed. More rounds give better numbers for the documentation. */
const FAILOVERS = Number(process.env['KEYLATTICE_FAILOVERS'] ?? 1)

type Watched = Awaited<ReturnType<typeof startSentinel>>

const DRIVERS: readonly (readonly [string, (port: number) => Promise<TestClient>])[] = [
  [
    'redis',
    async port => {
      const client = createSentinel({ name: 'guard', sentinelRootNodes: [{ host: '127.0.0.1', port }] })
      client.on('error', () => {})
      await client.connect()
      return testClient(client, () => client.destroy())
    },
  ],
  [
    'ioredis',
    async port => {
      const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: 'guard', maxRetriesPerRequest: 3 })
      client.on('error', () => {})
      return testClient(client, () => client.disconnect())
    },
  ],
]

describeUnless(absentBinary(), 'The Redis store behind a Sentinel', () => {
  const clients: TestClient[] = []

  afterEach(async () => {
    for (const { close } of clients.splice(0)) await close()
    await stopServers()
  })

  const connected = async (connect: (typeof DRIVERS)[number][1], { sentinel }: Watched) => {
    const test = await connect(sentinel.port)
    clients.push(test)
    return test.client
  }

  it.each(DRIVERS)('keeps every promise by %s', async (_, connect) => {
    const client = await connected(connect, await startSentinel())
    const open = (prefix = freshPrefix()) => createRedisStore(client, { prefix })
    for (const { run } of keyStoreSuite) await run(async () => (await open()).keys)
    for (const { run, movesClock } of replayStoreSuite) if (!movesClock) await run(async () => (await open()).replay)
    for (const { run } of usageStoreSuite) await run(async () => (await open()).usage)
    for (const { run } of invalidationSuite) {
      const prefix = freshPrefix()
      await run(async () => [(await open(prefix)).invalidation, (await open(prefix)).invalidation])
    }
    expect(keyStoreSuite.length + replayStoreSuite.length).toBeGreaterThan(50)
  })

  it.each(DRIVERS)(
    'hears of changes again after a failover by %s, and is told that some were missed',
    async (_, connect) => {
      const watched = await startSentinel()
      const [one, other] = [await connected(connect, watched), await connected(connect, watched)]
      const { invalidation } = await createRedisStore(one)
      const publisher = (await createRedisStore(other)).invalidation
      const heard: unknown[] = []
      const stop = await invalidation.subscribe(keyId => heard.push(keyId))
      await publisher.publish('before')
      await until(() => heard.includes('before'), 'it hears')
      await watched.master.kill()
      await until(async () => {
        await publisher.publish('after')
        return heard.includes('after')
      }, 'it hears again')
      await until(() => heard.includes(undefined), 'the loss is told')
      await stop()
    },
  )

  /** Kills the master under load; answers with how many nonces were accepted, and how many of them are again. */
  async function failover(connect: (typeof DRIVERS)[number][1], lagMs: number, args: readonly string[]) {
    const watched = await startSentinel(...args)
    const store = await createRedisStore(await connected(connect, watched))
    const at = Date.now() + 10 * MINUTE
    const accepted: number[] = []
    let [next, refused, isLoaded] = [0, 0, true]
    const work = async () => {
      while (isLoaded) {
        const nonce = next++
        const outcome = await Promise.resolve(store.replay.claim('key', `n-${nonce}`, at)).catch(error => error)
        if (outcome === true) {
          accepted.push(nonce)
          continue
        }
        expect(outcome).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
        refused++
        await sleep(5)
      }
    }
    const load = Promise.all(Array.from({ length: 64 }, work))
    await until(() => accepted.length > 3000, 'there is load')
    if (lagMs > 0) watched.replica.process.kill('SIGSTOP')
    await sleep(lagMs)
    await watched.master.kill()
    const before = accepted.length
    watched.replica.process.kill('SIGCONT')
    await until(async () => String(await command(watched.replica.port, 'ROLE')).startsWith('master'), 'a failover')
    // The new master has no replica yet, so it would refuse to write.
    await command(watched.replica.port, 'CONFIG', 'SET', 'min-replicas-to-write', '0')
    await until(() => accepted.length > before + 500, 'it goes on')
    isLoaded = false
    await load
    const again = await Promise.all(accepted.map(nonce => store.replay.claim('key', `n-${nonce}`, at)))
    return { accepted: accepted.length, twice: again.filter(Boolean).length, refused }
  }

  const GUARDED = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1']

  it.each([
    ['redis', 0, []],
    ['ioredis', 0, []],
    ['redis', 500, []],
    ['redis', 3000, GUARDED],
  ] as const)(
    'recovers by %s when its master dies under 64 claims at a time, its replica %i ms late %s',
    async (name, lagMs, args) => {
      const connect = DRIVERS.find(([driver]) => driver === name)?.[1] ?? DRIVERS[0]![1]
      for (let round = 0; round < FAILOVERS; round++) {
        const { accepted, twice, refused } = await failover(connect, lagMs, args)
        const setting = args.length > 0 ? ', min-replicas-to-write 1 and min-replicas-max-lag 1' : ''
        console.log(
          `Redis failover (${name}, replica ${lagMs} ms late${setting}): ${twice} of ${accepted} nonces accepted twice, ${refused} refused`,
        )
        // What is lost is what had not reached the replica: that is what the documentation says, and nothing can prevent.
        expect(twice).toBeLessThan(accepted)
        for (const { close } of clients.splice(0)) await close()
        await stopServers()
      }
    },
  )
})

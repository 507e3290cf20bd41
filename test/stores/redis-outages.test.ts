import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { evictingRedis } from '../../src/insecure.js'
import type { KeyRow } from '../../src/store.js'
import { createRedisStore, type RedisStore } from '../../src/stores/redis.js'
import { describeUnless } from '../skips.js'
import {
  absentBinary,
  absentRedis,
  type BreakableLine,
  command,
  DRIVERS,
  freshPrefix,
  removeKeys,
  SHARED,
  sleep,
  spawnServer,
  startProxy,
  startRedis,
  stopServers,
  type TestClient,
  until,
} from './redis-servers.js'

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

const outage = expect.objectContaining({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE' })
const absent = await absentRedis()
const prefixes: string[] = []
const clients: TestClient[] = []

function newPrefix(): string {
  const prefix = freshPrefix()
  prefixes.push(prefix)
  return prefix
}

async function connected(connect: (typeof DRIVERS)[number][1], port: number): Promise<TestClient['client']> {
  const test = await connect(port)
  clients.push(test)
  return test.client
}

/** What became of a call: its answer, or `lost` where there was an outage. Anything else fails the test. */
async function outcomeOf<T>(call: () => T | PromiseLike<T>): Promise<T | 'lost'> {
  try {
    return await call()
  } catch (error) {
    expect(error).toEqual(outage)
    return 'lost'
  }
}

afterEach(async () => {
  for (const { close } of clients.splice(0)) await close()
})
afterAll(async () => {
  await stopServers()
  if (absent === undefined) await removeKeys(prefixes)
})

describe.each(DRIVERS)('The Redis store over %s', (driver, connect) => {
  describeUnless(absent, 'behind a line that breaks', () => {
    let proxy: BreakableLine
    let prefix: string
    let store: RedisStore
    /** The same store, on a line that holds. */
    let sound: RedisStore

    beforeEach(async () => {
      proxy = await startProxy(SHARED.port, SHARED.host)
      prefix = newPrefix()
      store = await createRedisStore(await connected(connect, proxy.port), { prefix, timeoutMs: 30_000 })
      sound = await createRedisStore(await connected(connect, SHARED.port), { prefix })
    })
    afterEach(() => proxy.close())

    it('accepts no nonce twice while it is cut again and again in mid-load, and recovers', async () => {
      const at = Date.now() + MINUTE
      const accepted = new Map<number, number>()
      let [next, lost, isLoaded] = [0, 0, true]
      const work = async () => {
        while (isLoaded) {
          const nonce = next++
          const [mine, theirs] = await Promise.all([
            outcomeOf(() => store.replay.claim('key', `n-${nonce}`, at)),
            outcomeOf(() => sound.replay.claim('key', `n-${nonce}`, at)),
          ])
          accepted.set(nonce, Number(mine === true) + Number(theirs === true))
          if (mine === 'lost') lost++
        }
      }
      const load = Promise.all(Array.from({ length: 64 }, work))
      for (let i = 0; i < 6; i++) {
        await sleep(60)
        proxy.cut()
      }
      await sleep(60)
      isLoaded = false
      await load
      expect([...accepted].filter(([, times]) => times > 1)).toEqual([])
      // ioredis sends again what was cut off; the other driver rejects it.
      if (driver === 'redis') expect(lost).toBeGreaterThan(0)
      else expect(lost).toBe(0)
      const again = await Promise.all([...accepted.keys()].map(nonce => sound.replay.claim('key', `n-${nonce}`, at)))
      const late = [...accepted.values()].filter((times, i) => times > 0 && again[i])
      expect(late).toEqual([])
      expect(await store.replay.claim('key', 'after', at)).toBe(true)
    })

    /** Runs a call whose answer is lost once the server has done it. */
    async function answerLost<T>(call: () => T | PromiseLike<T>, isDone: () => Promise<boolean>): Promise<T | 'lost'> {
      proxy.hold(true)
      const outcome = outcomeOf(call)
      await until(isDone, 'the server has done it')
      proxy.hold(false)
      proxy.cut()
      return outcome
    }

    it('tells of a claim whose answer was lost what became of it, or that it does not know', async () => {
      const at = Date.now() + MINUTE
      const isDone = async () => !(await sound.replay.claim('key', 'nonce', at))
      // Whoever asks whether it is done might be the first to claim it; then the other was refused, rightly.
      const name = async () => ((await command(SHARED.port, 'KEYS', `${prefix}*nonce`)) as string[]).length > 0
      const outcome = await answerLost(() => store.replay.claim('key', 'nonce', at), name)
      expect(outcome).toBe(driver === 'ioredis' ? true : 'lost')
      expect(await isDone()).toBe(true)
      expect(await store.replay.claim('key', 'nonce', at)).toBe(false)
    })

    it('uses a rising nonce whose answer was lost once', async () => {
      const isDone = async () => ((await command(SHARED.port, 'KEYS', `${prefix}*w:key`)) as string[]).length > 0
      const outcome = await answerLost(() => store.replay.advance('key', 5n, 4), isDone)
      expect(outcome).toBe(driver === 'ioredis' ? true : 'lost')
      expect(await sound.replay.advance('key', 5n, 4)).toBe(false)
      expect(await store.replay.advance('key', 6n, 4)).toBe(true)
    })

    it('writes a key whose answer was lost once, and knows its own writes again', async () => {
      const inserted = await answerLost(
        () => store.keys.insert(ROW, 2),
        async () => (await sound.keys.get('key')) !== undefined,
      )
      expect(inserted).toBe(driver === 'ioredis' ? 'inserted' : 'lost')
      expect(await store.keys.insert(ROW, 2)).toBe('exists')
      const replaced = await answerLost(
        () => store.keys.replace({ ...ROW, version: 2 }, 1),
        async () => (await sound.keys.get('key'))?.version === 2,
      )
      expect(replaced).toBe(driver === 'ioredis' ? true : 'lost')
      expect(await store.keys.replace({ ...ROW, version: 2 }, 1)).toBe(false)
      expect(await sound.keys.insert({ ...ROW, keyId: 'second' }, 2)).toBe('inserted')
      expect(await sound.keys.insert({ ...ROW, keyId: 'third' }, 2)).toBe('limit')
    })

    it('gives up on a server that says nothing, and recovers', async () => {
      const impatient = await createRedisStore(await connected(connect, proxy.port), { prefix, timeoutMs: 200 })
      const at = Date.now() + MINUTE
      proxy.hold(true)
      const outcomes = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => outcomeOf(() => impatient.replay.claim('key', `n-${i}`, at))),
      )
      expect(new Set(outcomes)).toEqual(new Set(['lost']))
      expect(await outcomeOf(() => impatient.keys.get('key'))).toBe('lost')
      expect(await outcomeOf(() => impatient.replay.advance('key', 1n, 1))).toBe('lost')
      proxy.hold(false)
      await until(async () => (await impatient.replay.claim('key', 'after', at)) !== undefined, 'it answers again')
      expect(await impatient.keys.get('key')).toBeUndefined()
    })

    it('tells its subscribers that messages were missed, and hears the next', async () => {
      const heard: unknown[] = []
      const stop = await store.invalidation.subscribe(keyId => heard.push(keyId))
      await sound.invalidation.publish('first')
      await until(() => heard.includes('first'), 'the first message is heard')
      proxy.hold(true)
      await sound.invalidation.publish('missed')
      proxy.cut()
      proxy.hold(false)
      await until(() => heard.includes(undefined), 'the loss is told')
      await until(async () => {
        await sound.invalidation.publish('last')
        return heard.includes('last')
      }, 'the subscription is back')
      expect(heard).not.toContain('missed')
      await stop()
    })

    it('does not wait for ever to listen, and leaves no connection behind', async () => {
      const impatient = await createRedisStore(await connected(connect, proxy.port), { prefix, timeoutMs: 100 })
      proxy.hold(true)
      await expect(impatient.invalidation.subscribe(() => {})).rejects.toThrow(outage)
      proxy.hold(false)
      const heard: unknown[] = []
      await until(async () => {
        const stop = await impatient.invalidation.subscribe(keyId => heard.push(keyId))
        await sound.invalidation.publish('key')
        await until(() => heard.includes('key'), 'it hears')
        await stop()
        return true
      }, 'it listens')
    })
  })

  describeUnless(absentBinary(), 'and a server', () => {
    it('that is a replica, or becomes one, is refused: nothing is read and nothing accepted', async () => {
      const master = await startRedis()
      const server = await startRedis()
      const store = await createRedisStore(await connected(connect, server.port))
      expect(await store.keys.insert(ROW, 1)).toBe('inserted')
      await command(server.port, 'REPLICAOF', '127.0.0.1', String(master.port))
      expect(await outcomeOf(() => store.replay.claim('key', 'nonce', Date.now() + MINUTE))).toBe('lost')
      expect(await outcomeOf(() => store.replay.advance('key', 1n, 1))).toBe('lost')
      expect(await outcomeOf(() => store.keys.get('key'))).toBe('lost')
      expect(await outcomeOf(() => store.keys.insert({ ...ROW, keyId: 'other' }, 9))).toBe('lost')
      await expect(createRedisStore(await connected(connect, server.port))).rejects.toThrow(outage)
    })

    it('that is a replica for a moment is waited for', async () => {
      const master = await startRedis()
      const server = await startRedis()
      const store = await createRedisStore(await connected(connect, server.port))
      await command(server.port, 'REPLICAOF', '127.0.0.1', String(master.port))
      const claim = store.replay.claim('key', 'nonce', Date.now() + MINUTE)
      await command(server.port, 'REPLICAOF', 'NO', 'ONE')
      expect(await claim).toBe(true)
    })

    it('that is loading its data is waited for a little, refused until then, and has forgotten nothing', async () => {
      const server = await startRedis('--enable-debug-command', 'yes')
      const at = Date.now() + MINUTE
      const store = await createRedisStore(await connected(connect, server.port), { timeoutMs: 300 })
      expect(await store.replay.claim('key', 'nonce', at)).toBe(true)
      await command(server.port, 'DEBUG', 'POPULATE', '4000')
      await command(server.port, 'SAVE')
      const args = server.process.spawnargs.slice(1)
      await server.kill()
      // 4,000 keys, half a millisecond each.
      const loading = spawnServer(server.port, [
        ...args,
        '--key-load-delay',
        '500',
        '--loading-process-events-interval-bytes',
        '1024',
      ])
      const outcomes: unknown[] = []
      await until(async () => {
        outcomes.push(await outcomeOf(() => store.replay.claim('key', 'nonce', at)))
        return outcomes.at(-1) !== 'lost'
      }, 'it has loaded')
      await loading
      expect(outcomes).toContain('lost')
      expect(outcomes.at(-1)).toBe(false)
    })

    it('that keeps every write on disk has forgotten nothing after it was killed in mid-load', async () => {
      const server = await startRedis('--appendonly', 'yes', '--appendfsync', 'always')
      const client = await connected(connect, server.port)
      const store = await createRedisStore(client)
      const at = Date.now() + MINUTE
      const accepted: number[] = []
      let next = 0
      const work = async () => {
        for (let nonce = next++; nonce < 3000; nonce = next++) {
          const outcome = await outcomeOf(() => store.replay.claim('key', `n-${nonce}`, at))
          if (outcome === true) accepted.push(nonce)
          if (outcome === 'lost') return
        }
      }
      const load = Promise.all(Array.from({ length: 64 }, work))
      await until(() => accepted.length > 300, 'there is load')
      const args = server.process.spawnargs.slice(1)
      await server.kill()
      await spawnServer(server.port, args)
      await load
      const again = await createRedisStore(await connected(connect, server.port))
      const twice = await Promise.all(accepted.map(nonce => again.replay.claim('key', `n-${nonce}`, at)))
      expect(twice.filter(Boolean)).toEqual([])
    })

    it('that evicts is refused by what it says of itself, and let in by name', async () => {
      const server = await startRedis('--maxmemory-policy', 'volatile-lru')
      const client = await connected(connect, server.port)
      const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'eviction' })
      await expect(createRedisStore(client)).rejects.toThrow(refusal)
      expect(await createRedisStore(client, { eviction: evictingRedis })).toBeDefined()
      await command(server.port, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      expect(await createRedisStore(client)).toBeDefined()
    })

    it('that answers neither INFO nor CONFIG is refused, either alone will do', async () => {
      const server = await startRedis('--rename-command', 'CONFIG', '')
      const client = await connected(connect, server.port)
      expect(await createRedisStore(client)).toBeDefined()
      await command(server.port, 'ACL', 'SETUSER', 'default', '-info')
      const refusal = expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'eviction' })
      await expect(createRedisStore(client)).rejects.toThrow(refusal)
      const other = await startRedis()
      const second = await connected(connect, other.port)
      await command(other.port, 'ACL', 'SETUSER', 'default', '-info')
      expect(await createRedisStore(second)).toBeDefined()
    })

    it('that is full accepts nothing, forgets nothing, and goes on when there is room', async () => {
      const server = await startRedis()
      const store = await createRedisStore(await connected(connect, server.port))
      const at = Date.now() + MINUTE
      expect(await store.replay.claim('key', 'before', at)).toBe(true)
      await command(server.port, 'CONFIG', 'SET', 'maxmemory', '1')
      const claims = Array.from({ length: 200 }, (_, i) => outcomeOf(() => store.replay.claim('key', `n-${i}`, at)))
      expect(new Set(await Promise.all(claims))).toEqual(new Set(['lost']))
      expect(await outcomeOf(() => store.replay.advance('key', 1n, 1))).toBe('lost')
      expect(await outcomeOf(() => store.keys.insert(ROW, 1))).toBe('lost')
      await command(server.port, 'CONFIG', 'SET', 'maxmemory', '0')
      expect(await store.replay.claim('key', 'before', at)).toBe(false)
      expect(await store.keys.get('key')).toBeUndefined()
      expect(await store.replay.claim('key', 'n-0', at)).toBe(true)
    })
  })
})

import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'
import { describe, expect, it } from 'vitest'
import { evictingRedis } from '../../src/insecure.js'
import { openPort } from '../../src/stores/redis/client.js'
import { createRedisStore, type NodeRedisClient, type RedisStoreOptions } from '../../src/stores/redis.js'
import { createFakeClock } from '../../src/testing/index.js'

const NOW = 1_800_000_000_000
const INFO = (policy: string) => `# Memory\r\nused_memory:1\r\nmaxmemory_policy:${policy}\r\nallocator:x\r\n`

interface Answers {
  readonly info?: unknown
  readonly config?: unknown
  /** Epoch ms. */
  readonly time?: number
  /** What scripts answer that have this many keys. */
  readonly script?: (keys: number) => unknown
}

/** A client of `redis` that answers what servers ask about at the start. What is an error is thrown. */
function fakeClient({ info = INFO('noeviction'), config, time = NOW, script = () => 'OK' }: Answers = {}) {
  const asked: string[] = []
  const answerTo = ([command = '', , keys = '']: readonly string[]): unknown => {
    asked.push(command)
    if (command === 'INFO') return info
    if (command === 'CONFIG') return config
    if (command === 'TIME') return [String(Math.floor(time / 1000)), String((time % 1000) * 1000)]
    return script(Number(keys))
  }
  const client = {
    async sendCommand(words: readonly string[]): Promise<unknown> {
      const answer = answerTo(words)
      if (answer instanceof Error) throw answer
      return answer
    },
    duplicate: () => undefined,
  }
  return { client: client as unknown as NodeRedisClient, asked }
}

const create = (answers: Answers, options: RedisStoreOptions = {}) =>
  createRedisStore(fakeClient(answers).client, { clock: createFakeClock(NOW), ...options })

const optionError = (field: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ name: 'ConfigError', code: 'ERR_OPTION_INVALID', field, message })

describe('A client', () => {
  it.each([
    ['redis', () => createClient()],
    ['redis, a Sentinel', () => createSentinel({ name: 'x', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })],
    ['redis, a Cluster', () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })],
    ['ioredis', () => new Redis({ lazyConnect: true })],
    ['ioredis, a Cluster', () => new Cluster([{ port: 1 }], { lazyConnect: true })],
  ])('of %s is known', (_, make) => {
    expect(Object.keys(openPort('x', make()))).toEqual(['send', 'masters', 'listen'])
  })

  it.each([
    undefined,
    null,
    'redis://localhost',
    7,
    {},
    { call() {} },
    { sendCommand() {} },
    { sendCommand: 'x', duplicate() {} },
    createClient,
  ])('that is none is refused: %s', async client => {
    await expect(createRedisStore(client as never)).rejects.toThrow(optionError('client'))
  })

  it('is sent commands as its driver wants them', async () => {
    const calls: unknown[][] = []
    const write = (...args: unknown[]) => {
      calls.push(args)
      return Promise.resolve('OK')
    }
    const duplicate = () => undefined
    const clients: readonly object[] = [
      { sendCommand: write, duplicate },
      { sendCommand: write, duplicate, getSentinelNode: () => undefined },
      { sendCommand: write, duplicate, nodeClient: () => undefined, masters: [] },
      { call: write, sendCommand: () => Promise.reject(new Error('not this one')), duplicate },
    ]
    for (const client of clients) await openPort('x', client as NodeRedisClient).send('key', ['GET', 'key'])
    expect(calls).toEqual([[['GET', 'key']], [false, ['GET', 'key']], ['key', false, ['GET', 'key']], ['GET', ['key']]])
  })

  it('of a Cluster is asked for every master', async () => {
    const asked: string[] = []
    const node = (name: string) => ({ sendCommand: async () => asked.push(name), call: async () => asked.push(name) })
    const duplicate = () => undefined
    const clients: readonly object[] = [
      { sendCommand() {}, duplicate, masters: ['a', 'b'], nodeClient: async (name: string) => node(name) },
      { call() {}, duplicate, nodes: (role: string) => [node(`${role} c`), node(`${role} d`)] },
    ]
    for (const client of clients) {
      for (const send of await openPort('x', client as NodeRedisClient).masters()) await send(['TIME'])
    }
    expect(asked).toEqual(['a', 'b', 'master c', 'master d'])
  })
})

describe('The options', () => {
  it('that are not known are refused', async () => {
    const refusal = expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', field: 'keyPrefix' })
    await expect(create({}, { keyPrefix: 'x' } as never)).rejects.toThrow(refusal)
  })

  it.each([
    ['prefix', 'a{b}'],
    ['prefix', 'a b'],
    ['prefix', 'x'.repeat(65)],
    ['prefix', 7],
    ['timeoutMs', 0],
    ['timeoutMs', 60_001],
    ['timeoutMs', '5'],
    ['maxClaimsPerKey', 0],
    ['maxClaimsPerKey', 1.5],
    ['maxClaimsPerKey', 16_777_217],
    ['clockSkewMs', -1],
    ['clockSkewMs', Number.NaN],
    ['clock', 7],
    ['eviction', true],
    ['eviction', Symbol('evictingRedis')],
  ])('that are impossible are refused: %s %s', async (field, value) => {
    await expect(create({}, { [field]: value })).rejects.toThrow(optionError(field))
  })

  it.each<RedisStoreOptions>([
    { prefix: '' },
    { prefix: 'x'.repeat(64) },
    { timeoutMs: 60_000, clockSkewMs: 0, maxClaimsPerKey: 16_777_216 },
    { eviction: evictingRedis },
  ])('that are possible are taken: %s', async options => {
    expect(Object.keys(await create({}, options))).toEqual(['keys', 'replay', 'usage', 'invalidation'])
  })
})

describe('A server', () => {
  const advice = expect.stringContaining("'maxmemory-policy noeviction'")

  it.each(['allkeys-lru', 'volatile-ttl', 'volatile-lru', '', 'NOEVICTION'])(
    'whose maxmemory-policy is %s is refused, unless that is accepted by name',
    async policy => {
      await expect(create({ info: INFO(policy) })).rejects.toThrow(optionError('eviction', advice))
      expect(await create({ info: INFO(policy) }, { eviction: evictingRedis })).toBeDefined()
    },
  )

  it.each([
    ['a list', ['maxmemory-policy', 'noeviction']],
    ['an object', { 'maxmemory-policy': 'noeviction' }],
  ])('that does not say so by INFO is asked by CONFIG, which answers with %s', async (_, config) => {
    expect(await create({ info: '# Memory\r\n', config })).toBeDefined()
    expect(await create({ info: new Error('NOPERM'), config })).toBeDefined()
  })

  it.each([
    ['a list', ['maxmemory-policy', 'allkeys-lru']],
    ['an object', { 'maxmemory-policy': 'allkeys-lru' }],
    ['nothing', []],
    ['nothing', {}],
    ['nothing', null],
    ['an error', new Error("NOPERM this user has no permissions to run the 'config|get' command")],
  ])('that gives no good answer to either is refused: %s', async (_, config) => {
    await expect(create({ info: new Error('NOPERM'), config })).rejects.toThrow(optionError('eviction', advice))
    expect(await create({ info: new Error('NOPERM'), config }, { eviction: evictingRedis })).toBeDefined()
  })

  it('whose clock is ahead is refused, and one that is behind is not', async () => {
    for (const ahead of [1001, 60_000]) {
      await expect(create({ time: NOW + ahead })).rejects.toThrow(
        optionError('client', expect.stringContaining('clock')),
      )
    }
    for (const ahead of [1000, 0, -60_000]) expect(await create({ time: NOW + ahead })).toBeDefined()
    expect(await create({ time: NOW + 60_000 }, { clockSkewMs: 60_000 })).toBeDefined()
  })

  it('that tells no time is refused', async () => {
    await expect(create({ time: Number.NaN })).rejects.toThrow(optionError('client'))
  })

  it('that does not answer is an outage', async () => {
    const error = new Error('Socket closed unexpectedly')
    const outage = expect.objectContaining({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE', cause: error })
    await expect(create({ script: () => error })).rejects.toThrow(outage)
  })

  it('of a Cluster, behind a client for one server, is refused', async () => {
    const script = () => new Error('MOVED 3999 127.0.0.1:6381')
    await expect(create({ script })).rejects.toThrow(optionError('client', expect.stringContaining('Cluster client')))
  })

  it('behind a client that answers with Buffers is refused', async () => {
    const script = () => new Uint8Array(2)
    await expect(create({ script })).rejects.toThrow(optionError('client', expect.stringContaining('text')))
  })
})

describe('Claims of many keys', () => {
  const claims = async (answers: Answers) => {
    const { client, asked } = fakeClient(answers)
    const { replay } = await createRedisStore(client, { clock: createFakeClock(NOW) })
    const before = asked.length
    const keyIds = Array.from({ length: 40 }, (_, i) => `key-${i}`)
    const outcomes = await Promise.all(keyIds.map(keyId => replay.claim(keyId, 'nonce', NOW)))
    expect(outcomes.every(Boolean)).toBe(true)
    return asked.length - before
  }
  /** One answer for each key but the horizon. */
  const accepted = (keys: number) => '1'.repeat(keys - 1)

  it('go to one server in one command', async () => {
    expect(await claims({ script: keys => (keys === 41 ? accepted(keys) : 'OK') })).toBe(1)
  })

  it('go to a Cluster, which refuses that, in one for each group', async () => {
    let isChecked = false
    const script = (keys: number) => {
      if (keys === 64) isChecked = true
      if (keys === 64) return new Error("CROSSSLOT Keys in request don't hash to the same slot")
      return isChecked ? accepted(keys) || 'OK' : 'OK'
    }
    const count = await claims({ script })
    expect(count).toBeGreaterThan(20)
    expect(count).toBeLessThanOrEqual(40)
  })

  it.each([undefined, null, '', '1', '111', 1, ['1', '1']])('are refused when %j comes back for two', async answer => {
    const { client } = fakeClient({ script: keys => (keys === 3 ? answer : 'OK') })
    const { replay } = await createRedisStore(client, { clock: createFakeClock(NOW) })
    const both = ['a', 'b'].map(token => Promise.resolve(replay.claim('key', token, NOW)))
    for (const claim of both) {
      await expect(claim).rejects.toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    }
  })

  it('are sent with an id of their own each time, and the same when they are tried again', async () => {
    const ids: string[] = []
    const refusals = [new Error('LOADING')]
    const client = {
      duplicate: () => undefined,
      sendCommand: async ([command = '', , keys, horizon, token, id = '']: readonly string[]) => {
        if (command === 'INFO') return INFO('noeviction')
        if (command === 'TIME') return [String(NOW / 1000), '0']
        if (keys !== '2' || horizon === undefined || token === undefined) return 'OK'
        ids.push(id)
        const refusal = refusals.pop()
        if (refusal !== undefined) throw refusal
        return '1'
      },
    }
    const options = { clock: createFakeClock(NOW) }
    const stores = [await createRedisStore(client, options), await createRedisStore(client, options)]
    for (const { replay } of stores) {
      for (const token of ['a', 'b']) expect(await replay.claim('key', token, NOW)).toBe(true)
    }
    expect(ids).toHaveLength(5)
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids)).toHaveProperty('size', 4)
  })
})

import { describe, expect, it, vi } from 'vitest'
import { createSigner } from '../../src/client/index.js'
import type { InvalidationChannel, KeyStore, Verdict } from '../../src/index.js'
import { createVerifier, defineKeyPolicy, standardKeyPolicy } from '../../src/index.js'
import { withoutStepUp } from '../../src/insecure.js'
import { createMemoryInvalidation, createMemoryKeyStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import { createWorld, OWNER, permissions, START, unsigned, type WorldOptions } from '../world.js'

const READ = { permission: 'read' } as const
const TRADE = { permission: 'trade' } as const
const HOUR = 3_600_000
const operator = { role: 'operator', id: 'night' } as const
const denialOf = (verdict: Verdict) => (verdict.ok ? 'allowed' : verdict.denial)

type World = ReturnType<typeof createWorld>
type Issued = Awaited<ReturnType<World['issue']>>

/** A manager and a verifier that trusts what it knows for an hour, told of changes by one channel. */
function createInformed(invalidation: InvalidationChannel | undefined, options: WorldOptions = {}) {
  const onError = vi.fn()
  const informed = invalidation === undefined ? {} : { invalidation, onError }
  const world = createWorld({
    ...options,
    verifier: { maxStalenessMs: HOUR, ...informed, ...options.verifier },
    manager: { ...informed, ...options.manager },
  })
  const ask = async ({ signer }: Issued, required: typeof READ | typeof TRADE = READ) =>
    denialOf(await world.verifier.verify(await signer.sign(unsigned()), required))
  return { ...world, ask, onError }
}

/** Everything that takes power from a key, and what a request is told from then on. */
const TAKING: readonly [string, (world: World, issued: Issued) => Promise<unknown>, string][] = [
  ['revoke', ({ manager }, { key }) => manager.revoke({ owner: OWNER, keyId: key.keyId, reason: 'r' }), 'key_revoked'],
  ['revokeAll', ({ manager }) => manager.revokeAll({ owner: OWNER, reason: 'r' }), 'key_revoked'],
  [
    'suspend',
    ({ manager }, { key }) => manager.suspend({ owner: OWNER, keyId: key.keyId, reason: 'r' }),
    'key_suspended',
  ],
  ['freeze', ({ manager }) => manager.freeze({ actor: operator, owner: OWNER, reason: 'r' }), 'key_suspended'],
  [
    'destroy',
    ({ manager }, { key }) => manager.destroy({ owner: OWNER, keyId: key.keyId, reason: 'r' }),
    'unknown_key',
  ],
  ['destroyAll', ({ manager }) => manager.destroyAll({ owner: OWNER, reason: 'r' }), 'unknown_key'],
  [
    'edit',
    ({ manager }, { key: { keyId, version } }) => manager.edit({ owner: OWNER, keyId, version, permissions: ['read'] }),
    'permission_denied',
  ],
  [
    'edit of the allowlist',
    ({ manager }, { key: { keyId, version } }) => manager.edit({ owner: OWNER, keyId, version, ipAllowlist: [] }),
    'ip_not_allowed',
  ],
  [
    'rotate without overlap',
    ({ manager }, { key }) => manager.rotate({ owner: OWNER, keyId: key.keyId, overlapMs: 0 }),
    'wrong_signature',
  ],
  [
    'reportLeak',
    ({ manager }, { key }) => manager.reportLeak({ actor: operator, text: `found ${key.keyId}`, reason: 'r' }),
    'key_suspended',
  ],
]

describe.each(TAKING)('When %s has resolved', (_, take, denial) => {
  it('no verifier of this process that shares the channel lets the key pass', async () => {
    const world = createInformed(createMemoryInvalidation())
    const issued = await world.issue()
    expect(await world.ask(issued, TRADE)).toBe('allowed')
    await take(world, issued)
    expect(await world.ask(issued, TRADE)).toBe(denial)
  })

  it('one that was given no channel does, until what it knows is stale', async () => {
    const world = createInformed(undefined)
    const issued = await world.issue()
    expect(await world.ask(issued, TRADE)).toBe('allowed')
    await take(world, issued)
    expect(await world.ask(issued, TRADE)).toBe('allowed')
    world.clock.advance(HOUR)
    expect(await world.ask(issued, TRADE)).toBe(denial)
  })
})

describe('When a sweep has revoked an idle key', () => {
  it('no verifier of this process lets it pass, and one that is used is left alone', async () => {
    const usage = createMemoryUsageStore()
    const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, idleMs: HOUR })
    const world = createInformed(createMemoryInvalidation(), {
      verifier: { usage, maxStalenessMs: 10 * HOUR },
      manager: { usage, policy },
    })
    const [idle, busy] = [await world.issue(), await world.issue()]
    await Promise.all([world.ask(idle), world.ask(busy)])
    await world.verifier.close()
    world.clock.advance(HOUR - 1)
    expect(await world.ask(busy)).toBe('allowed')
    await world.verifier.close()
    world.clock.advance(1)
    const swept = await world.manager.sweep({ actor: operator, since: START })
    expect(swept.revoked).toEqual([{ owner: OWNER, keyId: idle.key.keyId }])
    expect(await world.ask(idle)).toBe('key_revoked')
    expect(await world.ask(busy)).toBe('allowed')
  })
})

describe('A key whose parent was revoked', () => {
  it('does not pass either', async () => {
    const policy = defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp, childDepth: 1 })
    const world = createInformed(createMemoryInvalidation(), { manager: { policy } })
    const parent = await world.issue()
    const { key, credentials } = await world.manager.derive({
      ...{ owner: OWNER, keyId: parent.key.keyId, label: 'child', permissions: ['read'] },
      ...{ accounts: null, ipAllowlist: null },
    })
    const scheme = world.schemes[0]!
    const signer = createSigner({
      scheme,
      keyId: key.keyId,
      secret: credentials?.secret.reveal() ?? '',
      clock: world.clock,
    })
    const child = { ...parent, key, signer } as Issued
    expect(await world.ask(child)).toBe('allowed')
    await world.manager.revoke({ owner: OWNER, keyId: parent.key.keyId, reason: 'r' })
    expect(await world.ask(child)).toBe('key_revoked')
  })
})

/** The same store, each call some turns of the event loop away, and the answers of reads further than those of writes. */
function makeSlow(store: KeyStore, random: () => number): KeyStore {
  const wait = async (most: number) => {
    for (let turns = random() * most; turns > 0; turns--) await new Promise(resolve => setImmediate(resolve))
  }
  return new Proxy(store, {
    get(target, name: keyof KeyStore) {
      return async (...args: unknown[]) => {
        await wait(2)
        const answer = await (target[name] as (...args: unknown[]) => unknown)(...args)
        await wait(name === 'get' ? 12 : 1)
        return answer
      }
    },
  })
}

/** A generator of numbers from 0 to 1 that begins with a seed. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe.each([
  ['with nothing cached', 0, undefined],
  ['with a cache and a channel', HOUR, createMemoryInvalidation],
] as const)('Under load on a slow store, %s', (_, maxStalenessMs, channel) => {
  it('no verification that begins after revoke has resolved is allowed', async () => {
    let [allowed, refused] = [0, 0]
    for (let round = 0; round < 25; round++) {
      const random = createRandom(round)
      const keys = makeSlow(createMemoryKeyStore(), random)
      const world = createInformed(channel?.(), { keys, verifier: { maxStalenessMs } })
      const issued = await world.issue()
      const requests = await Promise.all(Array.from({ length: 120 }, () => issued.signer.sign(unsigned())))
      let isRevoked = false
      const judge = async (index: number) => {
        for (let turns = index >> 2; turns > 0; turns--) await new Promise(resolve => setImmediate(resolve))
        const beganAfter = isRevoked
        const verdict = await world.verifier.verify(requests[index]!, READ)
        if (beganAfter) expect(denialOf(verdict)).toBe('key_revoked')
        if (verdict.ok) allowed++
        else refused++
      }
      const judging = requests.map((_request, index) => judge(index))
      await world.manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })
      isRevoked = true
      await Promise.all(judging)
    }
    // Both happened, so that the races were there.
    expect(allowed).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(100)
  })
})

/** A channel to other processes, which may be cut. */
function createNetwork() {
  const listeners = new Set<(keyId: string | undefined) => void>()
  let isCut = false
  const end = (): InvalidationChannel => ({
    publish: async keyId => {
      if (isCut) throw new Error('no route')
      await Promise.resolve()
      for (const listener of listeners) listener(keyId)
    },
    subscribe: async listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  })
  return {
    end,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
      for (const listener of listeners) listener(undefined)
    },
  }
}

/** Two processes over one store: the manager is here, and a verifier there. */
function createProcesses(maxStalenessMs = HOUR) {
  const network = createNetwork()
  const here = createInformed(network.end(), { verifier: { maxStalenessMs } })
  const onError = vi.fn()
  const { schemes, keys, sealer, replay, clock } = here
  const there = createVerifier({
    ...{ schemes, permissions, keys, sealer, replay, clock, maxStalenessMs, onError, invalidation: network.end() },
  })
  const askThere = async ({ signer }: Issued) => denialOf(await there.verify(await signer.sign(unsigned()), READ))
  return { ...here, network, there, askThere }
}

describe('A verifier of another process', () => {
  it('drops a key when the message arrives', async () => {
    const { issue, manager, there, askThere } = createProcesses()
    await there.ready()
    const issued = await issue()
    expect(await askThere(issued)).toBe('allowed')
    await manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })
    expect(await askThere(issued)).toBe('key_revoked')
  })

  it('lets a revoked key pass for as long as it may be stale when the message is lost, and no longer', async () => {
    const { issue, manager, there, askThere, network, clock, onError, ask } = createProcesses(500)
    await there.ready()
    const issued = await issue()
    expect(await askThere(issued)).toBe('allowed')
    network.cut()
    expect(await manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })).toMatchObject({
      state: 'revoked',
    })
    expect(onError.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' })]])
    expect(await ask(issued)).toBe('key_revoked')
    clock.advance(499)
    expect(await askThere(issued)).toBe('allowed')
    clock.advance(1)
    expect(await askThere(issued)).toBe('key_revoked')
  })

  it('reads every key again when the channel was away', async () => {
    const { issue, manager, there, askThere, network } = createProcesses()
    await there.ready()
    const issued = await issue()
    expect(await askThere(issued)).toBe('allowed')
    network.cut()
    await manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })
    expect(await askThere(issued)).toBe('allowed')
    network.mend()
    expect(await askThere(issued)).toBe('key_revoked')
  })

  it('hears nothing once it is closed, hence asks the store each time', async () => {
    const { issue, manager, there, askThere } = createProcesses()
    await there.ready()
    const issued = await issue()
    expect(await askThere(issued)).toBe('allowed')
    await there.close()
    await manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })
    expect(await askThere(issued)).toBe('key_revoked')
  })
})

describe('A manager whose channel takes its time', () => {
  it('says that a key is revoked once the message has left, and drops it here before', async () => {
    let leave = (): void => {}
    const publish = () =>
      new Promise<void>(resolve => {
        leave = resolve
      })
    const world = createInformed({ ...createMemoryInvalidation(), publish })
    const issued = await world.issue()
    expect(await world.ask(issued)).toBe('allowed')
    let isRevoked = false
    const revoking = world.manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' }).then(() => {
      isRevoked = true
    })
    await new Promise(resolve => setTimeout(resolve, 5))
    expect(isRevoked).toBe(false)
    expect(await world.ask(issued)).toBe('key_revoked')
    leave()
    await revoking
  })
})

describe('A manager whose channel never answers', () => {
  it('revokes, reports, and keeps its caller no longer than its time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const stuck = { ...createMemoryInvalidation(), publish: () => new Promise<void>(() => {}) }
      const { issue, manager, onError, ask } = createInformed(stuck, { manager: { storeTimeoutMs: 700 } })
      const issued = await issue()
      expect(await ask(issued)).toBe('allowed')
      const revoking = manager.revoke({ owner: OWNER, keyId: issued.key.keyId, reason: 'r' })
      await vi.advanceTimersByTimeAsync(710)
      expect(await revoking).toMatchObject({ state: 'revoked' })
      expect(onError).toHaveBeenCalledTimes(1)
      expect(await ask(issued)).toBe('key_revoked')
    } finally {
      vi.useRealTimers()
    }
  })

  it('waits for it once, however many keys it ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const stuck = { ...createMemoryInvalidation(), publish: () => new Promise<void>(() => {}) }
      const { issue, manager, onError } = createInformed(stuck, { manager: { storeTimeoutMs: 700 } })
      for (let i = 0; i < 10; i++) await issue()
      const revoking = manager.revokeAll({ owner: OWNER, reason: 'r' })
      await vi.advanceTimersByTimeAsync(710)
      expect(await revoking).toMatchObject({ ended: 10 })
      expect(onError).toHaveBeenCalledTimes(10)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('A change that fails half-way', () => {
  it('is announced for every key it may have reached', async () => {
    const channel = createMemoryInvalidation()
    const heard: unknown[] = []
    channel.subscribe(keyId => void heard.push(keyId))
    const store = createMemoryKeyStore()
    let writes = 0
    const keys: KeyStore = {
      ...store,
      replace: (row, version) => {
        const isDone = store.replace(row, version)
        if (++writes === 2) throw new Error('the answer got lost')
        return isDone
      },
    }
    const { issue, manager } = createInformed(channel, { keys })
    const issued = [await issue(), await issue(), await issue()]
    writes = 0
    await expect(manager.revokeAll({ owner: OWNER, reason: 'r' })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
    expect(heard).toHaveLength(2)
    for (const keyId of heard) expect(issued.map(({ key }) => key.keyId)).toContain(keyId)
  })
})

describe('A manager', () => {
  it.each([
    ['ERR_OPTION_INVALID', 'invalidation', { invalidation: {}, onError: () => {} }],
    ['ERR_OPTION_MISSING', 'onError', { invalidation: createMemoryInvalidation() }],
    ['ERR_OPTION_INVALID', 'storeTimeoutMs', { storeTimeoutMs: 0 }],
  ])('refuses with %s, naming %s', (code, field, manager) => {
    expect(() => createWorld({ manager: manager as never })).toThrow(expect.objectContaining({ code, field }))
  })
})

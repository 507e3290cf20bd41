import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KeyRow, KeyStore } from '../../src/index.js'
import { StoreError } from '../../src/index.js'
import { boundStores, guardStore } from '../../src/keys/guarded-store.js'
import { createMemoryKeyStore, createMemoryStore } from '../../src/stores/memory.js'

const ROW: KeyRow = {
  ...{ keyId: 'key', owner: 'owner', state: 'active', expiresAt: null, createdAt: 1, version: 1, record: '{}' },
}

const never = () => new Promise<never>(() => {})

function createGuarded(changes: Partial<KeyStore> = {}) {
  const store = createMemoryKeyStore()
  store.insert(ROW, 9)
  const changed = vi.fn()
  const guarded = guardStore({ ...store, ...changes }, { timeoutMs: 1000, changed })
  return { store, guarded, changed }
}

const next: KeyRow = { ...ROW, version: 2 }

/** Every call there is, with arguments that succeed. */
const CALLS = {
  get: guarded => guarded.get('key'),
  insert: guarded => guarded.insert({ ...ROW, keyId: 'new' }, 9),
  replace: guarded => guarded.replace(next, 1),
  remove: guarded => guarded.remove('key', 1),
  list: guarded => guarded.list({ owner: 'owner', limit: 10 }),
  scan: guarded => guarded.scan({ limit: 10 }),
} satisfies Record<keyof KeyStore, (guarded: ReturnType<typeof guardStore>) => Promise<unknown>>

const calls = Object.entries(CALLS) as [keyof KeyStore, (guarded: ReturnType<typeof guardStore>) => Promise<unknown>][]

afterEach(() => void vi.useRealTimers())

describe('A guarded key store', () => {
  it.each(calls)('answers %s as the store does', async (name, call) => {
    const { guarded } = createGuarded()
    const plain = createGuarded().store
    const asked = call(plain as unknown as typeof guarded)
    expect(await call(guarded)).toEqual(await asked)
    expect(name in plain).toBe(true)
  })

  it.each(calls)('turns a failure of %s into a StoreError, with the failure as its cause', async (name, call) => {
    const boom = new Error('boom')
    for (const fail of [
      () => {
        throw boom
      },
      () => Promise.reject(boom),
    ]) {
      await expect(call(createGuarded({ [name]: fail }).guarded)).rejects.toMatchObject({
        ...{ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE', cause: boom },
      })
    }
  })

  it.each(calls)('hands on a StoreError of %s as it is', async (name, call) => {
    const own = new StoreError('ERR_STORE_SCHEMA', 'too new')
    await expect(call(createGuarded({ [name]: () => Promise.reject(own) }).guarded)).rejects.toBe(own)
  })

  it.each(calls)('waits no longer than its time for %s', async (name, call) => {
    vi.useFakeTimers()
    const outcome = call(createGuarded({ [name]: never }).guarded).catch(error => error)
    await vi.advanceTimersByTimeAsync(999)
    expect(await Promise.race([outcome, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(10)
    expect(await outcome).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'the key store did not answer in time',
    })
  })
})

const writes = calls.filter(([name]) => name === 'replace' || name === 'remove')

describe('A change of a key', () => {
  it.each(writes)('is told once it is there, before the caller has the answer of %s', async (name, call) => {
    for (const changes of [{}, { [name]: async () => true }]) {
      const { guarded, changed } = createGuarded(changes)
      const told = await call(guarded).then(() => [...changed.mock.calls])
      expect(told).toEqual([['key']])
    }
  })

  it.each(writes)('that was refused by %s is none', async (_, call) => {
    const { guarded, store, changed } = createGuarded()
    store.replace({ ...ROW, version: 7 }, 1)
    expect(await call(guarded)).toBe(false)
    expect(changed).not.toHaveBeenCalled()
  })

  it.each(writes)('may have happened where %s fails, so it is told too', async (name, call) => {
    for (const fail of [
      () => {
        throw new Error('lost')
      },
      () => Promise.reject(new Error('lost')),
    ]) {
      const { guarded, changed } = createGuarded({ [name]: fail })
      await expect(call(guarded)).rejects.toThrow(StoreError)
      expect(changed.mock.calls).toEqual([['key']])
    }
  })

  it.each(writes)('that %s says late, after its time, is told again', async (name, call) => {
    vi.useFakeTimers()
    for (const isDone of [true, false]) {
      let answer: (isDone: boolean) => void = () => {}
      const late = () =>
        new Promise<boolean>(resolve => {
          answer = resolve
        })
      const { guarded, changed } = createGuarded({ [name]: late })
      const outcome = call(guarded).catch(error => error.code)
      await vi.advanceTimersByTimeAsync(1001)
      expect(await outcome).toBe('ERR_STORE_UNAVAILABLE')
      expect(changed).toHaveBeenCalledTimes(1)
      answer(isDone)
      await vi.advanceTimersByTimeAsync(1)
      expect(changed).toHaveBeenCalledTimes(isDone ? 2 : 1)
    }
  })

  it('is neither a read nor a new key, which nobody can have in memory', async () => {
    const { guarded, changed } = createGuarded()
    for (const name of ['get', 'insert', 'list', 'scan'] as const) await CALLS[name](guarded)
    expect(changed).not.toHaveBeenCalled()
  })
})

describe('The stores beside the keys', () => {
  it('answer as they do, and those that are not there stay away', () => {
    const { audit, replay, usage } = createMemoryStore()
    expect(boundStores({}, 1000)).toEqual({})
    const bound = boundStores({ audit, replay, usage }, 1000)
    expect(bound.replay?.claim('key', 'a', Date.now() + 60_000)).toBe(true)
    expect(bound.replay?.claim('key', 'a', Date.now() + 60_000)).toBe(false)
    expect(bound.replay?.advance('key', 5n, 1)).toBe(true)
    expect(bound.replay?.advance('key', 5n, 1)).toBe(false)
    bound.usage?.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 2 })
    expect(bound.usage?.get('key')).toMatchObject({ count: 2 })
    bound.audit?.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' })
    expect(audit.entries()).toHaveLength(1)
  })

  it('are waited for no longer than their time', async () => {
    vi.useFakeTimers()
    const { audit, replay, usage } = boundStores(
      { audit: { append: never }, replay: { claim: never, advance: never }, usage: { touch: never, get: never } },
      1000,
    )
    const answers = [
      audit?.append({ at: 1, event: 'e', owner: null, keyId: null, detail: '{}' }),
      replay?.claim('key', 'a', 1),
      replay?.advance('key', 1n, 1),
      usage?.touch({ keyId: 'key', lastUsedAt: 1, lastAddress: null, count: 1 }),
      usage?.get('key'),
    ].map(answer => Promise.resolve(answer).catch(error => error.message))
    await vi.advanceTimersByTimeAsync(1010)
    expect(await Promise.all(answers)).toEqual([
      'the audit sink did not answer in time',
      'the replay store did not answer in time',
      'the replay store did not answer in time',
      'the usage store did not answer in time',
      'the usage store did not answer in time',
    ])
  })
})

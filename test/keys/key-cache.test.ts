import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { KeyError, SealError, StoreError } from '../../src/errors.js'
import type { CompiledKey } from '../../src/keys/compiled-key.js'
import { createKeyCache, type KeyCacheOptions, type LoadedKey } from '../../src/keys/key-cache.js'
import type { KeyRow } from '../../src/store.js'
import { createFakeClock } from '../../src/testing/index.js'

const START = 1_767_225_600_000

function rowOf(version: number, changes: Partial<KeyRow> = {}): KeyRow {
  const state = changes.state ?? 'active'
  const record = JSON.stringify({ version, state })
  return { keyId: 'key', owner: 'o', state, expiresAt: null, createdAt: 1, version, record, ...changes }
}

/** A promise, and what settles it. */
interface Pending<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/** A queue of questions that the test answers, in any order. */
function createQuestions<In, Out>() {
  const pending: (Pending<Out> & { readonly about: In })[] = []
  const ask = (about: In): Promise<Out> =>
    new Promise((resolve, reject) => {
      pending.push({ about, resolve, reject })
    })
  return { ask, pending }
}

const compiled = (row: KeyRow) => ({ source: row.record, row }) as unknown as CompiledKey
const versionOf = (loaded: LoadedKey): number | string | undefined =>
  loaded instanceof Error ? loaded.code : (loaded as unknown as { row: KeyRow } | undefined)?.row.version

/** A cache over a store that answers when the test says so. */
function createAsyncCache(options: Partial<KeyCacheOptions> = {}) {
  const clock = createFakeClock(START)
  const reads = createQuestions<string, KeyRow | undefined>()
  const compile = vi.fn(async (row: KeyRow) => compiled(row))
  const cache = createKeyCache({
    ...{ store: { get: reads.ask }, compile, clock, maxKeys: 100, maxStalenessMs: 0, storeTimeoutMs: 2000 },
    ...options,
  })
  const load = async (keyId = 'key') => versionOf(await cache.load(keyId))
  return { cache, clock, reads: reads.pending, compile, load }
}

/** A cache over a store that answers at once with what is in `rows`. */
function createSyncCache(options: Partial<KeyCacheOptions> = {}) {
  const clock = createFakeClock(START)
  const rows = new Map([['key', rowOf(1)]])
  const get = vi.fn((keyId: string) => rows.get(keyId))
  const compile = vi.fn(async (row: KeyRow) => compiled(row))
  const cache = createKeyCache({
    ...{ store: { get }, compile, clock, maxKeys: 100, maxStalenessMs: 0, storeTimeoutMs: 2000 },
    ...options,
  })
  const load = async (keyId = 'key') => versionOf(await cache.load(keyId))
  return { cache, clock, rows, get, compile, load }
}

/** Lets everything that is ready run. */
const settle = () => new Promise(resolve => setTimeout(resolve, 0))

describe('A key cache without staleness', () => {
  it('asks the store every time, and compiles a row once', async () => {
    const { load, get, compile, rows } = createSyncCache()
    for (let i = 0; i < 5; i++) expect(await load()).toBe(1)
    expect(get).toHaveBeenCalledTimes(5)
    expect(compile).toHaveBeenCalledTimes(1)
    rows.set('key', rowOf(2))
    expect(await load()).toBe(2)
    expect(compile).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['version', { version: 2 }],
    ['state', { state: 'revoked' }],
    ['owner', { owner: 'another' }],
    ['expiry', { expiresAt: START }],
    ['record', { record: '{}' }],
  ] as const)('compiles a row anew when its %s changes alone', async (_, change) => {
    const { load, compile, rows } = createSyncCache()
    await load()
    rows.set('key', { ...rowOf(1), ...change })
    await load()
    expect(compile).toHaveBeenCalledTimes(2)
  })

  it('answers without a promise where the store does and the key is compiled', async () => {
    const { cache } = createSyncCache()
    await cache.load('key')
    expect(cache.load('key')).toHaveProperty('source')
  })

  it('never lets a question have an answer that was asked for before it', async () => {
    const { load, reads } = createAsyncCache()
    const first = load()
    const late = [load(), load(), load()]
    await settle()
    expect(reads).toHaveLength(1)
    reads[0]?.resolve(rowOf(1))
    expect(await first).toBe(1)
    await settle()
    // Revoked meanwhile: the three share the read that began after all of them.
    expect(reads).toHaveLength(2)
    const later = load()
    reads[1]?.resolve(rowOf(2, { state: 'revoked' }))
    expect(await Promise.all(late)).toEqual([2, 2, 2])
    await settle()
    expect(reads).toHaveLength(3)
    reads[2]?.resolve(rowOf(3))
    expect(await later).toBe(3)
  })

  it('asks again for those who came during a read that failed, and they alone wait longer', async () => {
    const { load, reads } = createAsyncCache()
    const first = load()
    const second = load()
    reads[0]?.reject(new StoreError('ERR_STORE_UNAVAILABLE', 'gone'))
    await expect(first).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await settle()
    reads[1]?.resolve(rowOf(1))
    expect(await second).toBe(1)
  })

  it('keeps ids apart', async () => {
    const { load, reads } = createAsyncCache()
    const loads = [load('a'), load('b')]
    expect(reads.map(({ about }) => about)).toEqual(['a', 'b'])
    reads[1]?.resolve(rowOf(2, { keyId: 'b' }))
    reads[0]?.resolve(rowOf(1, { keyId: 'a' }))
    expect(await Promise.all(loads)).toEqual([1, 2])
  })

  it('reads once for a crowd that comes together, and once more for whoever came late', async () => {
    const { load, reads } = createAsyncCache()
    const crowd = Array.from({ length: 200 }, () => load())
    reads[0]?.resolve(rowOf(1))
    await settle()
    reads[1]?.resolve(rowOf(1))
    expect(new Set(await Promise.all(crowd))).toEqual(new Set([1]))
    expect(reads).toHaveLength(2)
  })

  it('compiles once for a crowd whose rows are the same, and each row that differs', async () => {
    const pending = createQuestions<KeyRow, CompiledKey>()
    const { load, rows } = createSyncCache({ compile: pending.ask })
    const crowd = [load(), load(), load()]
    expect(pending.pending).toHaveLength(1)
    rows.set('key', rowOf(2))
    const others = [load(), load()]
    expect(pending.pending).toHaveLength(2)
    pending.pending[1]?.resolve(compiled(rowOf(2)))
    pending.pending[0]?.resolve(compiled(rowOf(1)))
    expect(await Promise.all([...crowd, ...others])).toEqual([1, 1, 1, 2, 2])
    // The older one arrived last, and is not what is kept.
    expect(await load()).toBe(2)
    expect(pending.pending).toHaveLength(2)
  })
})

describe('A key cache that may be stale', () => {
  it('asks nobody until the time is up, and then again', async () => {
    const { load, get, clock, rows } = createSyncCache({ maxStalenessMs: 1000 })
    expect(await load()).toBe(1)
    rows.set('key', rowOf(2, { state: 'revoked' }))
    clock.advance(999)
    expect(await load()).toBe(1)
    expect(get).toHaveBeenCalledTimes(1)
    clock.advance(1)
    expect(await load()).toBe(2)
    expect(get).toHaveBeenCalledTimes(2)
  })

  it('counts from before the read, however long that took', async () => {
    const { load, reads, clock } = createAsyncCache({ maxStalenessMs: 1000 })
    const first = load()
    clock.advance(900)
    reads[0]?.resolve(rowOf(1))
    expect(await first).toBe(1)
    clock.advance(99)
    expect(await load()).toBe(1)
    clock.advance(1)
    const next = load()
    expect(reads).toHaveLength(2)
    reads[1]?.resolve(rowOf(2))
    expect(await next).toBe(2)
  })

  it('begins anew when the clock was set back, since it no longer tells how much time went by', async () => {
    const { load, get, clock } = createSyncCache({ maxStalenessMs: 1000 })
    await load()
    clock.advance(500)
    await load()
    expect(get).toHaveBeenCalledTimes(1)
    clock.advance(-100)
    await load()
    expect(get).toHaveBeenCalledTimes(2)
    await load()
    expect(get).toHaveBeenCalledTimes(2)
  })

  it('lets a crowd share one read, also those who come while it is under way', async () => {
    const { load, reads, clock } = createAsyncCache({ maxStalenessMs: 1000 })
    const crowd = [load(), load()]
    clock.advance(999)
    crowd.push(load())
    reads[0]?.resolve(rowOf(1))
    expect(await Promise.all(crowd)).toEqual([1, 1, 1])
    expect(reads).toHaveLength(1)
  })

  it('lets nobody share a read that began too long ago', async () => {
    const { load, reads, clock } = createAsyncCache({ maxStalenessMs: 1000 })
    const first = load()
    clock.advance(1000)
    const second = load()
    reads[0]?.resolve(rowOf(1))
    expect(await first).toBe(1)
    await settle()
    reads[1]?.resolve(rowOf(2))
    expect(await second).toBe(2)
  })

  it('tells nobody that there is no key from before they asked: it may have been made since', async () => {
    const { load, reads } = createAsyncCache({ maxStalenessMs: 1000 })
    const first = load()
    const second = [load(), load()]
    reads[0]?.resolve(undefined)
    expect(await first).toBeUndefined()
    await settle()
    expect(reads).toHaveLength(2)
    reads[1]?.resolve(rowOf(1))
    expect(await Promise.all(second)).toEqual([1, 1])
  })

  it('never keeps that there is no key, or that one is corrupt', async () => {
    const { load, get, rows } = createSyncCache({ maxStalenessMs: 1000 })
    for (let i = 0; i < 3; i++) expect(await load('none')).toBeUndefined()
    expect(get).toHaveBeenCalledTimes(3)
    rows.set('odd', rowOf(1, { keyId: 'another' }))
    for (let i = 0; i < 3; i++) expect(await load('odd')).toBe('ERR_KEY_CORRUPT')
    expect(get).toHaveBeenCalledTimes(6)
  })

  it('forgets a key whose row is gone', async () => {
    const { cache, load, rows, compile } = createSyncCache({ maxStalenessMs: 1000 })
    await load()
    rows.delete('key')
    cache.drop(undefined)
    expect(await load()).toBeUndefined()
    rows.set('key', rowOf(1))
    expect(await load()).toBe(1)
    expect(compile).toHaveBeenCalledTimes(2)
  })

  it('keeps no more keys than it was told to', async () => {
    for (const maxKeys of [1, 2, 3, 10, 11]) {
      const { load, get, rows } = createSyncCache({ maxStalenessMs: 1000, maxKeys })
      for (let i = 0; i < 50; i++) rows.set(`k${i}`, rowOf(1, { keyId: `k${i}` }))
      for (let i = 0; i < 50; i++) await load(`k${i}`)
      get.mockClear()
      for (let i = 49; i >= 0; i--) await load(`k${i}`)
      expect(50 - get.mock.calls.length).toBeLessThanOrEqual(maxKeys)
      get.mockClear()
      await load('k0')
      expect(get).not.toHaveBeenCalled()
    }
  })

  it('keeps a key that is used, whatever passes by', async () => {
    const { load, get, rows } = createSyncCache({ maxStalenessMs: 1000, maxKeys: 10 })
    for (let i = 0; i < 100; i++) {
      rows.set(`k${i}`, rowOf(1, { keyId: `k${i}` }))
      await load(`k${i}`)
      await load('key')
    }
    expect(get.mock.calls.filter(([keyId]) => keyId === 'key')).toHaveLength(1)
  })
})

describe('A key that was dropped', () => {
  it('is asked for again at once, and no other', async () => {
    const { cache, load, get, rows } = createSyncCache({ maxStalenessMs: 1000 })
    rows.set('other', rowOf(1, { keyId: 'other' }))
    await Promise.all([load(), load('other')])
    rows.set('key', rowOf(2, { state: 'revoked' }))
    cache.drop('key')
    expect(await load()).toBe(2)
    await load('other')
    expect(get.mock.calls.map(([keyId]) => keyId)).toEqual(['key', 'other', 'key'])
  })

  it('is not brought back by a read that had begun before', async () => {
    const { cache, load, reads } = createAsyncCache({ maxStalenessMs: 1000 })
    const before = load()
    cache.drop('key')
    reads[0]?.resolve(rowOf(1))
    // It asked before the change, so it may have the answer from before.
    expect(await before).toBe(1)
    const after = load()
    expect(reads).toHaveLength(2)
    reads[1]?.resolve(rowOf(2, { state: 'revoked' }))
    expect(await after).toBe(2)
    expect(await load()).toBe(2)
  })

  it('is not shared with a read that had begun before', async () => {
    const { cache, load, reads } = createAsyncCache({ maxStalenessMs: 1000 })
    const before = load()
    cache.drop('key')
    const after = load()
    expect(reads).toHaveLength(2)
    reads[1]?.resolve(rowOf(2))
    expect(await after).toBe(2)
    // The older answer comes last, and must not replace the newer one.
    reads[0]?.resolve(rowOf(1))
    expect(await before).toBe(1)
    expect(await load()).toBe(2)
    expect(reads).toHaveLength(2)
  })

  it.each(['read', 'compile'])('is not brought back by a %s that had begun before, with any store', async stage => {
    const pending = createQuestions<KeyRow, CompiledKey>()
    const { cache, load, rows } = createSyncCache({ maxStalenessMs: 1000, compile: pending.ask })
    const asynchronous = createQuestions<string, KeyRow | undefined>()
    const over =
      stage === 'read' ? createAsyncCache({ maxStalenessMs: 1000, store: { get: asynchronous.ask } }) : undefined
    const before = (over?.load ?? load)()
    rows.set('key', rowOf(2))
    ;(over?.cache ?? cache).drop('key')
    pending.pending[0]?.resolve(compiled(rowOf(1)))
    asynchronous.pending[0]?.resolve(rowOf(1))
    expect(await before).toBe(1)
    const after = (over?.load ?? load)()
    pending.pending[1]?.resolve(compiled(rowOf(2)))
    asynchronous.pending[1]?.resolve(rowOf(2))
    expect(await after).toBe(2)
  })

  it('is one of all where messages were missed: none is used unread, and none is compiled anew for it', async () => {
    const { cache, load, get, compile, rows } = createSyncCache({ maxStalenessMs: 1000 })
    rows.set('other', rowOf(1, { keyId: 'other' }))
    await Promise.all([load(), load('other')])
    cache.drop(undefined)
    rows.set('key', rowOf(2))
    expect(await Promise.all([load(), load('other')])).toEqual([2, 1])
    expect(get).toHaveBeenCalledTimes(4)
    expect(compile).toHaveBeenCalledTimes(3)
    await Promise.all([load(), load('other')])
    expect(get).toHaveBeenCalledTimes(4)
  })

  it('is not brought back by a read under way when messages were missed', async () => {
    const { cache, load, reads } = createAsyncCache({ maxStalenessMs: 1000 })
    const before = load()
    cache.drop(undefined)
    reads[0]?.resolve(rowOf(1))
    expect(await before).toBe(1)
    const after = load()
    reads[1]?.resolve(rowOf(2))
    expect(await after).toBe(2)
  })

  it('lets those who waited for the read after it share one that began later', async () => {
    const { cache, load, reads } = createAsyncCache()
    const first = load()
    const waiting = load()
    cache.drop('key')
    const newcomer = load()
    expect(reads).toHaveLength(2)
    reads[0]?.resolve(rowOf(1))
    expect(await first).toBe(1)
    reads[1]?.resolve(rowOf(2))
    expect(await Promise.all([waiting, newcomer])).toEqual([2, 2])
    expect(reads).toHaveLength(2)
  })
})

describe('A closed key cache', () => {
  it('answers still, and asks the store each time', async () => {
    const { cache, load, get } = createSyncCache({ maxStalenessMs: 1000 })
    await load()
    await load()
    expect(get).toHaveBeenCalledTimes(1)
    cache.close()
    expect(await load()).toBe(1)
    expect(await load()).toBe(1)
    expect(get).toHaveBeenCalledTimes(3)
  })
})

describe('A store that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ])('and %s is an outage, with its failure as the cause', async (_, get) => {
    const { load } = createSyncCache({ store: { get } })
    await expect(load()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', cause: { message: 'boom' } })
  })

  it.each([
    [
      'throws',
      (error: unknown) => {
        throw error
      },
    ],
    ['rejects', (error: unknown) => Promise.reject(error)],
  ])('on one row (it %s) harms that key alone', async (_, fail) => {
    const corrupt = new StoreError('ERR_STORE_CORRUPT', 'no', { field: 'version' })
    const { load, cache } = createSyncCache({ store: { get: () => fail(corrupt) } })
    expect(await load()).toBe('ERR_KEY_CORRUPT')
    expect(await cache.load('key')).toMatchObject({ field: 'version', cause: corrupt })
  })

  it('and a sealer that fails are told apart: a key that does not open, and an outage', async () => {
    const error = new SealError('ERR_SEAL_REFUSED', 'no')
    const { load } = createSyncCache({ compile: () => Promise.reject(error) })
    expect(await load()).toBe('ERR_SEAL_REFUSED')
    const corrupt = createSyncCache({ compile: () => Promise.reject(new KeyError('ERR_KEY_CORRUPT', 'no')) })
    expect(await corrupt.load()).toBe('ERR_KEY_CORRUPT')
    const away = createSyncCache({ compile: () => Promise.reject(new Error('timeout')) })
    await expect(away.load()).rejects.toThrow('timeout')
  })
})

describe('A store that never answers', () => {
  afterEach(() => void vi.useRealTimers())

  it('is an outage when its time is up, to everybody from when they asked', async () => {
    vi.useFakeTimers()
    const { load, reads } = createAsyncCache()
    const first = load().catch(error => error)
    await vi.advanceTimersByTimeAsync(1500)
    const second = load().catch(error => error)
    await vi.advanceTimersByTimeAsync(499)
    expect(await Promise.race([first, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(10)
    expect(await first).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'the key store did not answer in time',
    })
    expect(reads).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1500)
    expect(await second).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(2000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['with a row', ({ resolve }: Pending<KeyRow | undefined>) => resolve(rowOf(1))],
    ['with a failure', ({ reject }: Pending<KeyRow | undefined>) => reject(new Error('late'))],
  ])('and then does, %s, is not listened to any more', async (_, answer) => {
    vi.useFakeTimers()
    const { load, reads, compile } = createAsyncCache({ maxStalenessMs: 60_000 })
    const first = load().catch(error => error.code)
    await vi.advanceTimersByTimeAsync(2001)
    expect(await first).toBe('ERR_STORE_UNAVAILABLE')
    answer(reads[0] as Pending<KeyRow | undefined>)
    await vi.advanceTimersByTimeAsync(1)
    expect(compile).not.toHaveBeenCalled()
    const next = load()
    expect(reads).toHaveLength(2)
    reads[1]?.resolve(rowOf(2))
    expect(await next).toBe(2)
  })

  it('needs no timer while another store answers at once', async () => {
    const { load, cache } = createSyncCache()
    await load()
    vi.useFakeTimers()
    cache.load('key')
    cache.load('none')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is like a sealer that never does', async () => {
    vi.useFakeTimers()
    const pending = createQuestions<KeyRow, CompiledKey>()
    const { load, get } = createSyncCache({ maxStalenessMs: 60_000, compile: pending.ask })
    const first = load().catch(error => error.message)
    await vi.advanceTimersByTimeAsync(2001)
    expect(await first).toBe('the sealer did not answer in time')
    pending.pending[0]?.resolve(compiled(rowOf(1)))
    await vi.advanceTimersByTimeAsync(1)
    void load()
    expect(get).toHaveBeenCalledTimes(2)
  })
})

type Step =
  | { readonly do: 'load' | 'change' | 'drop' | 'missed' }
  | { readonly do: 'answer'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.constant<Step>({ do: 'load' }), weight: 5 },
  { arbitrary: fc.constantFrom<Step>({ do: 'change' }, { do: 'drop' }, { do: 'missed' }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(5) }), weight: 5 },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: -50, max: 150 }) }), weight: 1 },
)

/**
 * A store whose reads see the version of some moment between question and answer, here the worst one: that of the
 * question. Whatever the order of questions, answers, changes and messages, no load may see a version that was replaced
 * before it began; with staleness, replaced so long ago, and with nobody told.
 */
describe.each([0, 100])('Under any interleaving with %s ms of staleness', maxStalenessMs => {
  it('no load has an answer older than it may be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const clock = createFakeClock(START)
        let elapsed = 0
        let version = 1
        const replaced: number[] = []
        let oldest = 1
        const pending: (() => void)[] = []
        const get = (): Promise<KeyRow> => {
          const row = rowOf(version)
          return new Promise(resolve => pending.push(() => resolve(row)))
        }
        const { cache } = createAsyncCache({ clock, maxStalenessMs, store: { get } })
        const checks: Promise<void>[] = []
        /** The oldest version that may still be used by who asks now. */
        const floor = () => {
          const stale = replaced.findLastIndex(at => elapsed - at >= maxStalenessMs)
          return Math.max(oldest, stale + 2)
        }
        for (const each of steps) {
          if (each.do === 'load') {
            const least = floor()
            const newest = () => version
            const check = async () => {
              const seen = versionOf(await cache.load('key')) as number
              expect(seen).toBeGreaterThanOrEqual(least)
              expect(seen).toBeLessThanOrEqual(newest())
            }
            checks.push(check())
          } else if (each.do === 'change') {
            replaced.push(elapsed)
            version++
          } else if (each.do === 'answer') {
            pending.splice(each.which % Math.max(pending.length, 1), 1)[0]?.()
            await settle()
          } else if (each.do === 'wait') {
            clock.advance(each.ms)
            elapsed += Math.max(each.ms, 0)
          } else {
            cache.drop(each.do === 'drop' ? 'key' : undefined)
            oldest = version
          }
        }
        while (pending.length > 0) {
          pending.shift()?.()
          await settle()
        }
        await Promise.all(checks)
      }),
      { numRuns: 60 },
    )
  })
})

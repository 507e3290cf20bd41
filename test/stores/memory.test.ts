import { describe, expect, it } from 'vitest'
import type { KeyRow } from '../../src/store.js'
import {
  createMemoryAuditSink,
  createMemoryInvalidation,
  createMemoryKeyStore,
  createMemoryReplayStore,
  createMemoryStore,
  createMemoryUsageStore,
} from '../../src/stores/memory.js'
import {
  auditSinkSuite,
  createFakeClock,
  invalidationSuite,
  keyStoreSuite,
  replayStoreSuite,
  usageStoreSuite,
} from '../../src/testing/index.js'
import { runSuite } from './run-suite.js'

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

describe('The memory key store', () => {
  runSuite(keyStoreSuite, createMemoryKeyStore)

  it('answers with the very same row each time, so that a cache can go by identity', () => {
    const store = createMemoryKeyStore()
    store.insert(ROW, 1)
    expect(store.get('key')).toBe(store.get('key'))
    expect(store.list({ owner: 'owner', limit: 1 })).toEqual([store.get('key')])
  })

  it('answers with another row once it was replaced', () => {
    const store = createMemoryKeyStore()
    store.insert(ROW, 1)
    const before = store.get('key')
    store.replace({ ...ROW, version: 2 }, 1)
    expect(store.get('key')).not.toBe(before)
  })

  it('gives out frozen rows, without what else the caller put on them', () => {
    const store = createMemoryKeyStore()
    store.insert(Object.assign(Object.create({ inherited: true }), ROW, { secret: 'x' }), 1)
    expect(Object.isFrozen(store.get('key'))).toBe(true)
    expect(Object.keys(store.get('key') ?? {})).toEqual(Object.keys(ROW))
    expect(store.get('key')).not.toHaveProperty('inherited')
  })

  it('moves a key whose owner changed from one list, and one limit, to the other', () => {
    const store = createMemoryKeyStore()
    store.insert(ROW, 1)
    store.replace({ ...ROW, owner: 'heir', version: 2 }, 1)
    expect(store.list({ owner: 'owner', limit: 10 })).toEqual([])
    expect(store.list({ owner: 'heir', limit: 10 })).toHaveLength(1)
    expect(store.insert({ ...ROW, keyId: 'second' }, 1)).toBe('inserted')
    expect(store.insert({ ...ROW, keyId: 'third', owner: 'heir' }, 1)).toBe('limit')
  })

  it('admits nobody under a limit that is no number', () => {
    expect(createMemoryKeyStore().insert(ROW, Number.NaN)).toBe('limit')
  })

  it.each([0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY])('refuses a page of %s rows', limit => {
    const refusal = expect.objectContaining({ code: 'ERR_INPUT_INVALID', field: 'limit' })
    expect(() => createMemoryKeyStore().list({ owner: 'owner', limit })).toThrow(refusal)
    expect(() => createMemoryKeyStore().scan({ limit })).toThrow(refusal)
  })

  it('scans every key once while ids come, go and come back in any order', () => {
    const store = createMemoryKeyStore()
    const ids = Array.from({ length: 500 }, (_, i) => `key-${(i * 7919) % 500}`)
    const here = new Set<string>()
    for (const [step, keyId] of [...ids, ...ids.toReversed(), ...ids].entries()) {
      if (here.delete(keyId)) store.remove(keyId, 1)
      else if (store.insert({ ...ROW, keyId }, Number.MAX_SAFE_INTEGER) === 'inserted') here.add(keyId)
      if (step % 97 > 0) continue
      expect(store.scan({ limit: 1000 })).toEqual([...here].sort().map(id => store.get(id)))
    }
    expect(here.size).toBe(500)
  })
})

describe('The memory replay store', () => {
  runSuite(replayStoreSuite, clock => createMemoryReplayStore({ clock }))

  it('keeps 50,000 claims of many keys apart while it grows, and while it shrinks', () => {
    const clock = createFakeClock(START)
    const store = createMemoryReplayStore({ clock })
    const claimAll = (from: number, to: number) => {
      let accepted = 0
      for (let i = from; i < to; i++) {
        const expiresAt = START + (i < 45_000 ? MINUTE : 2 * MINUTE)
        if (store.claim(`key-${i % 97}`, `nonce-${i}`, expiresAt)) accepted++
      }
      return accepted
    }
    expect(claimAll(0, 50_000)).toBe(50_000)
    expect(claimAll(0, 50_000)).toBe(0)
    clock.advance(MINUTE)
    expect(store.claim('key', 'sweeps', START + 2 * MINUTE)).toBe(true)
    for (let i = 0; i < 10; i++) store.claim('key', `shrinks-${i}`, START + 2 * MINUTE)
    expect(claimAll(45_000, 50_000)).toBe(0)
    expect(claimAll(0, 45_000)).toBe(0)
  })

  it('forgets within 100 ms after a claim is due', () => {
    const clock = createFakeClock(START)
    const store = createMemoryReplayStore({ clock })
    for (let i = 0; i < 300; i++) store.claim('key', `nonce-${i}`, START + 1000 + i)
    clock.set(START + 1300 + 100)
    for (let i = 0; i < 300; i++) expect(store.claim('key', `nonce-${i}`, START + MINUTE)).toBe(true)
  })

  it('refuses a key that has too many live claims, and no other, until some fall due', () => {
    const clock = createFakeClock(START)
    const store = createMemoryReplayStore({ clock, maxClaimsPerKey: 3 })
    for (const nonce of ['a', 'b', 'c']) expect(store.claim('key', nonce, START + 1000)).toBe(true)
    expect(store.claim('key', 'd', START + 1000)).toBe(false)
    expect(store.claim('other', 'd', START + 1000)).toBe(true)
    expect(store.claim('key', 'a', START + 1000)).toBe(false)
    clock.advance(1100)
    for (const nonce of ['d', 'e', 'f']) expect(store.claim('key', nonce, START + MINUTE)).toBe(true)
    expect(store.claim('key', 'g', START + MINUTE)).toBe(false)
  })

  it('does not count refused claims against a key', () => {
    const store = createMemoryReplayStore({ clock: createFakeClock(START), maxClaimsPerKey: 2 })
    expect(store.claim('key', 'a', START + 1000)).toBe(true)
    for (let i = 0; i < 5; i++) expect(store.claim('key', 'a', START + 1000)).toBe(false)
    for (let i = 0; i < 5; i++) expect(store.claim('key', 'late', START)).toBe(false)
    expect(store.claim('key', 'b', START + 1000)).toBe(true)
  })

  it('recovers from a clock that jumped ahead and back as soon as what it forgot is due', () => {
    const clock = createFakeClock(START)
    const store = createMemoryReplayStore({ clock })
    store.claim('key', 'a', START + 1000)
    clock.set(START + 1000 * MINUTE)
    store.claim('key', 'b', START + 1001 * MINUTE)
    clock.set(START)
    expect(store.claim('key', 'c', START + 900)).toBe(false)
    expect(store.claim('key', 'c', START + 1101)).toBe(true)
    clock.set(START + 2000)
    expect(store.claim('key', 'c', START + MINUTE)).toBe(true)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, START + 0.5, -1, 2 ** 60])('refuses a claim until %s', expiresAt => {
    const store = createMemoryReplayStore({ clock: createFakeClock(START) })
    expect(store.claim('key', 'a', expiresAt)).toBe(false)
    expect(store.claim('key', 'a', START + 1)).toBe(true)
  })

  it('tells tokens apart that no encoding holds', () => {
    const store = createMemoryReplayStore()
    const tokens = ['\ud800', '\ud801', '\0', '', '\udc00\ud800', 'a\0', '\0a']
    for (const token of tokens) expect(store.claim('key', token, Date.now() + MINUTE)).toBe(true)
    for (const token of tokens) expect(store.claim('key', token, Date.now() + MINUTE)).toBe(false)
  })

  it.each([0, -1, 1.5, 65_537, Number.NaN])('refuses a window of %s', window => {
    const advance = () => createMemoryReplayStore().advance('key', 1n, window)
    expect(advance).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'window' }))
  })

  it('holds a window of the largest size', () => {
    const store = createMemoryReplayStore()
    let accepted = 0
    for (let i = 0n; i < 70_000n; i++) if (store.advance('key', 2n * i, 65_536)) accepted++
    expect(accepted).toBe(70_000)
    expect(store.advance('key', 2n * (70_000n - 65_536n), 65_536)).toBe(false)
    expect(store.advance('key', 2n * (70_000n - 65_536n) + 1n, 65_536)).toBe(true)
    expect(store.advance('key', 2n * (70_000n - 65_536n) + 1n, 65_536)).toBe(false)
  })

  it('refuses unknown and impossible options', () => {
    expect(() => createMemoryReplayStore({ maxClaims: 1 } as never)).toThrow(/no option 'maxClaims'/)
    for (const maxClaimsPerKey of [0, -1, 1.5, 2 ** 25, '5' as never]) {
      const create = () => createMemoryReplayStore({ maxClaimsPerKey })
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field: 'maxClaimsPerKey' }))
    }
  })
})

describe('The memory usage store', () => {
  runSuite(usageStoreSuite, createMemoryUsageStore)
})

describe('The memory audit sink', () => {
  runSuite(auditSinkSuite, () => {
    const sink = createMemoryAuditSink()
    return { sink, read: sink.entries }
  })

  it('keeps the latest entries and drops the oldest', () => {
    const sink = createMemoryAuditSink({ maxEntries: 3 })
    for (let at = 0; at < 20; at++) {
      sink.append({ at, event: 'e', owner: null, keyId: null, detail: '{}' })
      expect(sink.entries().map(entry => entry.at)).toEqual([at - 2, at - 1, at].filter(each => each >= 0))
    }
  })
})

describe('The memory channel', () => {
  runSuite(invalidationSuite, () => {
    const channel = createMemoryInvalidation()
    return [channel, channel]
  })

  it('has told everybody when it returns, and never that something was missed', () => {
    const channel = createMemoryInvalidation()
    const heard: unknown[] = []
    channel.subscribe(keyId => void heard.push(keyId))
    channel.publish('key')
    expect(heard).toEqual(['key'])
  })

  it('knows nothing of another one', () => {
    const heard: unknown[] = []
    createMemoryInvalidation().subscribe(keyId => void heard.push(keyId))
    createMemoryInvalidation().publish('key')
    expect(heard).toEqual([])
  })
})

describe('createMemoryStore', () => {
  it('gives stores that share nothing with those of another call', () => {
    const [one, other] = [createMemoryStore(), createMemoryStore({ clock: createFakeClock(START) })]
    expect(one.keys.insert(ROW, 1)).toBe('inserted')
    expect(other.keys.get('key')).toBeUndefined()
    expect(other.replay.claim('key', 'nonce', START + 1)).toBe(true)
    expect(Object.keys(one)).toEqual(['keys', 'replay', 'usage', 'audit', 'invalidation'])
  })
})

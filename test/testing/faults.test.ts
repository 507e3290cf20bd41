import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createFaults, type PlannedFault } from '../../src/testing/index.js'

const OUTAGE = { code: 'ERR_STORE_UNAVAILABLE' }
const SOON = Date.now() + 60_000

/** A store that answers with a promise. */
function answeringLater() {
  const { replay } = createMemoryStore()
  return { claim: async (...args: Parameters<typeof replay.claim>) => replay.claim(...args) }
}

describe('Faults', () => {
  it('leave stores as they are until one is planned, and count calls over all of them', () => {
    const faults = createFaults()
    const { replay, usage } = createMemoryStore()
    const wrapped = { replay: faults.wrap(replay), usage: faults.wrap(usage) }
    expect(wrapped.replay.claim('key', 'nonce', SOON)).toBe(true)
    expect(wrapped.replay.claim('key', 'nonce', SOON)).toBe(false)
    expect(wrapped.usage.get('key')).toBeUndefined()
    expect(faults.calls()).toBe(3)
  })

  it('fail one call before its effect', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryStore().replay)
    faults.fail(2, 'before')
    expect(replay.claim('key', 'a', SOON)).toBe(true)
    expect(() => replay.claim('key', 'b', SOON)).toThrow(expect.objectContaining(OUTAGE))
    expect(replay.claim('key', 'b', SOON)).toBe(true)
  })

  it('fail one call after its effect, at once where the store answers at once', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryStore().replay)
    faults.fail(1, 'after')
    expect(() => replay.claim('key', 'a', SOON)).toThrow(expect.objectContaining(OUTAGE))
    expect(replay.claim('key', 'a', SOON)).toBe(false)

    const later = faults.wrap(answeringLater())
    faults.fail(faults.calls() + 1, 'after')
    await expect(later.claim('key', 'a', SOON)).rejects.toMatchObject(OUTAGE)
    expect(await later.claim('key', 'a', SOON)).toBe(false)
  })

  it('meet the calls of one method, and as many in a row as planned', () => {
    const faults = createFaults()
    const { replay, usage } = createMemoryStore()
    const wrapped = { replay: faults.wrap(replay), usage: faults.wrap(usage) }
    faults.plan({ kind: 'fail', when: 'before', operation: 'claim', call: 2, count: 2 })
    const outcomes = ['a', 'b', 'c', 'd'].map(token => {
      wrapped.usage.get('key')
      try {
        return wrapped.replay.claim('key', token, SOON)
      } catch {
        return 'failed'
      }
    })
    expect(outcomes).toEqual([true, 'failed', 'failed', true])
    expect([faults.calls('claim'), faults.calls('get'), faults.calls('advance'), faults.calls()]).toEqual([4, 4, 0, 8])
  })

  it('meet the next call unless told otherwise, and every one until they are dropped', () => {
    const faults = createFaults()
    const usage = faults.wrap(createMemoryStore().usage)
    expect(usage.get('key')).toBeUndefined()
    faults.plan({ kind: 'fail', when: 'before' })
    expect(() => usage.get('key')).toThrow(expect.objectContaining(OUTAGE))
    expect(usage.get('key')).toBeUndefined()

    faults.plan({ kind: 'fail', when: 'before', operation: 'get', count: Number.POSITIVE_INFINITY })
    for (let i = 0; i < 5; i++) expect(() => usage.get('key')).toThrow(expect.objectContaining(OUTAGE))
    faults.clear()
    expect(usage.get('key')).toBeUndefined()
  })

  it('leave a call hanging before its effect, or after it', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryStore().replay)
    for (const [when, isFree] of [['before', true] as const, ['after', false] as const]) {
      faults.plan({ kind: 'hang', when })
      const hanging = Promise.resolve(replay.claim('key', when, SOON)).then(() => 'answered')
      expect(await Promise.race([hanging, new Promise(resolve => setTimeout(resolve, 20, 'silent'))])).toBe('silent')
      expect(replay.claim('key', when, SOON)).toBe(isFree)
    }
  })

  it('let a call come late, or its answer', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryStore().replay)
    for (const [when, isFree] of [['before', true] as const, ['after', false] as const]) {
      faults.plan({ kind: 'slow', when, delayMs: 10 })
      const late = replay.claim('key', when, SOON)
      expect(replay.claim('key', when, SOON)).toBe(isFree)
      expect(await late).toBe(!isFree)
    }
  })

  it('pass a late failure on', async () => {
    const faults = createFaults()
    const failing = faults.wrap({ read: () => Promise.reject(new Error('of its own')) })
    faults.plan({ kind: 'slow', when: 'after', delayMs: 1 })
    await expect(failing.read()).rejects.toThrow('of its own')
  })

  it.each([
    ['kind', { kind: 'explode', when: 'before' }],
    ['when', { kind: 'fail', when: 'during' }],
    ['call', { kind: 'fail', when: 'before', call: 0 }],
    ['count', { kind: 'fail', when: 'before', count: 0.5 }],
    ['delayMs', { kind: 'slow', when: 'before' }],
    ['delayMs', { kind: 'slow', when: 'before', delayMs: 60_001 }],
  ])('refuse a plan whose %s is impossible', (field, fault) => {
    const plan = () => createFaults().plan(fault as PlannedFault)
    expect(plan).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', field }))
  })

  it('refuse a plan with what they do not know', () => {
    const plan = () => createFaults().plan({ kind: 'fail', when: 'before', method: 'get' } as never)
    expect(plan).toThrow(expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', field: 'method' }))
  })

  it('pass on what is no call, and calls that need their object', () => {
    const faults = createFaults()
    class Counter {
      readonly name = 'counter'
      #count = 0
      next() {
        return ++this.#count
      }
    }
    const counter = faults.wrap(new Counter())
    expect([counter.name, counter.next(), counter.next()]).toEqual(['counter', 1, 2])
  })
})

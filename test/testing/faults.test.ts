import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/stores/memory.js'
import { createFaults } from '../../src/testing/index.js'

const OUTAGE = { code: 'ERR_STORE_UNAVAILABLE' }
const SOON = Date.now() + 60_000

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

  it('fail one call after its effect', async () => {
    const faults = createFaults()
    const replay = faults.wrap(createMemoryStore().replay)
    faults.fail(1, 'after')
    await expect(replay.claim('key', 'a', SOON)).rejects.toMatchObject(OUTAGE)
    expect(replay.claim('key', 'a', SOON)).toBe(false)
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

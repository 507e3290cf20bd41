import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KeyUsage, UsageStore } from '../../src/index.js'
import { createMemoryUsageStore } from '../../src/stores/memory.js'
import { createUsageRecorder } from '../../src/verify/usage.js'

const START = 1_767_225_600_000
const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime(START)
})
afterEach(() => void vi.useRealTimers())

/** A recorder on the clock of the test, over a store that writes down what it is told. */
function createWorld(touch?: (usage: KeyUsage, store: UsageStore) => void | PromiseLike<void>) {
  const store = createMemoryUsageStore()
  const writes: KeyUsage[] = []
  const report = vi.fn()
  const usage: UsageStore = {
    get: store.get,
    touch: use => {
      writes.push(use)
      return touch === undefined ? store.touch(use) : touch(use, store)
    },
  }
  const recorder = createUsageRecorder({
    ...{ usage, clock: () => Date.now(), intervalMs: MINUTE, timeoutMs: 2000, report },
  })
  const use = (keyId = 'key', address: string | undefined = '192.0.2.1') => recorder.count(keyId, Date.now(), address)
  return { recorder, use, store, writes, report }
}

const down = () => Promise.reject(new Error('down'))
const slowly = (usage: KeyUsage, store: UsageStore) =>
  new Promise<void>(resolve => {
    setTimeout(() => {
      store.touch(usage)
      resolve()
    }, 50)
  })

describe('A use', () => {
  it('is written within a second or so, and not while the request waits', async () => {
    const { use, store, writes } = createWorld()
    use()
    expect(writes).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(store.get('key')).toEqual({ keyId: 'key', lastUsedAt: START, lastAddress: '192.0.2.1', count: 1 })
  })

  it('goes with all others of the same minute into one write', async () => {
    const { use, store, writes } = createWorld()
    for (let second = 0; second < 10 * 60; second++) {
      for (let i = 0; i < 5; i++) use()
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(writes.length).toBeLessThanOrEqual(11)
    expect(writes.length).toBeGreaterThanOrEqual(10)
    await vi.advanceTimersByTimeAsync(2 * MINUTE)
    expect(store.get('key')).toMatchObject({ count: 3000, lastUsedAt: START + 599_000 })
  })

  it('is written at once again when the key has rested for a minute', async () => {
    const { use, store, writes } = createWorld()
    use()
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(writes).toHaveLength(1)
    use()
    await vi.advanceTimersByTimeAsync(1001)
    expect(writes).toHaveLength(2)
    expect(store.get('key')).toMatchObject({ count: 2, lastUsedAt: START + 5 * MINUTE })
  })

  it('says when and from where the latest was', async () => {
    const { recorder, store } = createWorld()
    recorder.count('key', START + 20, '192.0.2.2')
    recorder.count('key', START + 10, '192.0.2.1')
    await recorder.flush()
    expect(store.get('key')).toEqual({ keyId: 'key', lastUsedAt: START + 20, lastAddress: '192.0.2.2', count: 2 })
    recorder.count('key', START + 30, undefined)
    await recorder.flush()
    expect(store.get('key')).toEqual({ keyId: 'key', lastUsedAt: START + 30, lastAddress: null, count: 3 })
    recorder.count('key', START + 40, `192.0.2.1${' '.repeat(100)}`)
    await recorder.flush()
    expect(store.get('key')).toMatchObject({ lastUsedAt: START + 40, lastAddress: null })
    recorder.count('key', START + 50, '2001:db8::1')
    await recorder.flush()
    expect(store.get('key')).toMatchObject({ lastUsedAt: START + 50, lastAddress: '2001:db8::1' })
  })

  it('of one key leaves that of another alone', async () => {
    const { use, store } = createWorld()
    use('a')
    use('b', '192.0.2.9')
    use('a')
    await vi.advanceTimersByTimeAsync(1010)
    expect(store.get('a')).toMatchObject({ count: 2, lastAddress: '192.0.2.1' })
    expect(store.get('b')).toMatchObject({ count: 1, lastAddress: '192.0.2.9' })
  })

  it('during a write is counted once, in the write after it', async () => {
    const { use, store, recorder } = createWorld(slowly)
    use()
    await vi.advanceTimersByTimeAsync(1010)
    use()
    use()
    const flushing = recorder.flush()
    await vi.advanceTimersByTimeAsync(50)
    expect(store.get('key')).toMatchObject({ count: 1 })
    await vi.advanceTimersByTimeAsync(100)
    await flushing
    expect(store.get('key')).toMatchObject({ count: 3 })
  })

  it('is counted once when its second comes while it is being flushed', async () => {
    const { use, store, recorder, writes } = createWorld(slowly)
    use()
    await vi.advanceTimersByTimeAsync(980)
    const flushing = recorder.flush()
    await vi.advanceTimersByTimeAsync(100)
    await flushing
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(writes).toHaveLength(1)
    expect(store.get('key')).toMatchObject({ count: 1 })
  })

  it('waits for no other key, whichever was written first', async () => {
    const { use, store } = createWorld()
    use('first')
    await vi.advanceTimersByTimeAsync(30_000)
    use('second')
    await vi.advanceTimersByTimeAsync(10_000)
    use('first')
    await vi.advanceTimersByTimeAsync(40_000)
    expect(store.get('first')).toMatchObject({ count: 2 })
    use('second')
    await vi.advanceTimersByTimeAsync(14_000)
    expect(store.get('second')).toMatchObject({ count: 2 })
  })

  it('is still written when the clock was set back', async () => {
    const { use, store } = createWorld()
    use()
    await vi.advanceTimersByTimeAsync(1001)
    vi.setSystemTime(START - 60 * MINUTE)
    use()
    await vi.advanceTimersByTimeAsync(1001)
    expect(store.get('key')).toMatchObject({ count: 2, lastUsedAt: START })
  })
})

describe('Memory and timers', () => {
  it('are given back when nothing is used any more', async () => {
    const { use, writes } = createWorld()
    for (let i = 0; i < 100; i++) use(`key-${i}`)
    await vi.advanceTimersByTimeAsync(3 * MINUTE)
    expect(writes).toHaveLength(100)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are bounded: uses of more keys than there is room for are reported as lost', async () => {
    const { use, writes, report, recorder } = createWorld(() => new Promise(() => {}))
    for (let i = 0; i < 100_000; i++) use(`key-${i}`)
    expect(report).not.toHaveBeenCalled()
    for (let i = 0; i < 7; i++) use('one too many')
    use('key-0')
    await vi.advanceTimersByTimeAsync(4000)
    expect(report).toHaveBeenCalledWith(expect.objectContaining({ message: '7 uses of keys were not counted' }))
    expect(writes.map(({ keyId }) => keyId)).not.toContain('one too many')
    expect(writes).toContainEqual(expect.objectContaining({ keyId: 'key-0', count: 2 }))
    void recorder
  })

  it('let the requests that wait have a turn between two writes of a store that answers at once', async () => {
    const order: string[] = []
    const { use } = createWorld(({ keyId }) => void order.push(keyId))
    for (let i = 0; i < 5; i++) use(`key-${i}`)
    await vi.advanceTimersByTimeAsync(999)
    const serve = (): void => {
      order.push('request')
      if (order.length < 20) setTimeout(serve, 0)
    }
    setTimeout(serve, 1)
    await vi.advanceTimersByTimeAsync(20)
    const writes = order.flatMap((what, i) => (what === 'request' ? [] : i))
    expect(writes).toHaveLength(5)
    for (let i = 1; i < writes.length; i++) expect((writes[i] ?? 0) - (writes[i - 1] ?? 0)).toBeGreaterThan(1)
  })

  it('never have more than 16 writes on their way', async () => {
    let [now, most] = [0, 0]
    const { use, writes } = createWorld(async () => {
      most = Math.max(most, ++now)
      await new Promise(resolve => setTimeout(resolve, 5))
      now--
    })
    for (let i = 0; i < 200; i++) use(`key-${i}`)
    await vi.advanceTimersByTimeAsync(2000)
    expect(writes).toHaveLength(200)
    expect(most).toBe(16)
  })
})

describe('A usage store that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', down],
    ['never answers', () => new Promise<void>(() => {})],
  ])('(it %s) loses nothing that is counted, and is reported', async (_, fail) => {
    let isDown = true
    const { use, store, report } = createWorld((usage, good) => (isDown ? fail() : good.touch(usage)))
    use('a')
    use('b')
    await vi.advanceTimersByTimeAsync(4000)
    expect(report).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
    use('a')
    isDown = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(store.get('a')).toMatchObject({ count: 2 })
    expect(store.get('b')).toMatchObject({ count: 1 })
  })

  it('is tried again now and then, not for each use, and each failure is reported once', async () => {
    const { use, writes, report } = createWorld(down)
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 100; i++) use(`key-${i}`)
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(report.mock.calls.length).toBeLessThanOrEqual(13)
    expect(writes.length).toBeLessThanOrEqual(13 * 16)
    expect(report).toHaveBeenLastCalledWith(
      expect.objectContaining({ message: 'the usage store failed; uses of 100 keys wait', cause: new Error('down') }),
    )
  })

  it('for one key fails for that one alone', async () => {
    const { use, store } = createWorld((usage, good) => (usage.keyId === 'key-3' ? down() : good.touch(usage)))
    for (let i = 0; i < 40; i++) use(`key-${i}`)
    await vi.advanceTimersByTimeAsync(3000)
    for (let i = 0; i < 40; i++)
      expect(store.get(`key-${i}`)).toEqual(i === 3 ? undefined : expect.objectContaining({ count: 1 }))
  })
})

describe('A flush', () => {
  it('writes what was counted, without waiting for the minute', async () => {
    const { use, store, recorder } = createWorld()
    use()
    await vi.advanceTimersByTimeAsync(1001)
    for (let i = 0; i < 9; i++) use()
    await recorder.flush()
    expect(store.get('key')).toMatchObject({ count: 10 })
  })

  it('waits for every key', async () => {
    const { use, store, recorder } = createWorld(slowly)
    for (let i = 0; i < 100; i++) use(`key-${i}`)
    const flushing = recorder.flush().then(() => 'flushed')
    await vi.advanceTimersByTimeAsync(60)
    expect(await Promise.race([flushing, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await flushing).toBe('flushed')
    for (let i = 0; i < 100; i++) expect(store.get(`key-${i}`)).toMatchObject({ count: 1 })
  })

  it('with nothing to write does nothing', async () => {
    const { recorder, writes } = createWorld()
    await recorder.flush()
    expect(writes).toEqual([])
  })

  it('ends where the store fails, keeps what was counted, and writes it the next time', async () => {
    let isDown = true
    const { use, store, report, recorder } = createWorld((usage, good) => (isDown ? down() : good.touch(usage)))
    use()
    await recorder.flush()
    expect(report).toHaveBeenCalledTimes(1)
    isDown = false
    await recorder.flush()
    expect(store.get('key')).toMatchObject({ count: 1 })
  })
})

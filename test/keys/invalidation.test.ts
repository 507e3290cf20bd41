import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, type InvalidationChannel } from '../../src/index.js'
import { createAnnouncer, listenTo, reporter } from '../../src/keys/invalidation.js'
import { createMemoryInvalidation } from '../../src/stores/memory.js'

const TIMEOUT = 1000

/** A channel that sends when it is told to, and delivers nothing by itself. */
function createNetwork(changes: Partial<InvalidationChannel> = {}) {
  const listeners = new Set<(keyId: string | undefined) => void>()
  const stopped = vi.fn()
  const channel: InvalidationChannel = {
    publish: () => Promise.resolve(),
    subscribe: async listener => {
      listeners.add(listener)
      return async () => {
        listeners.delete(listener)
        stopped()
      }
    },
    ...changes,
  }
  const deliver = (keyId: string | undefined) => {
    for (const listener of listeners) listener(keyId)
  }
  return { channel, deliver, stopped, listeners }
}

const settle = () => new Promise(resolve => setTimeout(resolve, 0))

function listening(channel: InvalidationChannel) {
  const heard: (string | undefined)[] = []
  const report = vi.fn()
  const handle = listenTo(channel, { listener: keyId => void heard.push(keyId), timeoutMs: TIMEOUT, report })
  return { ...handle, heard, report }
}

afterEach(() => void vi.useRealTimers())

describe('A manager and a verifier of one process', () => {
  it('meet over the channel they share, before any network does', () => {
    const { channel } = createNetwork({ publish: () => new Promise(() => {}), subscribe: () => new Promise(() => {}) })
    const { heard } = listening(channel)
    createAnnouncer(channel, { timeoutMs: TIMEOUT, report: vi.fn() }).changed('key')
    expect(heard).toEqual(['key'])
  })

  it('do not meet over another channel', () => {
    const { heard } = listening(createNetwork().channel)
    createAnnouncer(createNetwork().channel, { timeoutMs: TIMEOUT, report: vi.fn() }).changed('key')
    expect(heard).toEqual([])
  })

  it('meet no more once the verifier has ended', async () => {
    const { channel } = createNetwork()
    const { heard, end } = listening(channel)
    await settle()
    await end()
    createAnnouncer(channel, { timeoutMs: TIMEOUT, report: vi.fn() }).changed('key')
    expect(heard).toEqual([undefined])
  })
})

describe('An announcer', () => {
  it('waits until its messages have left', async () => {
    let leave = (): void => {}
    const publish = vi.fn(
      () =>
        new Promise<void>(resolve => {
          leave = resolve
        }),
    )
    const { changed, sent } = createAnnouncer(createNetwork({ publish }).channel, {
      timeoutMs: TIMEOUT,
      report: vi.fn(),
    })
    changed('key')
    expect(publish).toHaveBeenCalledWith('key')
    publish.mockImplementation(() => Promise.resolve())
    changed('another')
    const waiting = sent().then(() => 'sent')
    expect(await Promise.race([waiting, settle().then(() => 'waiting')])).toBe('waiting')
    leave()
    expect(await waiting).toBe('sent')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('reports a channel that %s, and fails nothing', async (_, publish) => {
    const report = vi.fn()
    const { changed, sent } = createAnnouncer(createNetwork({ publish }).channel, { timeoutMs: TIMEOUT, report })
    expect(() => changed('key')).not.toThrow()
    await sent()
    expect(report.mock.calls).toEqual([
      [expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause: new Error('down') })],
    ])
  })

  it('reports a channel that never answers, waits for all its messages at the same time, and not for ever', async () => {
    vi.useFakeTimers()
    const report = vi.fn()
    const publish = () => new Promise<void>(() => {})
    const { changed, sent } = createAnnouncer(createNetwork({ publish }).channel, { timeoutMs: TIMEOUT, report })
    for (let i = 0; i < 100; i++) changed(`key-${i}`)
    const waiting = sent().then(() => 'sent')
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1)
    expect(await Promise.race([waiting, 'waiting'])).toBe('sent')
    expect(report).toHaveBeenCalledTimes(100)
    await sent()
  })

  it('without a channel has nobody to tell', async () => {
    const { changed, sent } = createAnnouncer(undefined, { timeoutMs: TIMEOUT, report: vi.fn() })
    changed('key')
    expect(await sent()).toBeUndefined()
  })
})

describe('Who listens to a channel', () => {
  it('hears what other processes send, and first that it may have missed something', async () => {
    const { channel, deliver } = createNetwork()
    const { heard, ready } = listening(channel)
    await ready()
    deliver('key')
    deliver(undefined)
    expect(heard).toEqual([undefined, 'key', undefined])
  })

  it('hears at once over a channel in memory', () => {
    const channel = createMemoryInvalidation()
    const { heard } = listening(channel)
    channel.publish('key')
    expect(heard).toEqual(['key'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('tries again when the channel %s, reports it, and tells who wants to know', async (_, fail) => {
    vi.useFakeTimers()
    const good = createNetwork()
    let isDown = true
    const subscribe: InvalidationChannel['subscribe'] = listener => (isDown ? fail() : good.channel.subscribe(listener))
    const { heard, ready, report } = listening({ ...good.channel, subscribe })
    await expect(ready()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', cause: new Error('down') })
    await vi.advanceTimersByTimeAsync(5000)
    expect(report).toHaveBeenCalledTimes(2)
    isDown = false
    await vi.advanceTimersByTimeAsync(5000)
    await ready()
    good.deliver('key')
    expect(heard).toEqual([undefined, 'key'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(report).toHaveBeenCalledTimes(2)
  })

  it('does not try again where the channel was set up wrongly', async () => {
    vi.useFakeTimers()
    const wrong = new ConfigError('ERR_OPTION_MISSING', 'nobody to listen', { field: 'openListener' })
    const subscribe = vi.fn(() => Promise.reject(wrong))
    const { ready, report } = listening(createNetwork({ subscribe }).channel)
    await expect(ready()).rejects.toBe(wrong)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(subscribe).toHaveBeenCalledTimes(1)
    expect(report.mock.calls).toEqual([[wrong]])
  })

  it('hears no more once it has ended, and has told the channel', async () => {
    const { channel, deliver, stopped } = createNetwork()
    const { heard, end, ready } = listening(channel)
    await ready()
    await end()
    expect(stopped).toHaveBeenCalledTimes(1)
    deliver('key')
    expect(heard).toEqual([undefined])
    await end()
    expect(stopped).toHaveBeenCalledTimes(1)
  })

  it('ends also where the channel answers after that', async () => {
    let answer = (): void => {}
    const { channel, stopped } = createNetwork()
    const slow: InvalidationChannel = {
      ...channel,
      subscribe: async listener => {
        await new Promise<void>(resolve => {
          answer = resolve
        })
        return channel.subscribe(listener)
      },
    }
    const { end, ready } = listening(slow)
    await end()
    expect(stopped).not.toHaveBeenCalled()
    answer()
    await ready()
    expect(stopped).toHaveBeenCalledTimes(1)
  })

  it('tries no more where the attempt under way fails after the end', async () => {
    vi.useFakeTimers()
    let fail = (): void => {}
    const attempt = new Promise<never>((_, reject) => {
      fail = () => reject(new Error('down'))
    })
    const subscribe = vi.fn(() => attempt)
    const { end } = listening(createNetwork({ subscribe }).channel)
    await end()
    fail()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(subscribe).toHaveBeenCalledTimes(1)
  })

  it('tries no more once it has ended', async () => {
    vi.useFakeTimers()
    const subscribe = vi.fn(() => Promise.reject(new Error('down')))
    const { end } = listening(createNetwork({ subscribe }).channel)
    await vi.advanceTimersByTimeAsync(1)
    await end()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(subscribe).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('down'))],
    ['never answers', () => new Promise<void>(() => {})],
  ])('reports a channel that %s when it is to stop, and ends all the same', async (_, stop) => {
    vi.useFakeTimers()
    const { end, report, ready } = listening(createNetwork({ subscribe: async () => stop }).channel)
    await ready()
    const ending = end().then(() => 'ended')
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1)
    expect(await Promise.race([ending, 'waiting'])).toBe('ended')
    expect(report).toHaveBeenCalledTimes(1)
  })
})

describe('A hook for failures', () => {
  it('is told, may throw, and may be absent', () => {
    const told = vi.fn(() => {
      throw new Error('the log is full')
    })
    expect(() => reporter(told)('failure')).not.toThrow()
    expect(told).toHaveBeenCalledWith('failure')
    expect(() => reporter(undefined)('failure')).not.toThrow()
  })
})

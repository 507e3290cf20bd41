import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../src/errors.js'
import { bounded, later, within } from '../../src/keys/deadline.js'

const DEADLINE = { timeoutMs: 2000, who: 'the store' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('within', () => {
  it('hands on an answer that comes in time, and leaves no timer', async () => {
    expect(await within(Promise.resolve(7), DEADLINE)).toBe(7)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('hands on a failure that comes in time, and leaves no timer', async () => {
    const error = new Error('boom')
    await expect(within(Promise.reject(error), DEADLINE)).rejects.toBe(error)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects what does not come, and not before its time', async () => {
    const outcome = within(new Promise(() => {}), DEADLINE).catch(error => error)
    await vi.advanceTimersByTimeAsync(1999)
    expect(await Promise.race([outcome, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(2)
    const error = await outcome
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: 'the store did not answer in time' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes an answer that was there when the process came back from a stall', async () => {
    // The timer comes first, since the event loop runs what is due before it reads what has arrived.
    const outcome = within(new Promise(resolve => setTimeout(() => resolve('here'), 2000)), DEADLINE)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await outcome).toBe('here')
  })

  it.each(['resolve', 'reject'] as const)(
    'drops what comes later (%s), without a rejection that nobody handles',
    async end => {
      const unhandled = vi.fn()
      process.on('unhandledRejection', unhandled)
      let settle: () => void = () => {}
      const answer = new Promise((resolve, reject) => {
        settle = () => (end === 'resolve' ? resolve : reject)(new Error('late'))
      })
      const outcome = within(answer, DEADLINE).catch(error => error.code)
      await vi.advanceTimersByTimeAsync(2001)
      expect(await outcome).toBe('ERR_STORE_UNAVAILABLE')
      settle()
      vi.useRealTimers()
      await new Promise(resolve => setTimeout(resolve, 5))
      process.off('unhandledRejection', unhandled)
      expect(unhandled).not.toHaveBeenCalled()
    },
  )
})

describe('A bounded function', () => {
  it('answers at once where the function does, and starts no timer', () => {
    expect(bounded((a: number, b: number) => a + b, DEADLINE)(1, 2)).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('throws what the function throws', () => {
    const fail = (): number => {
      throw new TypeError('no')
    }
    expect(bounded(fail, DEADLINE)).toThrow(TypeError)
  })

  it('rejects when a promise takes too long', async () => {
    const outcome = Promise.resolve(bounded(() => new Promise(() => {}), DEADLINE)()).catch(error => error.code)
    await vi.advanceTimersByTimeAsync(2001)
    expect(await outcome).toBe('ERR_STORE_UNAVAILABLE')
  })
})

describe('Work for later', () => {
  it('is done then, and once', () => {
    const work = vi.fn()
    later(1000, work)
    vi.advanceTimersByTime(999)
    expect(work).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('is not done once it was called off', () => {
    const work = vi.fn()
    const callOff = later(1000, work)
    callOff()
    vi.advanceTimersByTime(10_000)
    expect(work).not.toHaveBeenCalled()
  })

  it('keeps no process alive', () => {
    vi.useRealTimers()
    const unref = vi.spyOn(Object.getPrototypeOf(setTimeout(() => {}, 0)), 'unref')
    later(1, () => {})
    expect(unref).toHaveBeenCalledTimes(1)
    unref.mockRestore()
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import {
  auditSinkSuite,
  invalidationSuite,
  keyStoreSuite,
  type MakeInvalidationChannels,
  type MakeOutageStores,
  outageSuite,
  replayStoreSuite,
  type SuiteCase,
  usageStoreSuite,
} from '../../src/testing/index.js'
import { HOSTILE_TEXTS, UNSTORABLE_TEXTS } from '../../src/testing/suite.js'
import { BROKEN_ADAPTERS, NAIVE_ADAPTER } from './broken-adapters.js'
import { BROKEN_CHANNELS, NAIVE_CHANNELS } from './broken-channels.js'
import {
  BROKEN_AUDIT_SINKS,
  BROKEN_KEY_STORES,
  BROKEN_REPLAY_STORES,
  BROKEN_USAGE_STORES,
  type Broken,
  NAIVE_REPLAY,
} from './broken-stores.js'

/** The titles of the cases that fail. */
async function failuresOf<Make>(suite: readonly SuiteCase<Make>[], make: Make): Promise<readonly string[]> {
  const failures: string[] = []
  for (const { name, run } of suite) {
    await run(make).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error)
      failures.push(name)
    })
  }
  return failures
}

function noticeDefects<Make>(suite: readonly SuiteCase<Make>[], broken: readonly Broken<Make>[]): void {
  it.each(broken)('notices a store that $defect', async ({ make, noticedBy, only }) => {
    const cases = suite.filter(({ name }) => only || noticedBy.includes(name))
    expect((await failuresOf(cases, make)).toSorted()).toEqual(noticedBy.toSorted())
  })

  it('has no case without a defect that it notices', () => {
    const noticed = new Set(broken.flatMap(({ noticedBy }) => noticedBy))
    expect(suite.map(({ name }) => name).filter(name => !noticed.has(name))).toEqual([])
  })

  it('has titles that are sentences, each once', () => {
    const names = suite.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[A-Z0-9].{8,}[^.]$/)
  })
}

describe('The key store suite', () => {
  noticeDefects(keyStoreSuite, BROKEN_KEY_STORES)
})

describe('The replay store suite', () => {
  noticeDefects(replayStoreSuite, BROKEN_REPLAY_STORES)

  it('passes a simple store without a defect', async () => {
    expect(await failuresOf(replayStoreSuite, NAIVE_REPLAY)).toEqual([])
  })

  it('has cases for stores that keep the time themselves, which pass on one that does', async () => {
    const still = replayStoreSuite.filter(({ movesClock }) => !movesClock)
    expect(still.length).toBeGreaterThan(15)
    expect(await failuresOf(still, () => NAIVE_REPLAY(Date.now))).toEqual([])
    expect((await failuresOf(replayStoreSuite, () => NAIVE_REPLAY(Date.now))).length).toBeGreaterThan(0)
  })
})

describe('The usage store suite', () => {
  noticeDefects(usageStoreSuite, BROKEN_USAGE_STORES)
})

describe('The audit sink suite', () => {
  noticeDefects(auditSinkSuite, BROKEN_AUDIT_SINKS)
})

describe('The invalidation suite', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  /** The same cases, which wait for messages in no time. */
  const hurried = invalidationSuite.map(({ name, run }) => ({
    name,
    run: async (make: MakeInvalidationChannels) => {
      let isOver = false
      const running = run(make).finally(() => {
        isOver = true
      })
      running.catch(() => {})
      while (!isOver) await vi.advanceTimersByTimeAsync(200)
      await running
    },
  }))

  noticeDefects(hurried, BROKEN_CHANNELS)

  it('passes simple channels without a defect', async () => {
    expect(await failuresOf(hurried, NAIVE_CHANNELS)).toEqual([])
  })
})

describe('The outage suite', () => {
  noticeDefects(outageSuite, BROKEN_ADAPTERS)

  it('passes a simple adapter without a defect, and one that offers nothing', async () => {
    expect(await failuresOf(outageSuite, NAIVE_ADAPTER)).toEqual([])
    expect(await failuresOf(outageSuite, () => ({}))).toEqual([])
  })

  it('does not go on for ever with what never stops to send commands', async () => {
    const endless: MakeOutageStores = faults => {
      const driver = faults.wrap({ query: () => {} })
      const get = () => {
        for (let i = 0; i < 100; i++) driver.query()
        return undefined
      }
      return { keys: { ...createMemoryKeyStore(), get } }
    }
    expect(await failuresOf(outageSuite, endless)).toContain('A read that fails gives no answer')
  })
})

describe('A suite case', () => {
  it('fails when the store throws, at once or later', async () => {
    const broken = () => {
      throw new Error('down')
    }
    for (const { run } of keyStoreSuite) await expect(run(broken)).rejects.toThrow('down')
    const rejecting = () => Promise.reject(new Error('down'))
    for (const { run } of keyStoreSuite) await expect(run(rejecting)).rejects.toThrow('down')
  })

  it('has hostile texts that are all different', () => {
    const texts = [...HOSTILE_TEXTS, ...UNSTORABLE_TEXTS]
    expect(new Set(texts).size).toBe(texts.length)
    expect(HOSTILE_TEXTS.every(text => text.isWellFormed() && !text.includes('\0'))).toBe(true)
    expect(UNSTORABLE_TEXTS.some(text => text.isWellFormed() && !text.includes('\0'))).toBe(false)
  })
})

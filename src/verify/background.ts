import { type Listening, listenTo, type Report, reporter } from '../keys/invalidation.js'
import type { KeyCache } from '../keys/key-cache.js'
import { createUsageRecorder, type UsageRecorder } from './usage.js'
import type { CheckedVerifierOptions } from './verifier-options.js'

/** What a verifier does beside judging. */
export interface Background {
  /** Absent where nobody counts. */
  readonly countUse: UsageRecorder['count'] | undefined
  /** @throws {StoreError} while the invalidation channel cannot be listened to */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Listens for changes of keys, and counts uses. */
export function createBackground(options: CheckedVerifierOptions, cache: KeyCache): Background {
  const report = reporter(options.onError)
  const listening = listen(options, { cache, report })
  const recorder = createRecorder(options, report)
  return {
    countUse: recorder?.count,
    ready: async () => listening?.ready(),
    async close(): Promise<void> {
      cache.close()
      await Promise.all([listening?.end(), recorder?.flush()])
    },
  }
}

function listen(
  { invalidation, storeTimeoutMs: timeoutMs }: CheckedVerifierOptions,
  { cache, report }: { readonly cache: KeyCache; readonly report: Report },
): Listening | undefined {
  return invalidation && listenTo(invalidation, { listener: cache.drop, timeoutMs, report })
}

function createRecorder(
  { usage, clock, usageIntervalMs: intervalMs, storeTimeoutMs: timeoutMs }: CheckedVerifierOptions,
  report: Report,
): UsageRecorder | undefined {
  return usage && createUsageRecorder({ usage, clock, intervalMs, timeoutMs, report })
}

import type { InvalidationChannel, KeyStore, ReplayStore, UsageStore } from '../store.js'
import { createMemoryAuditSink, type MemoryAuditOptions, type MemoryAuditSink } from './memory/audit.js'
import { createMemoryInvalidation } from './memory/invalidation.js'
import { createMemoryKeyStore } from './memory/keys.js'
import { createMemoryReplayStore, type MemoryReplayOptions } from './memory/replay.js'
import { createMemoryUsageStore } from './memory/usage.js'

export {
  createMemoryAuditSink,
  createMemoryInvalidation,
  createMemoryKeyStore,
  createMemoryReplayStore,
  createMemoryUsageStore,
  type MemoryAuditOptions,
  type MemoryAuditSink,
  type MemoryReplayOptions,
}

/** Everything the library stores, in the memory of one process. */
export interface MemoryStore {
  readonly keys: KeyStore
  readonly replay: ReplayStore
  readonly usage: UsageStore
  readonly audit: MemoryAuditSink
  readonly invalidation: InvalidationChannel
}

/**
 * All stores in memory, which a restart empties: keys are gone, and a request accepted before it may pass again
 * while its window lasts. For one process, for tests, and for the replay guard beside keys that are stored elsewhere.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function createMemoryStore(options: MemoryReplayOptions = {}): MemoryStore {
  return {
    keys: createMemoryKeyStore(),
    replay: createMemoryReplayStore(options),
    usage: createMemoryUsageStore(),
    audit: createMemoryAuditSink(),
    invalidation: createMemoryInvalidation(),
  }
}

import { readInteger, readOptions } from '../../options.js'
import type { AuditEntry, AuditSink } from '../../store.js'

export interface MemoryAuditOptions {
  /** Entries kept; the oldest leave. Default 10,000. */
  readonly maxEntries?: number
}

/** An audit trail to look at, for development and tests. */
export interface MemoryAuditSink extends AuditSink {
  /** What is kept, oldest first. */
  entries(): readonly AuditEntry[]
}

/**
 * Keeps the latest entries in this process.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function createMemoryAuditSink(options: MemoryAuditOptions = {}): MemoryAuditSink {
  const where = 'createMemoryAuditSink'
  const own = readOptions(where, options, { required: [], optional: ['maxEntries'] })
  const range = { min: 1, max: 1_000_000, fallback: 10_000 }
  const maxEntries = readInteger({ where, options: own }, 'maxEntries', range)
  const kept: AuditEntry[] = []
  return {
    append({ at, event, owner, keyId, detail }: AuditEntry): void {
      kept.push(Object.freeze({ at, event, owner, keyId, detail }))
      // In strides, so that a full trail does not move all its entries for each new one.
      if (kept.length >= maxEntries * 2) kept.splice(0, kept.length - maxEntries)
    },
    entries: () => kept.slice(-maxEntries),
  }
}

import { KeyError, SealError } from '../errors.js'
import type { KeyRow } from '../store.js'
import type { CompiledKey } from './compiled-key.js'
import { within } from './deadline.js'
import { createGenerations } from './generations.js'
import type { AsOf } from './staleness.js'

/** A compiled key, kept for the requests to come. */
export interface KeptKey {
  readonly key: CompiledKey
  /** What it was compiled from; an equal row means the same key. */
  readonly row: KeyRow
  /** When the store had this row last. */
  asOf: AsOf
}

/** The compiled keys of a process. */
export interface KeptKeys {
  get(keyId: string): KeptKey | undefined
  forget(keyId: string): void
  /** What a row says without compiling: nothing, that it is another key's, or the key that is kept of it. */
  settled(keyId: string, row: KeyRow | undefined, asOf: AsOf): CompiledKey | KeyError | undefined
  /**
   * Compiles a row. Kept, unless that is outdated by then.
   *
   * @throws {StoreError} when the sealer does not answer, and what else is no flaw of the key alone
   */
  compile(
    row: KeyRow,
    from: { readonly asOf: AsOf; isOutdated(): boolean },
  ): Promise<CompiledKey | KeyError | SealError>
}

export interface KeptKeysOptions {
  readonly compile: (row: KeyRow) => Promise<CompiledKey>
  /** Compiled keys kept; the least recently used ones leave. */
  readonly maxKeys: number
  /** How long the sealer may take to answer, ms. */
  readonly storeTimeoutMs: number
}

export function createKeptKeys({ compile, maxKeys, storeTimeoutMs }: KeptKeysOptions): KeptKeys {
  const kept = createGenerations<KeptKey>(maxKeys)
  return {
    get: kept.get,
    forget: kept.delete,
    settled(keyId, row, asOf) {
      if (row === undefined) {
        kept.delete(keyId)
        return undefined
      }
      if (row.keyId !== keyId) return new KeyError('ERR_KEY_CORRUPT', 'the store answered with the row of another key')
      const known = kept.get(keyId)
      if (known === undefined || !isEqualRow(known.row, row)) return undefined
      known.asOf = asOf
      return known.key
    },
    async compile(row, from) {
      try {
        const key = await within(compile(row), { timeoutMs: storeTimeoutMs, who: 'the sealer' })
        if (!from.isOutdated()) kept.set(row.keyId, { key, row, asOf: from.asOf })
        return key
      } catch (error) {
        // A key that cannot be read is its own trouble; an outage of the sealer is everybody's.
        if (error instanceof KeyError || error instanceof SealError) return error
        throw error
      }
    },
  }
}

/** A store may answer with the very same row each time. */
export function isEqualRow(known: KeyRow, row: KeyRow): boolean {
  if (known === row) return true
  return (
    known.record === row.record &&
    known.keyId === row.keyId &&
    known.version === row.version &&
    known.owner === row.owner &&
    known.state === row.state &&
    known.expiresAt === row.expiresAt
  )
}

import { StoreError } from '../errors.js'
import {
  type AuditSink,
  type Awaitable,
  isPromiseLike,
  type KeyStore,
  type ReplayStore,
  type UsageStore,
} from '../store.js'
import { bounded, within } from './deadline.js'

/** A key store whose failures are all `StoreError`s, and whose answers are all promises. */
export type GuardedStore = {
  readonly [M in keyof KeyStore]: (...args: Parameters<KeyStore[M]>) => Promise<Awaited<ReturnType<KeyStore[M]>>>
}

export interface GuardOptions {
  /** How long the store may take to answer, ms. */
  readonly timeoutMs: number
  /**
   * Told each key that was changed or removed, before the answer is handed on; and each that may have been, where the
   * store failed: once then, and again should a late answer say so.
   */
  readonly changed: (keyId: string) => void
}

export function guardStore(store: KeyStore, { timeoutMs, changed }: GuardOptions): GuardedStore {
  async function settle<T>(call: () => Awaitable<T>): Promise<Awaited<T>> {
    try {
      const answer = call()
      return await (isPromiseLike(answer) ? within(answer, { timeoutMs, who: 'the key store' }) : answer)
    } catch (cause) {
      if (cause instanceof StoreError) throw cause
      throw new StoreError('ERR_STORE_UNAVAILABLE', 'the key store failed', { cause })
    }
  }

  async function change(keyId: string, call: () => Awaitable<boolean>): Promise<boolean> {
    const told = (isDone: boolean): boolean => {
      if (isDone) changed(keyId)
      return isDone
    }
    try {
      return await settle(() => {
        const answer = call()
        return isPromiseLike(answer) ? answer.then(told) : told(answer)
      })
    } catch (error) {
      changed(keyId)
      throw error
    }
  }

  return {
    get: keyId => settle(() => store.get(keyId)),
    insert: (row, maxPerOwner) => settle(() => store.insert(row, maxPerOwner)),
    replace: (row, expectedVersion) => change(row.keyId, () => store.replace(row, expectedVersion)),
    remove: (keyId, expectedVersion) => change(keyId, () => store.remove(keyId, expectedVersion)),
    list: query => settle(() => store.list(query)),
    scan: query => settle(() => store.scan(query)),
  }
}

/** The stores beside the keys, where there are any. */
interface SideStores {
  readonly audit?: AuditSink
  readonly replay?: ReplayStore
  readonly usage?: UsageStore
}

/** The same stores, their answers due in time. */
export function boundStores({ audit, replay, usage }: SideStores, timeoutMs: number): SideStores {
  const auditDeadline = { timeoutMs, who: 'the audit sink' }
  const replayDeadline = { timeoutMs, who: 'the replay store' }
  const usageDeadline = { timeoutMs, who: 'the usage store' }
  return {
    ...(audit && { audit: { append: bounded(entry => audit.append(entry), auditDeadline) } }),
    ...(replay && {
      replay: {
        claim: bounded((keyId, token, expiresAt) => replay.claim(keyId, token, expiresAt), replayDeadline),
        advance: bounded((keyId, nonce, window) => replay.advance(keyId, nonce, window), replayDeadline),
      },
    }),
    ...(usage && {
      usage: {
        touch: bounded(use => usage.touch(use), usageDeadline),
        get: bounded(keyId => usage.get(keyId), usageDeadline),
      },
    }),
  }
}

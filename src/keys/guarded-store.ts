import { StoreError } from '../errors.js'
import type { Awaitable, KeyStore } from '../store.js'

/** A key store whose failures are all `StoreError`s, and whose answers are all promises. */
export type GuardedStore = {
  readonly [M in keyof KeyStore]: (...args: Parameters<KeyStore[M]>) => Promise<Awaited<ReturnType<KeyStore[M]>>>
}

export function guardStore(store: KeyStore): GuardedStore {
  return {
    get: keyId => settle(() => store.get(keyId)),
    insert: (row, maxPerOwner) => settle(() => store.insert(row, maxPerOwner)),
    replace: (row, expectedVersion) => settle(() => store.replace(row, expectedVersion)),
    remove: (keyId, expectedVersion) => settle(() => store.remove(keyId, expectedVersion)),
    list: query => settle(() => store.list(query)),
    scan: query => settle(() => store.scan(query)),
  }
}

async function settle<T>(call: () => Awaitable<T>): Promise<Awaited<T>> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof StoreError) throw cause
    throw new StoreError('ERR_STORE_UNAVAILABLE', 'the key store failed', { cause })
  }
}

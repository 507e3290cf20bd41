import type { InvalidationChannel } from '../../store.js'

/** Brings word of changed keys to everybody in this process who was given the same one, before `publish` returns. */
export function createMemoryInvalidation(): InvalidationChannel {
  const listeners = new Set<(keyId: string | undefined) => void>()
  return {
    publish(keyId: string): void {
      for (const listener of listeners) listener(keyId)
    },
    subscribe(listener: (keyId: string | undefined) => void): () => void {
      // A listener that subscribes twice is told twice, and ends each on its own.
      const own = (keyId: string | undefined): void => listener(keyId)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

import type { KeyUsage, UsageStore } from '../../store.js'

/** Counts uses in this process. */
export function createMemoryUsageStore(): UsageStore {
  const usages = new Map<string, KeyUsage>()
  return {
    touch({ keyId, lastUsedAt, lastAddress, count }: KeyUsage): void {
      const known = usages.get(keyId)
      const latest = known !== undefined && known.lastUsedAt > lastUsedAt ? known : { lastUsedAt, lastAddress }
      const total = (known?.count ?? 0) + count
      const usage = { keyId, lastUsedAt: latest.lastUsedAt, lastAddress: latest.lastAddress, count: total }
      usages.set(keyId, Object.freeze(usage))
    },
    get: keyId => usages.get(keyId),
  }
}

/** Bytes that a live nonce costs in the memory replay store, by what the process holds before and after. */

import { createMemoryReplayStore } from './library.mjs'

const LIVE = 1_000_000

function held() {
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const store = createMemoryReplayStore({ maxClaimsPerKey: 16_000_000 })
const expiresAt = Date.now() + 600_000
const before = held()
for (let i = 0; i < LIVE; i++) store.claim(`kl_live_${i & 1023}`, `${i}`.padStart(22, 'nonceNONCE'), expiresAt)
const bytes = (held() - before) / LIVE
if (store.claim('kl_live_0', '0'.padStart(22, 'nonceNONCE'), expiresAt)) throw new Error('a nonce was forgotten')
process.stdout.write(JSON.stringify({ bytesPerNonce: bytes }))

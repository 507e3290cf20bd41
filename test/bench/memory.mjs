/** A process of its own, with nothing else in memory: bytes a live nonce takes in the memory replay store. */

import { createMemoryReplayStore } from './library.mjs'

const NONCES = 1_000_000
const KEYS = 64

const store = createMemoryReplayStore({ maxClaimsPerKey: 16_000_000 })
const expiresAt = Date.now() + 60_000
// What the code itself needs is there before the first measurement.
claimAll(0, KEYS)
const before = bytesInUse()
claimAll(KEYS, NONCES + KEYS)
const bytes = bytesInUse() - before
process.stdout.write(JSON.stringify({ nonces: NONCES, bytesPerNonce: bytes / NONCES }))
// Still alive at the end, so that nothing of it was swept before.
if (store.claim('key-0', nonceOf(0), expiresAt)) throw new Error('the store forgot a nonce')

function claimAll(from, to) {
  for (let i = from; i < to; i++) store.claim(`key-${i % KEYS}`, nonceOf(i), expiresAt)
}

function nonceOf(i) {
  return String(i).padStart(22, 'nonceNONCE')
}

function bytesInUse() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

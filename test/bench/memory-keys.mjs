/** A process of its own, with nothing else in memory: bytes a compiled key takes in a verifier that has it cached. */

import { createMemoryKeyStore, createVerifier, noReplayGuard } from './library.mjs'
import { createManager, issueKeys, READ, received, shared, signerOf, unsigned } from './world.mjs'

const KEYS = 20_000
const WARM_UP = 500

const keys = createMemoryKeyStore()
const issued = await issueKeys(createManager(keys), KEYS)
const requests = []
for (const credentials of issued) requests.push(received(await signerOf(credentials).sign(unsigned)))

// Rows as a database gives them: new texts each time, so that the cache owns what it keeps.
const get = keyId => {
  const { record, ...row } = keys.get(keyId)
  return Promise.resolve({ ...row, keyId: flat(row.keyId), owner: flat(row.owner), record: flat(record) })
}
const verifier = createVerifier({
  ...{ ...shared, keys: { get }, replay: noReplayGuard, maxKeys: KEYS * 4, maxStalenessMs: 3_600_000 },
})
await judgeAll(0, WARM_UP)
const before = bytesInUse()
await judgeAll(WARM_UP, KEYS)
const bytes = bytesInUse() - before
const [{ record }] = [keys.get(issued[0].keyId)]
process.stdout.write(
  JSON.stringify({
    keys: KEYS - WARM_UP,
    bytesPerKey: bytes / (KEYS - WARM_UP),
    recordBytes: Buffer.byteLength(record),
  }),
)
// Still alive at the end, so that nothing of it was swept before.
await judgeAll(KEYS - 1, KEYS)

async function judgeAll(from, to) {
  for (let i = from; i < to; i++) {
    const verdict = await verifier.verify(requests[i], READ)
    if (!verdict.ok) throw new Error(`memory: ${verdict.denial}`)
  }
}

function flat(text) {
  return Buffer.from(text).latin1Slice()
}

function bytesInUse() {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

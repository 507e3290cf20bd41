/**
 * One server, in a process of its own: `throughput-server.mjs <framework> bare|protected <largest body>`. Tells its
 * parent where it listens and with which keys, and what it has used whenever it is asked.
 */

import { createMemoryKeyStore, createMemoryReplayStore, createVerifier, defineRoutes } from './library.mjs'
import { APPS, ROUTES } from './throughput-apps.mjs'
import { createManager, shared } from './world.mjs'

const KEYS = 64
const WATCH_MS = 10
/** A whole sweep takes longer, so that not every one is. */
const MINOR_SWEEPS = 8
const [name = '', how = '', largest = ''] = process.argv.slice(2)
const maxBodyBytes = Number(largest)

const keys = createMemoryKeyStore()
const manager = createManager(keys)
const issued = []
for (let i = 0; i < KEYS; i++) {
  const ipAllowlist = ['198.51.100.0/24', '192.0.2.1', '203.0.113.64/27', '127.0.0.1', '2001:db8::/48']
  const fields = { owner: `owner-${i}`, label: 'bot', permissions: ['read'], accounts: null, ipAllowlist }
  const { key, credentials } = await manager.create(fields)
  issued.push({ keyId: key.keyId, secret: credentials.secret.reveal() })
}

const replay = createMemoryReplayStore({ maxClaimsPerKey: 1_000_000 })
const options = {
  verifier: createVerifier({ ...shared, keys, replay, maxBodyBytes }),
  routes: defineRoutes(shared.permissions, ROUTES),
  onError: console.error,
  maxBodyBytes,
}
const port = await APPS[name](how === 'protected' ? options : undefined)

let [heldBytes, sweeps] = [0, 0]
const noteHeld = () => {
  sweeps++
  globalThis.gc({ type: sweeps % MINOR_SWEEPS === 0 ? 'major' : 'minor' })
  const { heapUsed, external } = process.memoryUsage()
  heldBytes = Math.max(heldBytes, heapUsed + external)
}

const ANSWERS = {
  cpu: () => process.cpuUsage(),
  peak: () => process.resourceUsage().maxRSS * 1024,
  held: () => heldBytes,
  watch() {
    setInterval(noteHeld, WATCH_MS)
  },
  async idle() {
    for (let i = 0; i < 4; i++) {
      globalThis.gc()
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, held: heapUsed + external }
  },
}
process.on('message', async question => process.send({ answer: await ANSWERS[question]() }))
process.on('disconnect', () => process.exit(0))
process.send({ port, issued })

/**
 * A process of its own: `scale.mjs <sqlite|postgres>` fills one database with 1,000 keys and another with 1,000,000,
 * and compares what a verification costs over each. Prints its measurements as JSON, or why there are none.
 */

import { openPostgresDatabase, openSqliteDatabase } from './databases.mjs'
import { createMemoryReplayStore, createVerifier } from './library.mjs'
import { compare, median } from './rounds.mjs'
import { createManager, createRequests, issueKeys, READ, shared } from './world.mjs'

const SIZES = [1000, 1_000_000]
/** Keys that requests are made with; all others are there to be in the way. */
const ACTIVE = 500
const [name = '', rounds = '40'] = process.argv.slice(2)
const OPEN = { sqlite: openSqliteDatabase, postgres: openPostgresDatabase }

const opened = await OPEN[name]()
if ('skipped' in opened) process.stdout.write(JSON.stringify(opened))
else process.stdout.write(JSON.stringify(await measure(opened).finally(opened.close)))

async function measure({ openStore, fill }) {
  const worlds = []
  for (const size of SIZES) {
    const store = await openStore(`keys_${size}`)
    const issued = await issueKeys(createManager(store), ACTIVE)
    const { record } = await store.get(issued[0].keyId)
    await fill(`keys_${size}`, { record, count: size - ACTIVE })
    worlds.push({ size, store, issued, requests: createRequests(issued) })
  }
  const cold = []
  // Once for nothing, so that neither pays for code that is not compiled yet.
  for (const world of worlds) await coldLoads(world)
  for (const world of worlds) cold.push({ keys: world.size, ...(await coldLoads(world)) })
  const compared = name === 'sqlite' ? 200 : 100
  const warm = await tasksOf('cached', worlds, { maxStalenessMs: 3_600_000, batch: compared })
  const checked = await tasksOf('row read each time', worlds, { maxStalenessMs: 0, batch: compared })
  const times = { rounds: Number(rounds), warmups: 5 }
  return { cold, warm: await compare(warm, times), checked: await compare(checked, times) }
}

/** What the first request of each key takes, ns: read the row, check it, open the seal, prepare everything. */
async function coldLoads({ store, issued, requests }) {
  const made = await requests(issued.length)
  const verifier = createVerifier({ ...shared, keys: store, replay: createMemoryReplayStore() })
  const took = []
  for (const request of made) {
    const start = process.hrtime.bigint()
    const verdict = await verifier.verify(request, READ)
    took.push(Number(process.hrtime.bigint() - start))
    if (!verdict.ok) throw new Error(`scale: ${verdict.denial}`)
  }
  return { p50Ns: median(took), p99Ns: took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] }
}

async function tasksOf(how, worlds, { maxStalenessMs, batch }) {
  const tasks = []
  for (const { size, store, issued, requests } of worlds) {
    const replay = createMemoryReplayStore({ maxClaimsPerKey: 16_000_000 })
    const verifier = createVerifier({ ...shared, keys: store, replay, maxStalenessMs })
    const run = async made => {
      for (const request of made) if (!(await verifier.verify(request, READ)).ok) throw new Error('scale: refused')
    }
    await run(await requests(issued.length))
    tasks.push({ name: `${how}, ${size.toLocaleString('en')} keys`, batch, prepare: requests, run })
  }
  return tasks
}

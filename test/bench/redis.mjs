/**
 * A process of its own: verifications that claim their nonce in Redis, beside nothing but `SET NX PX` for each, over
 * the same connection, as many at a time. Prints measurements for each driver as JSON, or why there are none.
 */

import { randomBytes } from 'node:crypto'
import { createMemoryKeyStore, createRedisStore, createVerifier } from './library.mjs'
import { compare } from './rounds.mjs'
import { createManager, createRequests, issueKeys, READ, shared } from './world.mjs'

const KEYS = 64
/** Requests a round, and how many of them are on their way at a time. */
const BATCH = 4096
const PARALLEL = 256
const rounds = Number(process.argv[2] ?? 30)
const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'

const DRIVERS = { redis: openNodeRedis, ioredis: openIoredis }

const results = {}
for (const [name, open] of Object.entries(DRIVERS)) {
  const opened = await open().catch(error => ({ skipped: `no Redis at ${url} (${error.code ?? error.message})` }))
  results[name] = 'skipped' in opened ? opened : await measure(opened)
}
process.stdout.write(JSON.stringify(results))

async function measure({ client, set, remove, close }) {
  const prefix = `klbench:${randomBytes(6).toString('hex')}:`
  const keys = createMemoryKeyStore()
  const issued = await issueKeys(createManager(keys), KEYS)
  const requests = createRequests(issued)
  const { replay } = await createRedisStore(client, { prefix })
  const verifier = createVerifier({ ...shared, keys, replay })
  try {
    return await compare([bareTask(set, prefix), verifyTask(verifier, requests)], { rounds, warmups: 5 })
  } finally {
    await remove(prefix)
    await close()
  }
}

/** What every replay guard in Redis needs at least, as the driver sends it when many ask at once. */
function bareTask(set, prefix) {
  const prepare = count => Array.from({ length: count }, () => `${prefix}{bare}:${randomBytes(16).toString('hex')}`)
  const run = names =>
    inParallel(names, async name => {
      if ((await set(name)) !== 'OK') throw new Error('redis: refused')
    })
  return { name: 'SET NX PX', batch: BATCH, prepare, run }
}

function verifyTask(verifier, requests) {
  const run = made =>
    inParallel(made, async request => {
      const verdict = await verifier.verify(request, READ)
      if (!verdict.ok) throw new Error(`redis: ${verdict.denial}`)
    })
  return { name: 'verify, nonces in Redis', batch: BATCH, prepare: requests, run }
}

async function inParallel(items, work) {
  let next = 0
  const lane = async () => {
    while (next < items.length) await work(items[next++])
  }
  await Promise.all(Array.from({ length: PARALLEL }, lane))
}

async function openNodeRedis() {
  const { createClient } = await import('redis')
  const client = createClient({ url, socket: { connectTimeout: 2000, reconnectStrategy: false } })
  client.on('error', () => {})
  await client.connect()
  const set = name => client.set(name, '1', { condition: 'NX', expiration: { type: 'PX', value: 6000 } })
  const remove = async prefix => {
    for await (const names of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 10_000 }))
      if (names.length > 0) await client.unlink(names)
  }
  return { client, set, remove, close: () => client.close() }
}

async function openIoredis() {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, { lazyConnect: true, connectTimeout: 2000, retryStrategy: () => null })
  client.on('error', () => {})
  await client.connect()
  const remove = async prefix => {
    for await (const names of client.scanStream({ match: `${prefix}*`, count: 10_000 }))
      if (names.length > 0) await client.unlink(names)
  }
  return { client, set: name => client.set(name, '1', 'PX', 6000, 'NX'), remove, close: () => client.quit() }
}

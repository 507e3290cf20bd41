/**
 * Requests a second of each framework with `protect` beside the same server without it, on loopback, over connections
 * that stay open. Every request is signed and sent once. Prints its measurements as JSON.
 *
 * The load comes from one process and is served by another, so this needs two cores. Where autocannon is busier than
 * the server, requests a second tell how fast autocannon is; so processor time of the server is counted as well, and
 * the ratio that counts is the worse of the two. Of throughput it is the median of the rounds, each beside its own; of
 * processor time that of the best rounds, since what else the machine does makes caches cold.
 */

import autocannon from 'autocannon'
import { median } from './rounds.mjs'
import { APPS } from './throughput-apps.mjs'
import { startServer } from './throughput-servers.mjs'
import { createSigners } from './world.mjs'

const CONNECTIONS = 20
const REQUESTS = 3000
const WARMUPS = 3
const MIB = 1024 * 1024
const [rounds = '8'] = process.argv.slice(2)

const measured = []
for (const name of Object.keys(APPS)) measured.push(await measure(name))
process.stdout.write(JSON.stringify(measured))

async function measure(name) {
  const bare = await startServer({ name, how: 'bare', maxBodyBytes: MIB })
  const guarded = await startServer({ name, how: 'protected', maxBodyBytes: MIB })
  const [before, after] = [[], []]
  try {
    for (let round = -WARMUPS; round < Number(rounds); round++) {
      const pair = [await load(bare), await load(guarded)]
      if (round < 0) continue
      before.push(pair[0])
      after.push(pair[1])
    }
  } finally {
    await Promise.all([bare.stop(), guarded.stop()])
  }
  const pairs = before.map((round, i) => after[i].perSecond / round.perSecond)
  const ratios = { ofThroughput: median(pairs), ofCpu: leastCpu(before) / leastCpu(after) }
  return { name, bare: summary(before), guarded: summary(after), ...ratios, ratio: Math.min(...Object.values(ratios)) }
}

function summary(all) {
  return { perSecond: median(all.map(({ perSecond }) => perSecond)), cpuUs: leastCpu(all) }
}

/** Of the round that was disturbed least. */
function leastCpu(all) {
  return Math.min(...all.map(({ cpuUs }) => cpuUs))
}

/** One round: requests a second, and processor time of the server a request, µs. */
async function load(server) {
  const lists = await signedLists(server.issued)
  const cpuBefore = await server.cpuUs()
  const seconds = await send(server.port, lists)
  const cpuUs = (await server.cpuUs()) - cpuBefore
  return { perSecond: REQUESTS / seconds, cpuUs: cpuUs / REQUESTS }
}

/** For each connection the requests that it sends, signed outside the timed part. */
async function signedLists(issued) {
  const next = createSigners(issued)
  const sign = async i => {
    const { method, target, headers } = await next().sign({ method: 'GET', target: `/v1/orders/${i}?depth=50` })
    const usual = { accept: 'application/json', 'user-agent': 'trading-bot/3.1 (+https://example.com)' }
    return { method, path: target, headers: { ...usual, ...headers } }
  }
  const all = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => sign(i)))
  return Array.from({ length: CONNECTIONS }, (_, i) => all.filter((_, at) => at % CONNECTIONS === i))
}

/** @returns seconds from the first request to the last answer */
function send(port, lists) {
  return new Promise((resolve, reject) => {
    const waiting = [...lists]
    let [answered, start, end] = [0, 0, 0]
    const url = `http://127.0.0.1:${port}`
    const setupClient = client => client.setRequests(waiting.pop())
    const options = { url, connections: CONNECTIONS, amount: REQUESTS, sampleInt: 20, setupClient }
    const run = autocannon(options, (error, result) => {
      if (error) return reject(error)
      const { '2xx': passed, errors } = result
      if (passed !== REQUESTS) return reject(new Error(`${passed} of ${REQUESTS} requests passed, ${errors} errors`))
      resolve((end - start) / 1000)
    })
    run.once('start', () => {
      start = performance.now()
    })
    run.on('response', () => {
      answered++
      if (answered === REQUESTS) end = performance.now()
    })
  })
}

/**
 * The benchmark: `npm run bench` prints tables and writes `bench-results.json` to the project's root. A missed budget
 * is reported and nothing fails, since speed on a shared machine is no test. See docs/reference/benchmarks.md.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { judgeBudgets } from './budgets.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

if (!existsSync(`${here}node_modules`)) execFileSync('npm', ['ci'], { cwd: here, stdio: 'inherit' })
const { bundleSizes } = await import('./sizes.mjs')

const machine = `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${cpus()[0]?.model.trim()}`
console.log(machine)

const node = measure('Node', 'worker.mjs', ['verify', '400'])
const noble = measure('Noble instead of OpenSSL', 'worker.mjs', ['verify', '200'], ['--import', './noble-hash.mjs'])
const parts = measure('Parts', 'worker.mjs', ['parts', '60'])
const peers = measure('Others', 'worker.mjs', ['peers', '100'])
const memory = { ...worker('memory.mjs', []), ...worker('memory-keys.mjs', []) }
console.log(`\nA compiled key in memory: ${Math.round(memory.bytesPerKey).toLocaleString('en')} bytes`)
const scale = {}
for (const name of ['sqlite', 'postgres']) scale[name] = measureScale(name)
const redis = worker('redis.mjs', ['40'])
for (const [driver, measured] of Object.entries(redis)) printMeasured(`Redis, with ${driver}`, measured)
const throughput = measureThroughput()
const bodies = measureBodies()
const sizes = await bundleSizes()
const budgets = judgeBudgets({ node, noble, parts, memory, sizes, scale, redis, throughput, bodies })

printTable(
  ['Budget', 'at most', 'measured', ''],
  budgets.map(({ budget, limit, unit, measured, met }) => [
    budget,
    `${limit.toLocaleString('en')} ${unit}`,
    `${unit === '×' ? measured.toFixed(2) : Math.round(measured).toLocaleString('en')} ${unit}`,
    met ? 'met' : 'missed',
  ]),
)
const results = {
  machine,
  at: new Date().toISOString(),
  budgets,
  node,
  noble,
  parts,
  peers,
  memory,
  sizes,
  scale,
  redis,
  throughput,
  bodies,
}
writeFileSync(`${root}bench-results.json`, `${JSON.stringify(results, null, 2)}\n`)

/** Runs a process of its own, so that no set of tasks shapes what the compiler makes of another. */
function worker(script, args, flags = []) {
  const command = ['--expose-gc', ...flags, script, ...args]
  return JSON.parse(execFileSync(process.execPath, command, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] }))
}

function measure(title, script, args, flags) {
  return printMeasured(title, worker(script, args, flags))
}

/** One database with a thousand keys, and one with a million. */
function measureScale(name) {
  const measured = worker('scale.mjs', [name, '100'])
  if ('skipped' in measured) return printMeasured(`A million keys in ${name}`, measured)
  printTable(
    [`First request of a key, ${name}`, 'median ns', '99 % ns'],
    measured.cold.map(({ keys, p50Ns, p99Ns }) => [
      `${keys.toLocaleString('en')} keys`,
      nanoseconds(p50Ns),
      nanoseconds(p99Ns),
    ]),
  )
  printMeasured(`Verify over ${name}, key cached`, measured.warm)
  printMeasured(`Verify over ${name}, row read`, measured.checked)
  return measured
}

/** Each framework with `protect` beside the same server without it. */
function measureThroughput() {
  const measured = worker('throughput.mjs', ['8'])
  printTable(
    ['Requests a second', 'without', 'protected', '×', 'CPU µs without', 'protected', '×'],
    measured.map(({ name, bare, guarded, ofThroughput, ofCpu }) => [
      ...[name, whole(bare.perSecond), whole(guarded.perSecond), ofThroughput.toFixed(2)],
      ...[bare.cpuUs.toFixed(1), guarded.cpuUs.toFixed(1), ofCpu.toFixed(2)],
    ]),
  )
  return measured
}

/** What a body of 64 MiB takes. */
function measureBodies() {
  const measured = worker('throughput-memory.mjs', [])
  const mib = bytes => (bytes / 1024 ** 2).toFixed(1)
  printTable(
    ['Memory for a body of 64 MiB', 'dropped, MiB', 'protected, MiB', 'held, MiB'],
    measured.map(({ name, bareBytes, guardedBytes, heldBytes }) => [
      ...[name, mib(bareBytes), mib(guardedBytes), mib(heldBytes)],
    ]),
  )
  return measured
}

function printMeasured(title, measurements) {
  if ('skipped' in measurements) {
    console.log(`\nSKIPPED: ${title}: ${measurements.skipped}`)
    return measurements
  }
  printTable(
    [title, 'best ns', 'median ns', 'best ×', 'median ×'],
    measurements.map(({ name, minNs, medianNs, minRatio, medianRatio }) => [
      name,
      nanoseconds(minNs),
      nanoseconds(medianNs),
      minRatio.toFixed(2),
      medianRatio.toFixed(2),
    ]),
  )
  return measurements
}

function nanoseconds(ns) {
  return ns < 10 ? ns.toFixed(1) : whole(ns)
}

function whole(number) {
  return Math.round(number).toLocaleString('en')
}

function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)))
  const line = row => row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('   ')
  console.log(`\n${line(head)}\n${widths.map(width => '-'.repeat(width)).join('   ')}`)
  for (const row of rows) console.log(line(row))
}

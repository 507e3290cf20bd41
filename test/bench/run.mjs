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
const memory = worker('memory.mjs', [])
const sizes = await bundleSizes()
const budgets = judgeBudgets({ node, noble, parts, memory, sizes })

printTable(
  ['Budget', 'at most', 'measured', ''],
  budgets.map(({ budget, limit, unit, measured, met }) => [
    budget,
    `${limit.toLocaleString('en')} ${unit}`,
    `${unit === '×' ? measured.toFixed(2) : Math.round(measured).toLocaleString('en')} ${unit}`,
    met ? 'met' : 'missed',
  ]),
)
const results = { machine, at: new Date().toISOString(), budgets, node, noble, parts, peers, memory, sizes }
writeFileSync(`${root}bench-results.json`, `${JSON.stringify(results, null, 2)}\n`)

/** Runs a process of its own, so that no set of tasks shapes what the compiler makes of another. */
function worker(script, args, flags = []) {
  const command = ['--expose-gc', ...flags, script, ...args]
  return JSON.parse(execFileSync(process.execPath, command, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] }))
}

function measure(title, script, args, flags) {
  const measurements = worker(script, args, flags)
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
  return ns < 10 ? ns.toFixed(1) : Math.round(ns).toLocaleString('en')
}

function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)))
  const line = row => row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('   ')
  console.log(`\n${line(head)}\n${widths.map(width => '-'.repeat(width)).join('   ')}`)
  for (const row of rows) console.log(line(row))
}

/**
 * `npm run bench`: what the library costs, as multiples of one `createHmac(KeyObject).update(text).digest()` of the
 * same message in the same process, beside what others cost. Prints a table, says which budgets are met, and writes
 * `bench-results.json`. `BENCH_ROUNDS` sets the number of rounds (60).
 */

import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = process.env.BENCH_ROUNDS ?? '60'

if (!existsSync(`${here}node_modules`)) execFileSync('npm', ['ci', '--loglevel=error'], { cwd: here, stdio: 'inherit' })

const node = args => JSON.parse(execFileSync(process.execPath, args, { cwd: here, maxBuffer: 1 << 26 }).toString())
const worker = (set, flags = []) => node(['--expose-gc', ...flags, 'worker.mjs', set, rounds])

console.log(
  `Node ${process.versions.node}, ${rounds} rounds, each task in turn; 1.00 = one createHmac of the message\n`,
)
const results = {
  node: worker('verify'),
  noble: worker('verify', ['--import', './noble-hash.mjs']),
  parts: worker('parts'),
  peers: worker('peers'),
  memory: node(['--expose-gc', 'memory.mjs']),
}

const TITLES = { node: 'On node:crypto', noble: 'On noble', parts: 'Parts', peers: 'Others' }
for (const [set, title] of Object.entries(TITLES)) {
  console.log(title.padEnd(44), 'ratio'.padStart(8), 'best'.padStart(8), 'ns'.padStart(10))
  for (const { name, medianRatio, minRatio, medianNs } of results[set]) {
    const [ratio, best] = [medianRatio.toFixed(2), minRatio.toFixed(2)]
    console.log(`  ${name.padEnd(42)} ${ratio.padStart(8)} ${best.padStart(8)} ${medianNs.toFixed(0).padStart(10)}`)
  }
  console.log()
}
console.log(`A live nonce in memory: ${results.memory.bytesPerNonce.toFixed(0)} bytes\n`)

const of = (set, name) => results[set].find(task => task.name === name)
const BUDGETS = [
  ['verify, allowed, on node:crypto', of('node', 'verify, allowed').medianRatio, 1],
  ['verify, allowed, on noble', of('noble', 'verify, allowed').medianRatio, 2],
  ['verify, stale timestamp', of('node', 'verify, stale timestamp').medianRatio, 0.1],
  ['verify, wrong signature', of('node', 'verify, wrong signature').medianRatio, 1],
  ['allowlist of 100,000, ns', of('parts', 'allowlist of 100,000, inside').medianNs, 300],
  ['bytes of a live nonce', results.memory.bytesPerNonce, 120],
]
for (const [name, measured, budget] of BUDGETS) {
  const verdict = measured <= budget ? 'met' : 'MISSED'
  console.log(`  ${name.padEnd(42)} ${measured.toFixed(2).padStart(8)} of ${String(budget).padStart(5)}  ${verdict}`)
}
writeFileSync(new URL('../../bench-results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)

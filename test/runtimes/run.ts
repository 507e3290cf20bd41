/** `npm run test:runtimes`: the suite on every runtime there is, one after the other, and the table of what was found. */

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, requireBuild } from '../package/dist.js'
import { allRuntimes, type Runtime } from './runtimes.js'
import { type Stage, setStage } from './stage.js'
import type { Outcome } from './suite/check.js'
import { type Column, differences, readmeBlock, runtimesPage, tableOf, withReadmeBlock } from './table.js'

const PAGE = join(ROOT, 'docs/reference/runtimes.md')
const README = join(ROOT, 'README.md')

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { update: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  })
  requireBuild()
  const runtimes = allRuntimes().filter(({ name }) => name.startsWith(values.only))
  const missing = runtimes.filter(({ absent }) => absent !== undefined)
  for (const { name, absent } of missing) console.log(`SKIPPED: ${name}: ${absent}`)
  const columns = await runAll(runtimes.filter(({ absent }) => absent === undefined))
  if (columns.length > 0) console.log(`\n${tableOf(columns)}\n`)
  const isWhole = missing.length === 0 && values.only === ''
  const failed = columns.flatMap(failures)
  const wrong = [
    ...failed,
    ...(process.env['KEYLATTICE_REQUIRE_SERVICES'] === '1' ? missing.map(({ name }) => `${name} is required`) : []),
    ...(values.update ? update(columns, isWhole && failed.length === 0) : staleness(columns)),
  ]
  for (const line of wrong) console.error(line)
  count(
    columns.flatMap(({ outcomes }) => outcomes),
    wrong.length,
  )
  process.exitCode = wrong.length > 0 ? 1 : 0
}

async function runAll(runtimes: readonly Runtime[]): Promise<readonly Column[]> {
  if (runtimes.length === 0) return []
  const stage = await setStage()
  try {
    const columns: Column[] = []
    for (const runtime of runtimes) columns.push(await runOne(runtime, stage))
    return columns
  } finally {
    stage.end()
  }
}

async function runOne({ name, run }: Runtime, stage: Stage): Promise<Column> {
  const start = performance.now()
  const outcomes = await run(stage).catch((error: Error): readonly Outcome[] => {
    return [{ capability: 'verify', name: 'the suite runs', state: 'failed', why: error.stack ?? '', ms: 0 }]
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const number = (state: Outcome['state']) => outcomes.filter(outcome => outcome.state === state).length
  console.log(
    `${name}: ${number('passed')} passed, ${number('failed')} failed, ${number('absent')} absent, ${seconds} s`,
  )
  const skipped = new Set(outcomes.filter(({ state }) => state === 'skipped').map(({ why }) => why))
  for (const why of skipped) console.log(`SKIPPED: ${name}: ${number('skipped')} checks: ${why}`)
  return { name, outcomes }
}

function failures({ name: runtime, outcomes }: Column): readonly string[] {
  const failed = outcomes.filter(({ state }) => state === 'failed')
  return failed.map(({ capability, name, why }) => `FAILED on ${runtime}, ${capability}: ${name}\n${why}\n`)
}

/** How the pages differ from what was found. */
function staleness(columns: readonly Column[]): readonly string[] {
  return [PAGE, README].flatMap(path =>
    differences(readFileSync(path, 'utf8'), columns).map(line => `${line}; npm run test:runtimes -- --update`),
  )
}

function update(columns: readonly Column[], isWhole: boolean): readonly string[] {
  if (!isWhole) return ['the pages are written from a run in which every runtime takes part and nothing fails']
  writeFileSync(PAGE, runtimesPage(columns))
  writeFileSync(README, withReadmeBlock(readFileSync(README, 'utf8'), readmeBlock(columns)))
  return []
}

/** For a script that adds up runs: `passed failed skipped`, as the tests of Node leave it. */
function count(outcomes: readonly Outcome[], failed: number): void {
  const file = process.env['KEYLATTICE_TEST_COUNTS']
  const number = (state: Outcome['state']) => outcomes.filter(outcome => outcome.state === state).length
  if (file !== undefined) appendFileSync(file, `${number('passed')} ${failed} ${number('skipped')}\n`)
}

await main()

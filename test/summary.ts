/** Ends a run with what it skipped and why, and leaves its counts where a script that adds up runs can read them. */

import { appendFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'

/** File to which each run appends `passed failed skipped`. */
const COUNTS_FILE = 'KEYLATTICE_TEST_COUNTS'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export function createSummary(): Reporter {
  let isChosen: (test: TestCase) => boolean = () => true
  return {
    onInit({ config }) {
      const { testNamePattern: pattern } = config
      if (pattern !== undefined) isChosen = ({ fullName }) => pattern.test(fullName.replaceAll(' > ', ' '))
    },
    onTestRunEnd(modules, errors) {
      for (const line of skippedLines(modules.flatMap(testsOf).filter(isChosen))) console.log(line)
      const { passed, failed, skipped } = countTests(modules, errors)
      const file = process.env[COUNTS_FILE]
      if (file !== undefined) appendFileSync(file, `${passed} ${failed} ${skipped}\n`)
    },
  }
}

/** One line for each reason, with how many tests it kept from running. */
export function skippedLines(tests: readonly Pick<TestCase, 'result'>[]): readonly string[] {
  const byReason = new Map<string, number>()
  for (const test of tests) {
    const result = test.result()
    if (result.state !== 'skipped') continue
    const reason = result.note ?? 'no reason given'
    byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
  }
  return [...byReason].map(([reason, count]) => `SKIPPED: ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`)
}

/** A file or suite that breaks outside of its tests counts as one failure, and so does a stray error. */
export function countTests(modules: readonly TestModule[], errors: readonly SerializedError[]): Counts {
  const states = modules.flatMap(testsOf).map(test => test.result().state)
  const count = (wanted: string) => states.filter(state => state === wanted).length
  const suites = modules.flatMap(module => [module, ...module.children.allSuites()])
  const broken = suites.filter(suite => suite.errors().length > 0).length
  return {
    passed: count('passed'),
    failed: count('failed') + count('pending') + broken + errors.length,
    skipped: count('skipped'),
  }
}

function testsOf(module: TestModule): readonly TestCase[] {
  return [...module.children.allTests()]
}

import { it } from 'vitest'
import type { SuiteCase } from '../../src/testing/index.js'

/** One test a case. */
export function runSuite<Make>(suite: readonly SuiteCase<Make>[], make: Make): void {
  for (const { name, run } of suite) it(name, () => run(make))
}

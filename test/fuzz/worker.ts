/** One process of the fuzz: damages messages of the dialects it is given, and tells its parent what came of it. */

import { loadFixtures } from '../laws/scheme-fixtures.js'
import type { ImportScheme } from '../schemes/dialects.js'
import { damageAll, foreignTo } from './mutations.js'

export interface Task {
  readonly id: string
  readonly seed: number
  readonly runs: number
}

export interface Outcome extends Task {
  readonly mutated: number
  readonly passed: number
  readonly untouched: number
  readonly operators: number
  readonly ms: number
  /** What is wrong, if anything. */
  readonly failure: string | undefined
}

const fromPackage: ImportScheme = id => import(`keylattice/schemes/${id}`)

async function carryOut(task: Task): Promise<Outcome> {
  const { id, seed, runs } = task
  const began = performance.now()
  const [fixtures, foreign] = await Promise.all([
    loadFixtures(id, fromPackage),
    loadFixtures(foreignTo(id), fromPackage),
  ])
  const common = { ...task, mutated: 0, passed: 0, untouched: 0, operators: 0, failure: undefined }
  try {
    const { applied, ...tally } = await damageAll(fixtures, foreign, { seed, runs })
    return { ...common, ...tally, operators: applied.size, ms: performance.now() - began }
  } catch (error) {
    return {
      ...common,
      ms: performance.now() - began,
      failure: error instanceof Error ? String(error.stack) : String(error),
    }
  }
}

process.on('message', (task: Task) => {
  carryOut(task).then(outcome => process.send?.(outcome))
})

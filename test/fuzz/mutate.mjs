/** Damages requests and logins of every dialect, on all cores, as `test/fuzz/mutations.ts` says. */

import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { bundle } from './bundle.mjs'

/** Messages of one dialect that one process is given at a time. */
const PIECE = 50_000

/**
 * The exit code: 1 when anything passed that should not have, or was refused that should have passed.
 *
 * @param {{ runs: number, seed: number, scheme: string | undefined }} options
 */
export async function mutate({ runs, seed, scheme }) {
  const files = readdirSync(new URL('../../src/schemes/', import.meta.url)).filter(file => file.endsWith('.ts'))
  const ids = files.map(file => file.slice(0, -3)).filter(id => scheme === undefined || id === scheme)
  if (ids.length === 0) throw new Error(`there is no scheme '${scheme}'`)
  console.log(
    `${runs} damaged messages of ${ids.length === 1 ? ids[0] : `each of ${ids.length} dialects`}, seed ${seed}`,
  )
  const tasks = ids.flatMap(id =>
    Array.from({ length: Math.ceil(runs / PIECE) }, (_, at) => ({
      ...{ id, seed: seed + at * PIECE },
      runs: Math.min(PIECE, runs - at * PIECE),
    })),
  )
  const outcomes = await carryOutAll(tasks)
  for (const id of ids)
    console.log(
      lineOf(
        id,
        outcomes.filter(outcome => outcome.id === id),
      ),
    )
  const failures = outcomes.filter(({ failure }) => failure !== undefined)
  for (const { failure } of failures) console.error(`\n${failure}`)
  if (failures.length > 0) return 1
  console.log('nothing passed that should not have, and nothing was refused that should have passed')
  return 0
}

function lineOf(id, outcomes) {
  const total = name => outcomes.reduce((sum, outcome) => sum + outcome[name], 0)
  const operators = Math.max(...outcomes.map(outcome => outcome.operators))
  const rate = Math.round((total('mutated') / total('ms')) * 1000)
  const failed = outcomes.some(({ failure }) => failure !== undefined) ? 'FAILED, ' : ''
  return `${id}: ${failed}${total('mutated')} damaged by ${operators} operators, ${total('passed')} of them unchanged in all that is covered; ${total('untouched')} untouched, 0 refused; ${rate} a second on one core`
}

/** Every core takes the next task when it is done with one. */
async function carryOutAll(tasks) {
  const worker = await bundle('test/fuzz/worker.ts')
  const left = [...tasks]
  const outcomes = []
  const workers = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () => fork(worker))
  await Promise.all(
    workers.map(async child => {
      for (let task = left.shift(); task !== undefined; task = left.shift()) outcomes.push(await ask(child, task))
      child.disconnect()
    }),
  )
  return outcomes
}

function ask(child, task) {
  return new Promise((resolve, reject) => {
    const ended = code => reject(new Error(`a process of the fuzz ended with ${code} at ${JSON.stringify(task)}`))
    child.once('exit', ended)
    child.once('message', outcome => {
      child.off('exit', ended)
      resolve(outcome)
    })
    child.send(task)
  })
}

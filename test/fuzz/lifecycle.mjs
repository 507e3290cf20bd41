/**
 * Leads random lives of keys on the built package, and compares each with the naive model of `test/laws/`:
 *
 *     npm run fuzz -- --lives 1000000 --seed 1
 *     npm run fuzz -- --lives 1 --seed 4711
 *
 * Life number n of a run has the seed `seed + n`, so that a broken one is led again by its own seed.
 */

import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.mjs'

/**
 * The exit code: 1 at the first life that does not go as the model says.
 *
 * @param {{ runs: number, seed: number }} options
 */
export async function leadLives({ runs, seed }) {
  const { createTally, leadLife } = await import(pathToFileURL(await bundle('test/laws/random-lives.ts')).href)
  const tally = createTally()
  const began = Date.now()
  console.log(`${runs} random lives from seed ${seed}`)
  for (let life = 0; life < runs; life++) {
    try {
      await leadLife(seed + life, tally)
    } catch (error) {
      console.error(`life ${life}: ${error.message}`)
      return 1
    }
    if ((life + 1) % 50_000 === 0) console.log(`${life + 1} lives, ${tally.operations} operations`)
  }
  const seconds = Math.round((Date.now() - began) / 1000)
  const { operations, done, requests, passed } = tally
  const carriedOut = Object.entries(done).map(([name, count]) => `${name} ${count}`)
  console.log(`carried out: ${carriedOut.join(', ')}`)
  console.log(`${runs} lives, ${operations} operations, ${requests} requests of which ${passed} passed, ${seconds} s`)
  console.log('every grant stayed under its ceiling')
  return 0
}

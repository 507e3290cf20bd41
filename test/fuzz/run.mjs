/**
 * Searches for what should not pass, on the built package:
 *
 *     npm run fuzz -- --runs 1000000                      damaged requests and logins of every dialect
 *     npm run fuzz -- --runs 1 --seed 4711 --scheme okx   one of them again
 *     npm run fuzz -- --lives 1000000                     random lives of keys
 *
 * Without `--seed` a new one is drawn and told.
 */

import { parseArgs } from 'node:util'
import { leadLives } from './lifecycle.mjs'
import { mutate } from './mutate.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    lives: { type: 'string' },
    seed: { type: 'string' },
    scheme: { type: 'string' },
  },
})
const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 31))
process.exitCode =
  values.lives === undefined
    ? await mutate({ runs: wholeNumber('runs', values.runs), seed, scheme: values.scheme })
    : await leadLives({ runs: wholeNumber('lives', values.lives), seed })

function wholeNumber(name, text) {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name} must be a whole number`)
  return Number(text)
}

/**
 * Starts a small exchange and four houses, and shows what their keys can and cannot do: `npm run demo`, or one of the
 * two parts only: `npm run demo -- exchange`, `npm run demo -- houses`.
 *
 * Ends with exit code 1 if anything is not as it should be. To see that it would notice, set DEMO_FAULT to a fault of
 * faults.mjs.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFault } from './faults.mjs'
import { createTranscript } from './transcript.mjs'

const PARTS = {
  exchange: async (...stage) => (await import('./at-work.mjs')).showKeysAtWork(...stage),
  houses: async (...stage) => (await import('./four-houses.mjs')).showHouses(...stage),
}

const fault = readFault(process.env.DEMO_FAULT)
const asked = process.argv.slice(2)
if (!asked.every(part => part in PARTS)) throw new Error(`the demo has the parts ${Object.keys(PARTS).join(' and ')}`)

const directory = mkdtempSync(join(tmpdir(), 'keylattice-demo-'))
const transcript = createTranscript()
try {
  for (const part of asked.length > 0 ? asked : Object.keys(PARTS)) await PARTS[part](transcript, { directory, fault })
} finally {
  rmSync(directory, { recursive: true })
}

const surprises = transcript.surprises()
console.log(surprises === 0 ? '\nEverything was as it should be.' : `\n${surprises} surprises.`)
process.exitCode = surprises === 0 ? 0 : 1

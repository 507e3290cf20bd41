/**
 * Starts a small exchange, issues keys, and shows what they can and cannot do: `npm run demo`.
 *
 * Ends with exit code 1 if anything is not as it should be. To see that it would notice, set DEMO_FAULT to
 * `accept-everything`, `refuse-everything` or `keep-reserved`.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { showBot } from './bots.mjs'
import { startExchange } from './exchange.mjs'
import { createLedger } from './ledger.mjs'
import { showLife } from './life.mjs'
import { showSignedRequests } from './signed.mjs'
import { createTranscript } from './transcript.mjs'

const OWNER = 'alice'
const DEPOSIT = 50_000
const fault = process.env.DEMO_FAULT
const faults = [undefined, 'accept-everything', 'refuse-everything', 'keep-reserved']
if (!faults.includes(fault)) throw new Error('DEMO_FAULT names no fault of this demo')

let offsetMs = 0
const clock = Object.assign(() => Date.now() + offsetMs, {
  advance: ms => {
    offsetMs += ms
  },
})

const directory = mkdtempSync(join(tmpdir(), 'keylattice-demo-'))
const ledger = createLedger(fault === 'keep-reserved')
ledger.deposit(OWNER, 'BTC', '2')
ledger.deposit(OWNER, 'USD', String(DEPOSIT))
const { origin, manager, close } = await startExchange({ file: join(directory, 'exchange.db'), ledger, clock, fault })

/** What an owner does with keys, here without the pages where they would click. */
const desk = {
  async issue(label, fields) {
    const defaults = { scheme: 'hmac-v1', accounts: null, ipAllowlist: null }
    return reveal(await manager.create({ owner: OWNER, label, ...defaults, ...fields }))
  },
  async rotate({ keyId }, { overlapMs }) {
    return reveal(await manager.rotate({ owner: OWNER, keyId, overlapMs }))
  },
  revoke: ({ keyId }) => manager.revoke({ owner: OWNER, keyId, reason: 'the demo says so' }),
}

function reveal({ credentials: { keyId, secret } }) {
  return { keyId, secret: secret.reveal() }
}

const { chapter, show, surprises } = createTranscript()
try {
  chapter('Requests signed with hmac-v1')
  await showSignedRequests({ show }, { origin, ...desk })
  for (const house of ['bitfinex', 'binance']) {
    chapter(`ccxt, unmodified, as ${house}`)
    await showBot(house, { show }, { origin, deposit: DEPOSIT, ...desk })
  }
  chapter('The life of a key')
  await showLife({ show }, { origin, clock, ...desk })
} finally {
  close()
  rmSync(directory, { recursive: true })
}

console.log(surprises() === 0 ? '\nEverything was as it should be.' : `\n${surprises()} surprises.`)
process.exitCode = surprises() === 0 ? 0 : 1

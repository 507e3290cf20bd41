/** The small exchange: issues keys, and shows what they can and cannot do. */

import { join } from 'node:path'
import { showBot } from './bots.mjs'
import { createClock } from './clock.mjs'
import { startExchange } from './exchange.mjs'
import { createLedger } from './ledger.mjs'
import { showLife } from './life.mjs'
import { showSignedRequests } from './signed.mjs'

const OWNER = 'alice'
const DEPOSIT = 50_000

export async function showKeysAtWork({ chapter, show }, { directory, fault }) {
  const clock = createClock()
  const ledger = createLedger(fault === 'keep-reserved')
  ledger.deposit(OWNER, 'BTC', '2')
  ledger.deposit(OWNER, 'USD', String(DEPOSIT))
  const { origin, manager, close } = await startExchange({ file: join(directory, 'exchange.db'), ledger, clock, fault })
  const desk = createDesk(manager)
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
  }
}

/** What an owner does with keys, here without the pages where they would click. */
function createDesk(manager) {
  const reveal = ({ credentials: { keyId, secret } }) => ({ keyId, secret: secret.reveal() })
  return {
    async issue(label, fields) {
      const defaults = { scheme: 'hmac-v1', accounts: null, ipAllowlist: null }
      return reveal(await manager.create({ owner: OWNER, label, ...defaults, ...fields }))
    },
    async rotate({ keyId }, { overlapMs }) {
      return reveal(await manager.rotate({ owner: OWNER, keyId, overlapMs }))
    },
    revoke: ({ keyId }) => manager.revoke({ owner: OWNER, keyId, reason: 'the demo says so' }),
  }
}

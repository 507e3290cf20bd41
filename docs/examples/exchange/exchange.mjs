/** A small exchange on loopback: one ledger behind three dialects, keys and accepted nonces in an SQLite file. */

import { createServer } from 'node:http'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  defineRoutes,
  standardKeyPolicy,
} from 'keylattice'
import { acceptUncovered, withoutStepUp } from 'keylattice/insecure'
import { protect } from 'keylattice/middleware/node'
import { standard } from 'keylattice/presets/standard'
import { binance } from 'keylattice/schemes/binance'
import { bitfinex } from 'keylattice/schemes/bitfinex'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { createSqliteStore } from 'keylattice/stores/sqlite'
import Database from 'libsql'
import * as asBinance from './as-binance.mjs'
import * as asBitfinex from './as-bitfinex.mjs'
import { faultyVerifier } from './faults.mjs'
import { LedgerError } from './ledger.mjs'
import * as ownApi from './own-api.mjs'

const { permissions } = standard

/** Two of them leave parts of a request unsigned; to accept that, each part is named. */
export const schemes = {
  own: hmacV1({ audience: 'demo.exchange.example' }),
  bitfinex: acceptUncovered(bitfinex(), ['method', 'host', 'query', 'content-type']),
  binance: acceptUncovered(binance(), ['method', 'host', 'path', 'content-type']),
}

const routes = defineRoutes(permissions, { ...ownApi.routes, ...asBitfinex.routes, ...asBinance.routes })
const operations = { ...ownApi.operations, ...asBitfinex.operations, ...asBinance.operations }

function dialectOf(target) {
  if (target.startsWith('/v2/')) return asBitfinex
  return target.startsWith('/v1/') ? ownApi : asBinance
}

/** @param fault what to break on purpose, so that the demo can show that it would notice */
export async function startExchange({ file, ledger, clock, fault }) {
  const database = new Database(file)
  const { keys, replay } = createSqliteStore(database, { clock })
  // A real exchange keeps its master keys in a vault, and gives the same ones to every process.
  const sealer = createSealer({ primary: '2026', keys: { 2026: crypto.getRandomValues(new Uint8Array(32)) } })
  const shared = { keys, permissions, schemes: Object.values(schemes), sealer, clock }

  const manager = createKeyManager({
    ...shared,
    // These chapters show keys at work; second factors and mails are the story of the houses.
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    mint: createMint({ brand: 'demo', environment: 'test' }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
  })

  const listener = protect(
    {
      verifier: faultyVerifier(fault, createVerifier({ ...shared, replay })),
      routes: fault === 'accept-everything' ? openRoutes : routes,
      clock,
      onError: error => console.error(error),
      answer: (denied, { target }) => dialectOf(target).refusal?.(denied),
    },
    (req, res, { principal, route, body }) => {
      const [path, query = ''] = req.url.split('?')
      const call = { ledger, owner: principal?.owner, path, query, body: new TextDecoder().decode(body), now: clock() }
      const { status, body: answer } = perform(operations[route], call, dialectOf(path))
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    },
  )

  const server = createServer(listener)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
    database.close()
  }
  return { origin: `http://127.0.0.1:${server.address().port}`, manager, close }
}

function perform(operation, call, dialect) {
  try {
    return { status: 200, body: operation(call) }
  } catch (error) {
    if (error instanceof LedgerError) return dialect.failure(error)
    throw error
  }
}

const openRoutes = {
  ...routes,
  match: (method, target) => routes.match(method, target) ?? routes.match('GET', '/v1/time'),
}

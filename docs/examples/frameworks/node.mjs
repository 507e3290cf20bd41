/**
 * An exchange's API on node:http. Prints where it listens and a key to call it with; addresses given as arguments are
 * the only ones that the key may be used from.
 */

import { createServer } from 'node:http'
import {
  clientIp,
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  defineRoutes,
  publicRoute,
  standardKeyPolicy,
} from 'keylattice'
import { withoutStepUp } from 'keylattice/insecure'
import { protect } from 'keylattice/middleware/node'
import { standard } from 'keylattice/presets/standard'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { createMemoryKeyStore, createMemoryReplayStore } from 'keylattice/stores/memory'

const { permissions } = standard
const maxBodyBytes = 16 * 1024 * 1024

// Keys in memory, under a master key of this run: put a database and a vault in their place.
const shared = {
  permissions,
  schemes: [hmacV1({ audience: 'api.example.com' })],
  keys: createMemoryKeyStore(),
  sealer: createSealer({ primary: 'k1', keys: { k1: crypto.getRandomValues(new Uint8Array(32)) } }),
}

const options = {
  verifier: createVerifier({ ...shared, replay: createMemoryReplayStore(), maxBodyBytes }),
  routes: defineRoutes(permissions, {
    'GET /v1/time': publicRoute,
    'GET /v1/orders/:id': 'read',
    'POST /v1/orders': 'trade',
  }),
  onError: console.error,
  maxBodyBytes,
  clientIp: clientIp({ trust: ['127.0.0.1/32'], header: 'x-forwarded-for' }),
}

const listener = protect(options, (req, res, { principal, route, body }) => {
  const answer = (status, value) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  switch (route) {
    case 'GET /v1/orders/:id':
      return answer(200, { owner: principal.owner, id: req.url.split('/').at(-1) })
    case 'POST /v1/orders': {
      const { side, amount } = JSON.parse(new TextDecoder().decode(body))
      return answer(201, { owner: principal.owner, side, amount, bytes: body.length })
    }
    default:
      return answer(200, { now: Date.now() })
  }
})

const manager = createKeyManager({
  ...shared,
  policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
  ceiling: () => ({ permissions: ['full'], accounts: null }),
  mint: createMint({ brand: 'kl', environment: 'test' }),
})
const { key, credentials } = await manager.create({
  owner: 'ada',
  label: 'bot',
  permissions: ['read', 'trade'],
  accounts: null,
  ipAllowlist: process.argv.length > 2 ? process.argv.slice(2) : null,
})

const server = createServer(listener).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`
  console.log(JSON.stringify({ address, keyId: key.keyId, secret: credentials.secret.reveal() }))
})

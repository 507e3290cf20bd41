/**
 * An exchange's API on Fastify 5. Prints where it listens and a key to call it with; addresses given as arguments are
 * the only ones that the key may be used from.
 */

import Fastify from 'fastify'
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
import { acceptUncovered, withoutStepUp } from 'keylattice/insecure'
import { protect } from 'keylattice/middleware/fastify'
import { standard } from 'keylattice/presets/standard'
import { bitfinex } from 'keylattice/schemes/bitfinex'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { createMemoryKeyStore, createMemoryReplayStore } from 'keylattice/stores/memory'

const { permissions } = standard
const maxBodyBytes = 16 * 1024 * 1024

// Keys in memory, under a master key of this run: put a database and a vault in their place.
const shared = {
  permissions,
  schemes: [
    hmacV1({ audience: 'api.example.com' }),
    // For bots that speak to Bitfinex, ccxt among them; what its signature leaves open is named.
    acceptUncovered(bitfinex(), ['method', 'host', 'query', 'content-type']),
  ],
  keys: createMemoryKeyStore(),
  sealer: createSealer({ primary: 'k1', keys: { k1: crypto.getRandomValues(new Uint8Array(32)) } }),
}

const options = {
  verifier: createVerifier({ ...shared, replay: createMemoryReplayStore(), maxBodyBytes }),
  routes: defineRoutes(permissions, {
    'GET /v1/time': publicRoute,
    'GET /v1/orders/:id': 'read',
    'POST /v1/orders': 'trade',
    'POST /v2/auth/r/wallets': 'read',
  }),
  onError: console.error,
  maxBodyBytes,
  clientIp: clientIp({ trust: ['127.0.0.1/32'], header: 'x-forwarded-for' }),
}

const app = Fastify({ bodyLimit: maxBodyBytes })
await app.register(protect, options)

app.get('/v1/time', async () => ({ now: Date.now() }))
app.get('/v1/orders/:id', async request => ({ owner: request.principal.owner, id: request.params.id }))
app.post('/v1/orders', async (request, reply) => {
  const { side, amount } = request.body
  reply.code(201)
  return { owner: request.principal.owner, side, amount, bytes: request.access.body.length }
})
app.post('/v2/auth/r/wallets', async () => [['exchange', 'USD', 1000, 0, 1000]])

const manager = createKeyManager({
  ...shared,
  policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
  ceiling: () => ({ permissions: ['full'], accounts: null }),
  mint: createMint({ brand: 'kl', environment: 'test' }),
})
const issue = scheme =>
  manager.create({
    scheme,
    owner: 'ada',
    label: 'bot',
    permissions: ['read', 'trade'],
    accounts: null,
    ipAllowlist: process.argv.length > 2 ? process.argv.slice(2) : null,
  })
const own = await issue('hmac-v1')
const bot = await issue('bitfinex')
const show = ({ key, credentials }) => ({ keyId: key.keyId, secret: credentials.secret.reveal() })

const address = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
console.log(JSON.stringify({ address, ...show(own), bot: show(bot) }))

/**
 * An exchange's API on Hono 4. Prints where it listens and a key to call it with; addresses given as arguments are
 * the only ones that the key may be used from.
 */

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
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
import { checkRoutes, protect } from 'keylattice/middleware/hono'
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

const app = new Hono()
app.use(protect(options))

app.get('/v1/time', c => c.json({ now: Date.now() }))
app.get('/v1/orders/:id', c => c.json({ owner: c.var.principal.owner, id: c.req.param('id') }))
app.post('/v1/orders', async c => {
  const { side, amount } = await c.req.json()
  return c.json({ owner: c.var.principal.owner, side, amount, bytes: c.var.access.body.length }, 201)
})

checkRoutes(app, options.routes)

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

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  const address = `http://127.0.0.1:${port}`
  console.log(JSON.stringify({ address, keyId: key.keyId, secret: credentials.secret.reveal() }))
})

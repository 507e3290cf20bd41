/**
 * An exchange's API on Express 4. Prints where it listens and a key to call it with; addresses given as arguments are
 * the only ones that the key may be used from.
 */

import express from 'express4'
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
import { checkRoutes, protect } from 'keylattice/middleware/express'
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

const app = express()
app.use(protect(options))
app.use(express.json({ limit: maxBodyBytes }))

app.get('/v1/time', (_req, res) => {
  res.json({ now: Date.now() })
})
app.get('/v1/orders/:id', (req, res) => {
  res.json({ owner: req.principal.owner, id: req.params.id })
})
app.post('/v1/orders', (req, res) => {
  const { side, amount } = req.body
  res.status(201).json({ owner: req.principal.owner, side, amount, bytes: req.access.body.length })
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

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`
  console.log(JSON.stringify({ address, keyId: key.keyId, secret: credentials.secret.reveal() }))
})

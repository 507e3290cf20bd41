/**
 * An exchange's API on Koa 3. Prints where it listens and a key to call it with; addresses given as arguments are
 * the only ones that the key may be used from.
 */

import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
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
import { checkRoutes, protect } from 'keylattice/middleware/koa'
import { standard } from 'keylattice/presets/standard'
import { hmacV1 } from 'keylattice/schemes/hmac-v1'
import { createMemoryKeyStore, createMemoryReplayStore } from 'keylattice/stores/memory'
import Koa from 'koa'

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

const router = new Router()
router.get('/v1/time', ctx => {
  ctx.body = { now: Date.now() }
})
router.get('/v1/orders/:id', ctx => {
  ctx.body = { owner: ctx.state.principal.owner, id: ctx.params.id }
})
router.post('/v1/orders', ctx => {
  const { side, amount } = ctx.request.body
  ctx.status = 201
  ctx.body = { owner: ctx.state.principal.owner, side, amount, bytes: ctx.state.access.body.length }
})

const app = new Koa()
app.use(protect(options))
app.use(bodyParser({ jsonLimit: maxBodyBytes }))
app.use(router.routes())
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

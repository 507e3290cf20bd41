/** The library as it was built: what is measured is what is published. */

const dist = new URL('../../dist/', import.meta.url)
const load = path => import(new URL(path, dist).href)

export const {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  defineKeyPolicy,
  defineRoutes,
  standardKeyPolicy,
  compileAllowlist,
} = await load('index.js')
export const { noReplayGuard, withoutStepUp } = await load('insecure.js')
export const { createSigner } = await load('client/index.js')
export const { hmacV1 } = await load('schemes/hmac-v1.js')
export const { standard } = await load('presets/standard.js')
export const { createMemoryKeyStore, createMemoryReplayStore } = await load('stores/memory.js')
export const { createSqliteStore } = await load('stores/sqlite.js')
export const { createPostgresStore } = await load('stores/postgres.js')
export const { createRedisStore } = await load('stores/redis.js')

/** By the name of its framework. */
export const middleware = {
  node: await load('middleware/node.js'),
  fetch: await load('middleware/fetch.js'),
  express: await load('middleware/express.js'),
  fastify: await load('middleware/fastify.js'),
  hono: await load('middleware/hono.js'),
  koa: await load('middleware/koa.js'),
  nest: await load('middleware/nest.js'),
}

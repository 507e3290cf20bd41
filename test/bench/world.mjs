import { createHash, createHmac, createSecretKey } from 'node:crypto'
import {
  createKeyManager,
  createMemoryKeyStore,
  createMemoryReplayStore,
  createMint,
  createSealer,
  createSigner,
  createVerifier,
  defineKeyPolicy,
  hmacV1,
  standard,
  standardKeyPolicy,
  withoutStepUp,
} from './library.mjs'

/** Enough that one key's share of a busy window stays small, and few enough to be warm. */
const KEYS = 64
const IP = '203.0.113.77'
export const TARGET = '/v1/orders?symbol=BTC-USD&limit=50'
export const READ = Object.freeze({ permission: 'read', account: null })

const scheme = hmacV1({ audience: 'api.example.com' })
const permissions = standard.permissions
const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })

/** What the manager and the verifiers of a deployment have in common, besides their stores. */
export const shared = Object.freeze({ schemes: [scheme], permissions, sealer })

/** A deployment on the memory stores and the system clock. */
export async function createWorld() {
  const keys = createMemoryKeyStore()
  const replay = createMemoryReplayStore({ maxClaimsPerKey: 16_000_000 })
  const issued = await issueKeys(createManager(keys), KEYS)
  return { issued, createFreshVerifier: () => createVerifier({ ...shared, keys, replay }) }
}

export function createManager(keys) {
  return createKeyManager({
    ...{ ...shared, keys },
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'live' }),
  })
}

/** Keys that have an IPv4 and IPv6 allowlist of five entries. */
export async function issueKeys(manager, count) {
  const issued = []
  for (let i = 0; i < count; i++) {
    const ipAllowlist = ['198.51.100.0/24', '192.0.2.1', '192.0.2.9', '203.0.113.64/27', '2001:db8::/48']
    const { key, credentials } = await manager.create({
      ...{ owner: `owner-${i}`, label: 'bot', permissions: ['read', 'trade'], accounts: null, ipAllowlist },
    })
    issued.push({ keyId: key.keyId, secret: credentials.secret.reveal() })
  }
  return issued
}

export function signerOf({ keyId, secret }, clock = Date.now) {
  return createSigner({ scheme, keyId, secret, clock })
}

/**
 * Signers, one a key, in turn.
 *
 * @param {readonly { keyId: string, secret: string }[]} credentials
 */
export function createSigners(credentials, clock = Date.now) {
  const signers = credentials.map(each => signerOf(each, clock))
  let turn = 0
  return () => signers[turn++ % signers.length]
}

export const unsigned = Object.freeze({ method: 'GET', target: TARGET, headers: {} })

/** Signed requests as a server receives them. */
export function createRequests(credentials, clock) {
  const next = createSigners(credentials, clock)
  return count => Promise.all(Array.from({ length: count }, async () => received(await next().sign(unsigned))))
}

/** Header fields that a client sends besides those of the signature. */
const USUAL = [
  ['Host', 'api.example.com'],
  ['User-Agent', 'trading-bot/3.1 (+https://example.com)'],
  ['Accept', 'application/json'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['Connection', 'keep-alive'],
]

/**
 * The request in the form Node's parser gives it: names lower-cased one by one, and every text flat and of its own,
 * where a signer's texts are still being put together.
 */
export function received({ method, target, headers, body }) {
  const parsed = {}
  for (const [name, value] of [...USUAL, ...Object.entries(headers)]) parsed[flat(name).toLowerCase()] = flat(value)
  return { method, target: flat(target), headers: parsed, body, ip: flat(IP) }
}

function flat(text) {
  return Buffer.from(text).latin1Slice()
}

/** A string to sign in one piece, its digests worked out. */
function textOf(parts) {
  return parts
    .map(part => (typeof part === 'string' ? part : createHash(part.digest).update(part.of[0]).digest(part.as)))
    .join('')
}

/** `createHmac` of the very message the whole verification hashes, under a prepared key: the measure of everything. */
export async function referenceTask({ keyId, secret }) {
  const request = received(await createSigner({ scheme, keyId, secret }).sign(unsigned))
  const text = flat(textOf(scheme.stringToSign(request, scheme.read(request))))
  const key = createSecretKey(Buffer.from(secret))
  const name = `createHmac, ${text.length} bytes`
  return {
    name,
    prepare: count => count,
    run(count) {
      for (let i = 0; i < count; i++) consume(createHmac('sha256', key).update(text).digest())
    },
  }
}

let sink = 0

/** Uses a result, so that no compiler can leave out what made it. */
export function consume(result) {
  sink += result === undefined ? 0 : 1
  return sink
}

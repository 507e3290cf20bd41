import { KeyError, StoreError } from '../errors.js'
import type { KeyRecord, KeyView } from '../key.js'
import { resolveExpiry, resolveRotationEnd } from '../policy/key-policy.js'
import { encodeKey, viewKey } from './codec.js'
import { conflict, type Desk, load, schemeFor, write } from './desk.js'
import { destroyKey, endAll, endKey } from './ending.js'
import { checkScope } from './grantable.js'
import { guardStore } from './guarded-store.js'
import { createIssuer } from './issuer.js'
import { advanceKey, rotateSecrets } from './lifecycle.js'
import { readPage } from './listing.js'
import { type KeyManagerOptions, readManagerOptions } from './manager-options.js'
import type { CreateKey, EditKey, IssuedKey, KeyManager, OwnedKey, RenewKey, RotateKey } from './manager-types.js'
import { readRequest } from './requests.js'

/**
 * Builds a manager.
 *
 * @throws {ConfigError} naming the option that is missing, unknown or wrong
 */
export function createKeyManager<P extends string, A extends string>(
  given: KeyManagerOptions<P, A>,
): KeyManager<P | A> {
  const options = readManagerOptions(given)
  const desk: Desk = { ...options, keys: guardStore(options.keys), issue: createIssuer(options.mint, options.sealer) }
  return Object.freeze<KeyManager<P | A>>({
    create: async request => createKey(desk, readRequest('create', request)),
    get: async request => viewKey(await load(desk, readRequest('get', request)), desk.clock()),
    list: async request => readPage(desk, readRequest('list', request)),
    edit: async request => editKey(desk, readRequest('edit', request)),
    renew: async request => renewKey(desk, readRequest('renew', request)),
    rotate: async request => rotateKey(desk, readRequest('rotate', request)),
    suspend: async request => endKey(desk, 'suspend', readRequest('suspend', request)),
    resume: async request => resumeKey(desk, readRequest('resume', request)),
    revoke: async request => endKey(desk, 'revoke', readRequest('revoke', request)),
    revokeAll: async request => endAll(desk, readRequest('revokeAll', request)),
    destroy: async request => destroyKey(desk, readRequest('destroy', request)),
  })
}

async function createKey(desk: Desk, request: CreateKey<string>): Promise<IssuedKey> {
  const now = desk.clock()
  const scheme = schemeFor(desk, request.scheme)
  const { owner, label, permissions, accounts, ipAllowlist, notBefore = null } = request
  const expiresAt = resolveExpiry(desk.policy, { now, notBefore, expiresAt: request.expiresAt })
  const scope = await checkScope({ owner, permissions, accounts, ipAllowlist }, desk)
  const keyId = desk.mint.mintKeyId()
  const born = { state: 'active', reason: null, secrets: [], parent: null, createdAt: now, updatedAt: now } as const
  const plain = {
    addressRule: 'off',
    addresses: [],
    lapse: null,
    cooldown: null,
    terms: null,
    confirmation: null,
  } as const
  const base: KeyRecord = {
    format: 1,
    keyId,
    ...scope,
    ...born,
    ...plain,
    label,
    scheme: scheme.id,
    notBefore,
    expiresAt,
    version: 1,
  }
  // Checked before a secret exists, so that bad input costs none.
  encodeKey(base)
  const { stored, secret } = await desk.issue({ scheme, key: base, version: 1, now })
  const record: KeyRecord = { ...base, secrets: [stored] }
  const outcome = await desk.keys.insert(encodeKey(record), desk.policy.keysPerOwner ?? Number.MAX_SAFE_INTEGER)
  if (outcome === 'limit')
    throw new KeyError('ERR_KEY_LIMIT', `an owner may have ${desk.policy.keysPerOwner} keys at most`)
  if (outcome !== 'inserted')
    throw new StoreError('ERR_STORE_CORRUPT', 'the key store says a new key id exists already')
  return { key: viewKey(record, now), credentials: { keyId, secret } }
}

async function editKey(desk: Desk, request: EditKey<string>): Promise<KeyView> {
  const { owner, keyId, version, ...change } = request
  const record = await load(desk, { owner, keyId })
  if (record.version !== version) throw conflict()
  const now = desk.clock()
  const { notBefore = record.notBefore } = change
  const timed = change.expiresAt !== undefined || change.notBefore !== undefined
  // Unchanged times are not judged again: a key that nears its end can still be edited.
  const expiresAt = timed
    ? resolveExpiry(desk.policy, {
        now,
        notBefore,
        expiresAt: change.expiresAt === undefined ? record.expiresAt : change.expiresAt,
      })
    : record.expiresAt
  return write(desk, { record, operation: 'edit', change: { ...change, notBefore, expiresAt } })
}

async function renewKey(desk: Desk, { expiresAt, ...owned }: RenewKey): Promise<KeyView> {
  const record = await load(desk, owned)
  const renewed = resolveExpiry(desk.policy, { now: desk.clock(), notBefore: record.notBefore, expiresAt })
  return write(desk, { record, operation: 'renew', change: { expiresAt: renewed } })
}

async function rotateKey(desk: Desk, { overlapMs, ...owned }: RotateKey): Promise<IssuedKey> {
  const record = await load(desk, owned)
  const now = desk.clock()
  const overlapEnds = resolveRotationEnd(desk.policy, { now, overlapMs, expiresAt: record.expiresAt })
  // Judged before a secret exists.
  advanceKey(record, 'rotate', { change: {}, now })
  const version = Math.max(0, ...record.secrets.map(secret => secret.version)) + 1
  const { stored, secret } = await desk.issue({ scheme: schemeFor(desk, record.scheme), key: record, version, now })
  const key = await write(desk, {
    record,
    operation: 'rotate',
    change: { secrets: rotateSecrets(record, stored, overlapEnds) },
  })
  return { key, credentials: { keyId: record.keyId, secret } }
}

async function resumeKey(desk: Desk, owned: OwnedKey): Promise<KeyView> {
  const record = await load(desk, owned)
  if (record.state === 'active') return viewKey(record, desk.clock())
  return write(desk, { record, operation: 'resume', change: { state: 'active', reason: null } })
}

import { KeyError, StoreError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { resolveExpiry } from '../policy/key-policy.js'
import { encodeKey, viewKey } from './codec.js'
import { createConfirmation } from './confirmation.js'
import type { ChosenPassphrase } from './credential-types.js'
import { type Asked, type Desk, load, needsMail, replaceKey, schemeFor } from './desk.js'
import { expectSecrets } from './issuer.js'
import { advanceKey } from './lifecycle.js'
import { mail } from './mailing.js'
import type { CreateKey, IssuedKey, RequestedKey, RevealKey } from './manager-types.js'
import { expectChosen } from './passphrase.js'
import { settleKey } from './settling.js'

/** Asks for a key: it waits for its confirmation if the table says so, and then for its secret to be revealed. */
export async function requestKey(desk: Desk, request: CreateKey<string>, asked: Asked): Promise<RequestedKey> {
  const draft = await draftKey(desk, request)
  const mails = needsMail(desk, 'request')
  const browser = mails && desk.policy.sameBrowser ? requireBrowser(asked) : undefined
  await asked.admit()
  if (!mails) {
    await insertKey(desk, draft)
    return { key: viewKey(draft, draft.createdAt), mailed: false }
  }
  const { pending, token } = createConfirmation(draft, {
    operation: 'request',
    parameters: '{}',
    browser,
    now: draft.createdAt,
    lifetimeMs: desk.policy.confirmationMs,
  })
  const record: KeyRecord = { ...draft, state: 'pending', confirmation: pending }
  await insertKey(desk, record)
  return { key: viewKey(record, draft.createdAt), mailed: await mail(desk, record, token) }
}

/** Makes a key and reveals its secret in one step, where the table lets a key be made without a mail. */
export async function createKey(
  desk: Desk,
  { passphrase, ...request }: CreateKey<string> & ChosenPassphrase,
  asked: Asked,
): Promise<IssuedKey> {
  if (needsMail(desk, 'request')) {
    throw new KeyError('ERR_CONFIRMATION_REQUIRED', 'a new key must be confirmed by mail: use request, confirm, reveal')
  }
  const scheme = schemeFor(desk, request.scheme)
  expectSecrets(scheme)
  expectChosen(scheme, passphrase)
  const draft = await draftKey(desk, request)
  await asked.admit()
  const { createdAt: now } = draft
  const { stored, credentials } = await desk.issue({ scheme, key: draft, version: 1, now, passphrase })
  const record: KeyRecord = { ...draft, secrets: [stored] }
  await insertKey(desk, record)
  return { key: viewKey(record, now), credentials }
}

/**
 * Mints the secret and lets it out, once, if the key is still within its ceiling. If the answer is lost, the way on is
 * a rotation.
 */
export async function revealKey(desk: Desk, { passphrase, ...owned }: RevealKey, asked: Asked): Promise<IssuedKey> {
  const record = await load(desk, owned)
  const scheme = schemeFor(desk, record.scheme)
  const now = desk.clock()
  const next = advanceKey(record, 'reveal', { change: {}, now })
  if (record.secrets.length > 0)
    throw new KeyError('ERR_SECRET_REVEALED', 'the secret was revealed before; rotate the key for a new one')
  expectSecrets(scheme)
  expectChosen(scheme, passphrase)
  const settled = await settleKey(desk, next, now)
  await asked.admit()
  const { stored, credentials } = await desk.issue({ scheme, key: record, version: 1, now, passphrase })
  const revealed = await replaceKey(desk, { ...settled, secrets: [stored] }, record)
  return { key: viewKey(revealed, now), credentials }
}

/** The key as it would be, found good before anything exists. */
export async function draftKey(desk: Desk, request: CreateKey<string>, parent?: KeyRecord): Promise<KeyRecord> {
  const now = desk.clock()
  const { policy } = desk
  const {
    owner,
    label,
    permissions,
    accounts,
    ipAllowlist,
    addresses = parent?.addresses ?? [],
    notBefore = null,
  } = request
  await refuseIneligible(desk, owner)
  const draft: KeyRecord = {
    ...{ format: 1, keyId: desk.mint.mintKeyId(), owner, label, scheme: schemeFor(desk, request.scheme).id },
    ...{ state: 'active', reason: null, permissions, accounts, ipAllowlist, notBefore },
    expiresAt: resolveExpiry(policy, { now, notBefore, expiresAt: request.expiresAt }),
    ...{ addressRule: policy.addressRule, addresses, addressPermissions: policy.addressPermissions },
    ...{
      lapse: null,
      cooldown: null,
      terms: parent ? parent.terms : acceptedTerms(desk, request.terms),
      confirmation: null,
    },
    ...{ secrets: [], parent: parent?.keyId ?? null, createdAt: now, updatedAt: now, version: 1 },
  }
  const settled = await settleKey(desk, draft, now)
  encodeKey(settled)
  return settled
}

export async function insertKey(desk: Desk, record: KeyRecord): Promise<void> {
  if (await insertUnlessExists(desk, record)) return
  throw new StoreError('ERR_STORE_CORRUPT', 'the key store says a new key id exists already')
}

/** @throws {KeyError} `ERR_KEY_LIMIT` */
export async function insertUnlessExists(desk: Desk, record: KeyRecord): Promise<boolean> {
  const most = desk.policy.keysPerOwner
  const outcome = await desk.keys.insert(encodeKey(record), most ?? Number.MAX_SAFE_INTEGER)
  if (outcome === 'limit') throw new KeyError('ERR_KEY_LIMIT', `an owner may have ${most} keys at most`)
  return outcome === 'inserted'
}

/** @throws {KeyError} `ERR_OWNER_NOT_ELIGIBLE` */
export async function refuseIneligible({ policy, eligible }: Desk, owner: string): Promise<void> {
  if (!policy.eligibility) return
  if (eligible !== undefined && (await eligible(owner)) === true) return
  throw new KeyError('ERR_OWNER_NOT_ELIGIBLE', 'API access has not been granted to this owner', { field: 'owner' })
}

function acceptedTerms({ policy, clock }: Desk, accepted: string | undefined): KeyRecord['terms'] {
  if (policy.terms === null) return null
  if (accepted === policy.terms) return { version: policy.terms, acceptedAt: clock() }
  throw new KeyError('ERR_TERMS_REQUIRED', `the terms '${policy.terms}' must be acknowledged`, { field: 'terms' })
}

/** @throws {KeyError} `ERR_INPUT_INVALID` when the browser that asks is not named */
export function requireBrowser({ browser }: Asked): string {
  if (typeof browser === 'string' && browser.length >= 16 && browser.length <= 1024) return browser
  throw new KeyError(
    'ERR_INPUT_INVALID',
    "'browser' must be a value of 16 to 1024 characters that only this browser has",
    { field: 'browser' },
  )
}

import type { KeyRecord } from '../key.js'
import { resolveExpiry, resolveRotationEnd } from '../policy/key-policy.js'
import { viewKey } from './codec.js'
import { createConfirmation } from './confirmation.js'
import { requireBrowser } from './creating.js'
import { type Asked, conflict, type Desk, load, needsMail, replaceKey, schemeFor } from './desk.js'
import { cooldownOf } from './grantable.js'
import { invalidInput } from './invalid-input.js'
import { advanceKey, type KeyChange, nextSecretVersion, rotateSecrets } from './lifecycle.js'
import { mail } from './mailing.js'
import type { ChangedKey, EditKey, OwnedKey, RenewKey, RotateKey } from './manager-types.js'
import { readRenewal } from './registering.js'
import { settleKey } from './settling.js'

/** Without the passphrase, which is kept nowhere: it comes with whatever carries the rotation out. */
type RotationParameters = Omit<RotateKey, keyof OwnedKey | 'passphrase'>

/** A change of one key: to be judged now, and carried out now or on confirmation. */
export type Change =
  | { readonly operation: 'edit'; readonly parameters: Omit<EditKey<string>, 'owner' | 'keyId' | 'version'> }
  | { readonly operation: 'renew'; readonly parameters: { readonly expiresAt?: number | null } }
  | { readonly operation: 'rotate'; readonly parameters: RotationParameters }

export async function editKey(desk: Desk, request: EditKey<string>, asked: Asked): Promise<ChangedKey> {
  const { owner, keyId, version, ...parameters } = request
  return changeKey(desk, { owner, keyId, version }, { change: { operation: 'edit', parameters }, asked })
}

export async function renewKey(desk: Desk, request: RenewKey, asked: Asked): Promise<ChangedKey> {
  const { owner, keyId, ...parameters } = request
  return changeKey(desk, { owner, keyId }, { change: { operation: 'renew', parameters }, asked })
}

export async function rotateKey(desk: Desk, request: RotateKey, asked: Asked): Promise<ChangedKey> {
  const { owner, keyId, passphrase, ...parameters } = request
  return changeKey(desk, { owner, keyId }, { change: { operation: 'rotate', parameters }, asked, passphrase })
}

/** Judges a change; then carries it out, or leaves it waiting for the link of a mail. */
async function changeKey(
  desk: Desk,
  { version, ...owned }: OwnedKey & { version?: number },
  { change, asked, passphrase }: { change: Change; asked: Asked; passphrase?: string | undefined },
): Promise<ChangedKey> {
  const record = await load(desk, owned)
  if (version !== undefined && record.version !== version) throw conflict()
  const judged = await judgeChange(desk, record, { change, passphrase })
  const also = amountsTo(record, judged, change)
  const mails = needsMail(desk, change.operation) || (also !== undefined && needsMail(desk, also))
  if (mails && passphrase !== undefined) throw invalidInput('passphrase', 'is given with confirm: it is kept nowhere')
  const browser = mails && desk.policy.sameBrowser ? requireBrowser(asked) : undefined
  await asked.admit({ also })
  return mails ? pend(desk, record, { change, browser }) : commit(desk, judged, { record, change, passphrase })
}

/** An edit that lets a key live longer is a renewal too, so that what guards the one guards the other. */
function amountsTo(before: KeyRecord, after: KeyRecord, { operation }: Change): 'renew' | undefined {
  const endless = Number.POSITIVE_INFINITY
  return operation === 'edit' && (after.expiresAt ?? endless) > (before.expiresAt ?? endless) ? 'renew' : undefined
}

/** Carries out exactly this, judged against the ceiling and the policy of this moment. */
export async function executeChange(
  desk: Desk,
  record: KeyRecord,
  { change, passphrase }: { change: Change; passphrase: string | undefined },
): Promise<ChangedKey> {
  const judged = await judgeChange(desk, record, { change, passphrase })
  return commit(desk, judged, { record, change, passphrase })
}

/** The record as it would be, but for a new secret. */
async function judgeChange(
  desk: Desk,
  record: KeyRecord,
  { change, passphrase }: { change: Change; passphrase: string | undefined },
): Promise<KeyRecord> {
  const now = desk.clock()
  const next = advanceKey(record, change.operation, {
    change: { ...scopeChange(desk, record, change), confirmation: null },
    now,
  })
  if (change.operation === 'rotate') await readRenewal(desk, record, { ...change.parameters, passphrase })
  const settled = await settleKey(desk, next, now)
  return { ...settled, cooldown: cooldownOf(record, settled, { model: desk.permissions, policy: desk.policy, now }) }
}

function scopeChange({ policy, clock }: Desk, record: KeyRecord, { operation, parameters }: Change): KeyChange {
  const now = clock()
  switch (operation) {
    case 'edit': {
      const { notBefore = record.notBefore, expiresAt = record.expiresAt } = parameters
      // Unchanged times are not judged again: a key that nears its end can still be edited.
      const timed = parameters.expiresAt !== undefined || parameters.notBefore !== undefined
      return {
        ...parameters,
        notBefore,
        expiresAt: timed ? resolveExpiry(policy, { now, notBefore, expiresAt }) : expiresAt,
      }
    }
    case 'renew':
      return { expiresAt: resolveExpiry(policy, { now, notBefore: record.notBefore, expiresAt: parameters.expiresAt }) }
    case 'rotate':
      resolveRotationEnd(policy, { now, overlapMs: parameters.overlapMs, expiresAt: record.expiresAt })
      return {}
  }
}

async function commit(
  desk: Desk,
  judged: KeyRecord,
  { record, change, passphrase }: { record: KeyRecord; change: Change; passphrase: string | undefined },
): Promise<ChangedKey> {
  const now = desk.clock()
  if (change.operation !== 'rotate') {
    return { key: viewKey(await replaceKey(desk, judged, record), now), credentials: null, mailed: false }
  }
  const registered = await readRenewal(desk, record, { ...change.parameters, passphrase })
  const asked = {
    scheme: schemeFor(desk, record.scheme),
    key: record,
    version: nextSecretVersion(record),
    now,
    passphrase,
  }
  const issued = registered ? { stored: registered, credentials: null } : await desk.issue(asked)
  const ends = resolveRotationEnd(desk.policy, {
    now,
    overlapMs: change.parameters.overlapMs,
    expiresAt: record.expiresAt,
  })
  const next = await replaceKey(desk, { ...judged, secrets: rotateSecrets(judged, issued.stored, ends) }, record)
  return { key: viewKey(next, now), credentials: issued.credentials, mailed: false }
}

async function pend(
  desk: Desk,
  record: KeyRecord,
  { change, browser }: { change: Change; browser: string | undefined },
): Promise<ChangedKey> {
  const now = desk.clock()
  const { pending, token } = createConfirmation(record, {
    operation: change.operation,
    parameters: JSON.stringify(change.parameters),
    browser,
    now,
    lifetimeMs: desk.policy.confirmationMs,
  })
  const next = await replaceKey(desk, advanceKey(record, 'pend', { change: { confirmation: pending }, now }), record)
  return { key: viewKey(next, now), credentials: null, mailed: await mail(desk, next, token) }
}

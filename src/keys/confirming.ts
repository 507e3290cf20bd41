import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { type Change, executeChange } from './changing.js'
import { decodeKey, viewKey } from './codec.js'
import {
  confirmedParameters,
  createConfirmation,
  invalidConfirmation,
  keyIdOfToken,
  openConfirmation,
} from './confirmation.js'
import { refuseIneligible, requireBrowser } from './creating.js'
import { type Asked, type Desk, load, replaceKey, schemeFor } from './desk.js'
import { invalidInput } from './invalid-input.js'
import { advanceKey } from './lifecycle.js'
import { mail } from './mailing.js'
import type { ChangedKey, ConfirmKey, OwnedKey, PendingChange, RequestedKey } from './manager-types.js'
import { expectChosen } from './passphrase.js'
import { settleKey } from './settling.js'

/** What a link would do, for the page that asks "really?". Does nothing: mail scanners open links too. */
export async function inspectConfirmation(
  desk: Desk,
  { token }: ConfirmKey,
  { browser }: Asked,
): Promise<PendingChange> {
  const record = await recordOf(desk, token)
  const pending = openConfirmation(record, { token, browser, now: desk.clock() })
  const { operation, expiresAt } = pending
  const parameters = confirmedParameters(record, pending)
  return { key: viewKey(record, desk.clock()), operation, parameters, expiresAt }
}

/**
 * Carries out what was asked for: exactly the stored parameters, judged against the ceiling of this moment. Of any
 * number of redemptions at once, one writes the version it read; the others find the link used.
 */
export async function confirmKey(desk: Desk, { token, passphrase }: ConfirmKey, asked: Asked): Promise<ChangedKey> {
  const { browser } = asked
  const record = await recordOf(desk, token)
  const pending = openConfirmation(record, { token, browser, now: desk.clock() })
  if (pending.operation === 'rotate') expectChosen(schemeFor(desk, record.scheme), passphrase)
  else if (passphrase !== undefined) throw invalidInput('passphrase', 'belongs to a rotation')
  const parameters = `{"operation":"${pending.operation}","parameters":${confirmedParameters(record, pending)}}`
  await asked.admit({ owner: record.owner, parameters })
  try {
    if (pending.operation === 'request') return await activate(desk, record)
    const { operation } = pending
    const change = { operation, parameters: JSON.parse(pending.parameters) } as Change
    return await executeChange(desk, record, { change, passphrase })
  } catch (error) {
    if (error instanceof KeyError && error.code === 'ERR_KEY_CONFLICT') throw invalidConfirmation()
    throw error
  }
}

/** Sends the link anew. The one before is dead from here on. */
export async function resendConfirmation(desk: Desk, owned: OwnedKey, asked: Asked): Promise<RequestedKey> {
  const record = await load(desk, owned)
  const { confirmation } = record
  if (confirmation === null)
    throw new KeyError('ERR_KEY_STATE', 'the key awaits no confirmation', { field: 'confirmation' })
  const browser = confirmation.sameBrowser ? requireBrowser(asked) : undefined
  await asked.admit()
  const now = desk.clock()
  const { operation, parameters } = confirmation
  const made = createConfirmation(record, {
    operation,
    parameters,
    browser,
    now,
    lifetimeMs: desk.policy.confirmationMs,
  })
  const next = await replaceKey(
    desk,
    advanceKey(record, 'pend', { change: { confirmation: made.pending }, now }),
    record,
  )
  return { key: viewKey(next, now), mailed: await mail(desk, next, made.token) }
}

async function activate(desk: Desk, record: KeyRecord): Promise<ChangedKey> {
  const now = desk.clock()
  if (record.state !== 'pending') throw invalidConfirmation()
  await refuseIneligible(desk, record.owner)
  const next = advanceKey(record, 'confirm', { change: { state: 'active', confirmation: null }, now })
  const settled = await replaceKey(desk, await settleKey(desk, next, now), record)
  return { key: viewKey(settled, now), credentials: null, mailed: false }
}

async function recordOf(desk: Desk, token: string): Promise<KeyRecord> {
  const keyId = keyIdOfToken(token)
  const row = keyId === undefined ? undefined : await desk.keys.get(keyId)
  if (row === undefined || row.keyId !== keyId) throw invalidConfirmation()
  return decodeKey(row)
}

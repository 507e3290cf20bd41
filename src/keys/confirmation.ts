import { equalBytes, sha256 } from '#hash'
import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import { randomText } from '../crypto/random.js'
import { KeyError } from '../errors.js'
import type { KeyRecord, PendingConfirmation } from '../key.js'

/** 256 bits of base62. */
const TOKEN_CHARACTERS = 43
const TOKEN = /^([A-Za-z0-9_.-]{1,128})~([0-9A-Za-z]{43})$/
const MAX_BROWSER = 1024

/** What a new confirmation is for. */
export interface ConfirmationRequest {
  readonly operation: PendingConfirmation['operation']
  /** JSON text. */
  readonly parameters: string
  /** A value only this browser has (an http-only cookie), if the confirmation is bound to it. */
  readonly browser: string | undefined
  readonly now: number
  readonly lifetimeMs: number
}

/** A confirmation to store, and the token to mail, which is stored nowhere. */
export interface NewConfirmation {
  readonly pending: PendingConfirmation
  readonly token: string
}

/** Makes a confirmation of a key. It replaces whatever the key was waiting for, so that only the latest link works. */
export function createConfirmation(
  key: KeyRecord,
  { operation, parameters, browser, now, lifetimeMs }: ConfirmationRequest,
): NewConfirmation {
  const random = randomText(TOKEN_CHARACTERS)
  const digest = encodeHex(commit(key, { operation, parameters, random, browser }))
  const times = { requestedAt: now, expiresAt: now + lifetimeMs }
  return {
    pending: { operation, parameters, digest, sameBrowser: browser !== undefined, ...times },
    token: `${key.keyId}~${random}`,
  }
}

/** The key a token belongs to; `undefined` for what is no token. */
export function keyIdOfToken(token: unknown): string | undefined {
  return typeof token === 'string' && token.length <= 256 ? TOKEN.exec(token)?.[1] : undefined
}

/**
 * The confirmation a token opens, if it is this key's latest, still alive, unchanged since it was asked for, and used
 * from the browser that asked. All failures are one error, so that a wrong token learns nothing.
 *
 * @throws {KeyError} `ERR_CONFIRMATION_INVALID`
 */
export function openConfirmation(
  record: KeyRecord,
  { token, browser, now }: { token: string; browser: string | undefined; now: number },
): PendingConfirmation {
  const pending = record.confirmation
  const random = TOKEN.exec(token)?.[2]
  // A clock set back behind what the key has seen does not bring a dead link to life.
  const latest = Math.max(now, record.updatedAt)
  if (pending === null || random === undefined || latest >= pending.expiresAt) throw invalidConfirmation()
  const { operation, parameters, sameBrowser } = pending
  if (sameBrowser && (typeof browser !== 'string' || browser.length > MAX_BROWSER)) throw invalidConfirmation()
  const expected = decodeHex(pending.digest, 32)
  const actual = commit(record, { operation, parameters, random, browser: sameBrowser ? browser : undefined })
  if (expected === undefined || !equalBytes(expected, actual)) throw invalidConfirmation()
  return pending
}

export function invalidConfirmation(): KeyError {
  return new KeyError('ERR_CONFIRMATION_INVALID', 'the confirmation link is not valid, or no longer', {
    field: 'token',
  })
}

/**
 * JSON text of what a confirmation carries out. A key that was asked for holds its own parameters, so that they are
 * kept once.
 */
export function confirmedParameters(
  record: KeyRecord,
  { operation, parameters }: Pick<PendingConfirmation, 'operation' | 'parameters'>,
): string {
  if (operation !== 'request') return parameters
  const { label, scheme, permissions, accounts, ipAllowlist, notBefore, expiresAt } = record
  const { addressRule, addresses, addressPermissions, terms, parent } = record
  const times = { notBefore, expiresAt }
  const bound = { addressRule, addresses, addressPermissions }
  return JSON.stringify({ label, scheme, permissions, accounts, ipAllowlist, ...times, ...bound, terms, parent })
}

interface Bound {
  readonly random: string
  readonly browser: string | undefined
}

/** Each part is led by its length, so that no two different sets of parts are one text. */
function commit(
  record: KeyRecord,
  { random, browser, ...asked }: Pick<PendingConfirmation, 'operation' | 'parameters'> & Bound,
): Uint8Array {
  const parts = [
    'keylattice-confirmation-v1',
    record.owner,
    record.keyId,
    asked.operation,
    confirmedParameters(record, asked),
    random,
    browser === undefined ? 'any' : `same:${browser}`,
  ]
  return sha256.digest(parts.map(part => `${encodeUtf8(part).length}:${part}`))
}

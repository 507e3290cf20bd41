import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import type { Operation } from '../preset.js'
import type { Scheme } from '../scheme.js'
import type { KeyRow } from '../store.js'
import { decodeKey, encodeKey } from './codec.js'
import type { GuardedStore } from './guarded-store.js'
import type { IssuedSecret, SecretRequest } from './issuer.js'
import type { CheckedManagerOptions } from './manager-options.js'
import type { OwnedKey } from './manager-types.js'

/** What every operation works with. */
export interface Desk extends Omit<CheckedManagerOptions, 'keys'> {
  readonly keys: GuardedStore
  readonly issue: (request: SecretRequest) => Promise<IssuedSecret>
}

/** How an operation was asked for. */
export interface Asked {
  /** A value only the asking browser has. */
  readonly browser: string | undefined
  /**
   * Asks for the second factor, if the operation needs one. Called when the request has been found good and before
   * anything is done, so that no code is spent on a typing error.
   *
   * @param found what only the key could tell
   */
  readonly admit: (found?: FoundToAdmit) => Promise<void>
}

export interface FoundToAdmit {
  /** The owner, where the request does not name them. */
  readonly owner?: string
  /** Another operation that this one amounts to. */
  readonly also?: Operation | undefined
  /** JSON text of what will be done, where the request does not say it. */
  readonly parameters?: string
}

/** Whether an operation waits for the link in a mail. */
export function needsMail({ policy }: Desk, operation: Operation): boolean {
  return policy.operations[operation].needs === 'second-factor-and-mail'
}

/** Writes what follows on the version that was read, or nothing. @throws {KeyError} `ERR_KEY_CONFLICT` */
export async function replaceKey(desk: Desk, next: KeyRecord, from: KeyRecord): Promise<KeyRecord> {
  if (!(await desk.keys.replace(encodeKey(next), from.version))) throw conflict()
  return next
}

export async function load(desk: Desk, owned: OwnedKey): Promise<KeyRecord> {
  return decodeKey(await find(desk, owned))
}

/** Another owner's key is not found, in the same words and with the same work as one that does not exist. */
export async function find(desk: Desk, { owner, keyId }: OwnedKey): Promise<KeyRow> {
  const row = await desk.keys.get(keyId)
  if (row !== undefined && row.owner === owner && row.keyId === keyId) return row
  throw new KeyError('ERR_KEY_NOT_FOUND', 'no such key')
}

export function schemeFor({ schemes }: Desk, id: string | undefined): Scheme {
  const only = schemes.size === 1 ? [...schemes.values()][0] : undefined
  const scheme = id === undefined ? only : schemes.get(id)
  if (scheme !== undefined) return scheme
  const known = [...schemes.keys()].join(', ')
  throw new KeyError('ERR_INPUT_INVALID', `'scheme' must be one of: ${known}`, { field: 'scheme' })
}

export function conflict(): KeyError {
  return new KeyError('ERR_KEY_CONFLICT', 'the key was changed by somebody else; read it again', { field: 'version' })
}

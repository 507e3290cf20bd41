import { KeyError } from '../errors.js'
import type { KeyRecord, KeyView } from '../key.js'
import type { Scheme } from '../scheme.js'
import type { KeyRow } from '../store.js'
import { decodeKey, encodeKey, viewKey } from './codec.js'
import { checkScope } from './grantable.js'
import type { GuardedStore } from './guarded-store.js'
import type { IssuedSecret, SecretRequest } from './issuer.js'
import { advanceKey, type KeyChange, type Operation } from './lifecycle.js'
import type { CheckedManagerOptions } from './manager-options.js'
import type { OwnedKey } from './manager-types.js'

/** What every operation works with. */
export interface Desk extends Omit<CheckedManagerOptions, 'keys'> {
  readonly keys: GuardedStore
  readonly issue: (request: SecretRequest) => Promise<IssuedSecret>
}

/** Writes a living key: within its ceiling and policy, from the version that was read, or not at all. */
export async function write(
  desk: Desk,
  { record, operation, change }: { record: KeyRecord; operation: Operation; change: KeyChange },
): Promise<KeyView> {
  const now = desk.clock()
  const next = advanceKey(record, operation, { change, now })
  const scoped = await checkScope(next, desk)
  if (!(await desk.keys.replace(encodeKey(scoped), record.version))) throw conflict()
  return viewKey(scoped, now)
}

export async function load(desk: Desk, owned: OwnedKey): Promise<KeyRecord> {
  return decodeKey(await find(desk, owned))
}

/** Another owner's key is not found, in the same words and with the same work as one that does not exist. */
export async function find(desk: Desk, { owner, keyId }: OwnedKey): Promise<KeyRow> {
  const row = await desk.keys.get(keyId)
  if (row === undefined || row.owner !== owner || row.keyId !== keyId)
    throw new KeyError('ERR_KEY_NOT_FOUND', 'no such key')
  return row
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

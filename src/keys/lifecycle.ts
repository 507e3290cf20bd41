import { KeyError } from '../errors.js'
import type { KeyRecord, KeyState, StoredSecret } from '../key.js'

/** What can be done to a key. */
export type Operation = 'edit' | 'renew' | 'rotate' | 'suspend' | 'resume' | 'revoke'

/** From which states each operation may start. Revoked is in no row: nothing leaves it but removal. */
const STARTS_FROM: Readonly<Record<Operation, readonly KeyState[]>> = {
  edit: ['pending', 'active', 'suspended'],
  renew: ['active', 'suspended'],
  rotate: ['active', 'suspended'],
  suspend: ['active'],
  resume: ['suspended'],
  revoke: ['pending', 'active', 'suspended'],
}

/** What an operation changes. Identity, owner, scheme and parent are not in it: no operation changes them. */
export type KeyChange = Partial<
  Pick<
    KeyRecord,
    'label' | 'state' | 'reason' | 'permissions' | 'accounts' | 'ipAllowlist' | 'notBefore' | 'expiresAt' | 'secrets'
  >
>

/**
 * The next version of a key. Pure: the only way a record changes.
 *
 * @throws {KeyError} `ERR_KEY_STATE` when the operation cannot start from the key's state
 */
export function advanceKey(
  record: KeyRecord,
  operation: Operation,
  { change, now }: { change: KeyChange; now: number },
): KeyRecord {
  if (!STARTS_FROM[operation].includes(record.state)) {
    throw new KeyError('ERR_KEY_STATE', `cannot ${operation} a key that is ${record.state}`, { field: 'state' })
  }
  const secrets = (change.secrets ?? record.secrets).filter(secret => secret.notAfter === null || secret.notAfter > now)
  // Time never runs backwards in a record, whatever the clock does.
  const updatedAt = Math.max(now, record.updatedAt)
  return { ...record, ...change, secrets, updatedAt, version: record.version + 1 }
}

/** The secret that is current; absent only in a corrupt key. */
export function currentSecret(record: KeyRecord): StoredSecret | undefined {
  return record.secrets.find(secret => secret.notAfter === null)
}

/**
 * The secrets once `fresh` has become current: the one before passes until `overlapEnds`, and any older one is gone,
 * so that never more than two pass.
 */
export function rotateSecrets(record: KeyRecord, fresh: StoredSecret, overlapEnds: number): readonly StoredSecret[] {
  const previous = currentSecret(record)
  return previous === undefined || overlapEnds <= fresh.createdAt
    ? [fresh]
    : [{ ...previous, notAfter: overlapEnds }, fresh]
}

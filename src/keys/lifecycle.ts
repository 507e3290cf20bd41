import { KeyError } from '../errors.js'
import type { KeyRecord, KeyState, StoredSecret } from '../key.js'

/** What can happen to a record. */
export type Transition =
  | 'confirm'
  | 'pend'
  | 'reveal'
  | 'register'
  | 'edit'
  | 'renew'
  | 'rotate'
  | 'suspend'
  | 'resume'
  | 'revoke'
  | 'sweep'
  | 'reseal'

/** From which states each may start. Nothing leaves revoked but removal; `reseal` leaves every state as it is. */
const STARTS_FROM: Readonly<Record<Transition, readonly KeyState[]>> = {
  confirm: ['pending', 'active', 'suspended'],
  pend: ['pending', 'active', 'suspended'],
  reveal: ['active'],
  register: ['active'],
  edit: ['active', 'suspended'],
  renew: ['active', 'suspended'],
  rotate: ['active', 'suspended'],
  suspend: ['active'],
  resume: ['suspended'],
  revoke: ['pending', 'active', 'suspended'],
  sweep: ['active', 'suspended'],
  reseal: ['pending', 'active', 'suspended', 'revoked'],
}

/** What a transition changes. Identity, owner, scheme and parent are not in it: nothing changes them. */
export type KeyChange = Partial<
  Omit<KeyRecord, 'format' | 'keyId' | 'owner' | 'scheme' | 'parent' | 'createdAt' | 'updatedAt' | 'version'>
>

/**
 * The next version of a key. Pure: the only way a record changes.
 *
 * @throws {KeyError} `ERR_KEY_STATE` when the transition cannot start from the key's state
 */
export function advanceKey(
  record: KeyRecord,
  transition: Transition,
  { change, now }: { change: KeyChange; now: number },
): KeyRecord {
  if (!STARTS_FROM[transition].includes(record.state)) {
    throw new KeyError('ERR_KEY_STATE', `cannot ${transition} a key that is ${record.state}`, { field: 'state' })
  }
  const secrets = (change.secrets ?? record.secrets).filter(secret => secret.notAfter === null || secret.notAfter > now)
  // Time never runs backwards in a record, whatever the clock does.
  const updatedAt = Math.max(now, record.updatedAt)
  return { ...record, ...change, secrets, updatedAt, version: record.version + 1 }
}

/** The secret that is current; absent before the first was revealed. */
export function currentSecret(record: KeyRecord): StoredSecret | undefined {
  return record.secrets.find(secret => secret.notAfter === null)
}

/** The version of the next secret. */
export function nextSecretVersion(record: KeyRecord): number {
  return Math.max(0, ...record.secrets.map(secret => secret.version)) + 1
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

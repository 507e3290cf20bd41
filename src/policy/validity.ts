import type { DenialCode } from '../denials.js'
import type { KeyRecord } from '../key.js'
import { isInstant } from '../time.js'

/** Why a key may not be used now. */
export type ValidityDenial = Extract<
  DenialCode,
  'key_revoked' | 'key_suspended' | 'key_pending' | 'key_corrupt' | 'key_not_yet_valid' | 'key_expired'
>

/**
 * Why a key may not be used at `now`, or `undefined` when it may: its state first, then its times. A key is valid
 * from `notBefore` on, to the millisecond, and no longer valid at `expiresAt`. Whatever is neither `null` nor an
 * instant fails closed: a bound that cannot be compared has never been met, and a clock that shows no time shows none
 * within any key's life.
 * Hot path: comparisons only.
 */
export function validityOf(
  { state, notBefore, expiresAt }: Pick<KeyRecord, 'state' | 'notBefore' | 'expiresAt'>,
  now: number,
): ValidityDenial | undefined {
  if (state !== 'active') return denialOfState(state)
  if (!isInstant(now)) return 'key_expired'
  if (notBefore !== null && !(isInstant(notBefore) && notBefore <= now)) return 'key_not_yet_valid'
  if (expiresAt !== null && !(isInstant(expiresAt) && now < expiresAt)) return 'key_expired'
  return undefined
}

function denialOfState(state: Exclude<KeyRecord['state'], 'active'>): ValidityDenial {
  switch (state) {
    case 'revoked':
      return 'key_revoked'
    case 'suspended':
      return 'key_suspended'
    case 'pending':
      return 'key_pending'
    default:
      return unknownState(state)
  }
}

/** The parameter's type makes a new state that is not handled above a compile error. */
function unknownState(_: never): ValidityDenial {
  return 'key_corrupt'
}

import type { PermissionModel, WithdrawalAddress } from '../key.js'
import type { CompiledKey } from '../keys/compiled-key.js'
import { isSameAddress } from '../policy/withdrawal-address.js'
import type { Awaitable } from '../store.js'
import type { Needed } from './requirements.js'
import type { Refusal } from './verdict.js'

export interface AddressBook {
  readonly permissions: PermissionModel
  /** Whether an owner's address book holds an address. */
  readonly addressBook: ((owner: string, address: WithdrawalAddress) => Awaitable<boolean>) | undefined
}

const UNLISTED: Refusal = Object.freeze({ denial: 'address_not_allowed' })
const UNNAMED: Refusal = Object.freeze({ denial: 'address_not_allowed', field: 'withdrawal' })

/**
 * Whether funds may go where they are to go, by the rule of the key and of every ancestor. An operation that needs a
 * permission bound to addresses and does not say where it sends funds is refused.
 *
 * @denies address_not_allowed
 */
export async function checkWithdrawal(
  keys: readonly CompiledKey[],
  { grant, withdrawal }: Needed,
  options: AddressBook,
): Promise<Refusal | undefined> {
  for (const key of keys) {
    if (!key.addressBound.some(bound => options.permissions.covers(grant, bound))) continue
    if (withdrawal === undefined) return UNNAMED
    if (!(await isListed(key, withdrawal, options))) return UNLISTED
  }
  return undefined
}

async function isListed(
  { record }: CompiledKey,
  address: WithdrawalAddress,
  { addressBook }: AddressBook,
): Promise<boolean> {
  if (record.addressRule === 'key') return record.addresses.some(listed => isSameAddress(listed, address))
  // Without a book to look into, nothing is listed.
  return addressBook !== undefined && (await addressBook(record.owner, address)) === true
}

import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { isWithinAllowlist } from '../policy/ip-allowlist.js'
import { isSameAddress } from '../policy/withdrawal-address.js'
import { type Desk, load } from './desk.js'
import { settleScope } from './grantable.js'

/**
 * Settles a key that will live: within its owner's ceiling and the policy, and if it is a child within its parent, at
 * its creation and at every later change.
 *
 * @throws {KeyError} as `settleScope`, and `ERR_KEY_STATE` when the parent no longer lives
 */
export async function settleKey(desk: Desk, record: KeyRecord, now: number): Promise<KeyRecord> {
  const settled = await settleScope(record, desk, now)
  if (settled.parent === null) return settled
  const parent = await load(desk, { owner: settled.owner, keyId: settled.parent })
  if (parent.state !== 'active' && parent.state !== 'suspended') {
    throw new KeyError('ERR_KEY_STATE', `the parent key is ${parent.state}`, { field: 'parent' })
  }
  refuseAboveParent(desk, settled, parent)
  return settled
}

function refuseAboveParent({ permissions }: Desk, child: KeyRecord, parent: KeyRecord): void {
  permissions.attenuate(permissions.parse(child.permissions), permissions.parse(parent.permissions))
  const { accounts, addresses } = child
  const within: Readonly<Record<string, boolean>> = {
    accounts: parent.accounts === null || accounts?.every(account => parent.accounts?.includes(account)) === true,
    ipAllowlist: isWithinAllowlist(child.ipAllowlist, parent.ipAllowlist),
    addresses: addresses.every(address => parent.addresses.some(listed => isSameAddress(listed, address))),
    expiresAt: parent.expiresAt === null || (child.expiresAt !== null && child.expiresAt <= parent.expiresAt),
  }
  for (const [field, isWithin] of Object.entries(within)) {
    if (!isWithin) throw new KeyError('ERR_CEILING_EXCEEDED', `${field} exceeds what the parent key has`, { field })
  }
}

import { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import { checkAllowlist } from '../policy/ip-allowlist.js'
import type { CheckedManagerOptions } from './manager-options.js'

/** What of a key decides how much it can do. */
export type KeyScope = Pick<KeyRecord, 'owner' | 'permissions' | 'accounts' | 'ipAllowlist'>

/**
 * Checks that a key may be as wide as asked: every permission known and within the owner's ceiling, every account the
 * owner's, the allowlist within the policy. Every path that writes a living key passes here, so that none can widen it.
 *
 * @returns the scope with the allowlist in its one spelling
 * @throws {KeyError} `ERR_PERMISSION_UNKNOWN`, `ERR_PERMISSION_EXCLUDED`, `ERR_CEILING_EXCEEDED`, `ERR_INPUT_INVALID`,
 * `ERR_POLICY_VIOLATED`
 */
export async function checkScope<S extends KeyScope>(scope: S, options: CheckedManagerOptions): Promise<S> {
  const { permissions, policy } = options
  const wanted = permissions.parse(scope.permissions)
  const ipAllowlist = checkAllowlist(scope.ipAllowlist, policy)
  const ceiling = await options.ceiling(scope.owner)
  permissions.attenuate(wanted, permissions.ceiling(ceiling.permissions))
  refuseForeignAccounts(scope.accounts, ceiling.accounts)
  return { ...scope, ipAllowlist }
}

function refuseForeignAccounts(wanted: readonly string[] | null, owned: readonly string[] | null): void {
  if (wanted !== null && !Array.isArray(wanted)) {
    throw new KeyError('ERR_INPUT_INVALID', 'accounts must be a list, or null for all', { field: 'accounts' })
  }
  if (owned === null) return
  const has = new Set(owned)
  const foreign = wanted === null ? -1 : wanted.findIndex(account => !has.has(account))
  if (wanted !== null && foreign < 0) return
  const field = wanted === null ? 'accounts' : `accounts[${foreign}]`
  throw new KeyError('ERR_CEILING_EXCEEDED', `${field} is above what the owner has`, { field })
}

import { ConfigError } from '../errors.js'
import type { Grant, PermissionModel, WithdrawalAddress } from '../key.js'
import { anyPermission } from '../policy/routes.js'

/** What an operation needs. */
export interface Requirement<P extends string = string> {
  /** One permission, or several that are all needed; `anyPermission` where a valid key is enough. */
  readonly permission: P | readonly P[] | typeof anyPermission
  /**
   * The account the operation acts on, in the host's own naming; `null` = it acts on none, or the host filters by
   * `principal.accounts` itself. Left out, only keys that are not limited to accounts pass.
   */
  readonly account?: string | null | undefined
  /**
   * Where the operation sends funds, normalised by the host. Left out, a key whose permission is bound to addresses
   * is refused.
   */
  readonly withdrawal?: WithdrawalAddress | undefined
}

/** A requirement, ready to compare. */
export interface Needed {
  readonly grant: Grant
  readonly account: string | null | undefined
  readonly withdrawal: WithdrawalAddress | undefined
}

/**
 * Turns a requirement's names into a grant; single names are looked up once.
 *
 * The function throws `KeyError` `ERR_PERMISSION_UNKNOWN` for a name the model does not have, and `ConfigError` for
 * a requirement that requires nothing: an operation that forgot to say what it needs must not be open.
 */
export function createRequirements(permissions: PermissionModel): (required: Requirement) => Grant {
  const known = new Map<string, Grant>()
  for (const name of [...permissions.names, ...permissions.aliases]) known.set(name, permissions.parse([name]))
  return ({ permission }) => {
    if (typeof permission === 'string') return known.get(permission) ?? permissions.parse([permission])
    if (permission === anyPermission) return permissions.none
    if (Array.isArray(permission) && permission.length > 0) return permissions.parse(permission)
    throw new ConfigError('ERR_OPTION_MISSING', "verify needs a 'permission', a list of them, or anyPermission", {
      field: 'permission',
    })
  }
}

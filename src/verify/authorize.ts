import { ConfigError } from '../errors.js'
import type { Grant, PermissionModel } from '../key.js'
import type { CompiledKey } from '../keys/compiled-key.js'
import { anyPermission } from '../policy/routes.js'
import { validityOf } from '../policy/validity.js'
import type { Refusal } from './verdict.js'

/** What an operation needs. */
export interface Requirement<P extends string = string> {
  /** One permission, or several that are all needed; `anyPermission` where a valid key is enough. */
  readonly permission: P | readonly P[] | typeof anyPermission
  /**
   * The account the operation acts on, in the host's own naming; `null` = it acts on none, or the host filters by
   * `principal.accounts` itself. Left out, only keys that are not limited to accounts pass.
   */
  readonly account?: string | null | undefined
}

const ADDRESS: Refusal = Object.freeze({ denial: 'address_not_allowed' })
const ACCOUNT: Refusal = Object.freeze({ denial: 'account_not_allowed' })
const PERMISSION: Refusal = Object.freeze({ denial: 'permission_denied' })

/** Policy, judged only once the caller is proven, so that it tells strangers nothing about a key. */
export type Authorize = (
  key: CompiledKey,
  needed: { readonly grant: Grant; readonly account: string | null | undefined },
  from: { readonly ip: string | undefined; readonly now: number },
) => Refusal | undefined

/**
 * Builds the policy step: state → validity → address → account → permission.
 *
 * @denies key_pending, key_suspended, key_revoked, key_not_yet_valid, key_expired, address_not_allowed,
 * account_not_allowed, permission_denied
 */
export function createAuthorizer(permissions: PermissionModel): Authorize {
  return (key, needed, { ip, now }) => {
    const invalid = validityOf(key.record, now)
    if (invalid !== undefined) return { denial: invalid }
    if (!key.allowlist.allows(ip)) return ADDRESS
    if (key.accounts !== null && !reaches(key.accounts, needed.account)) return ACCOUNT
    return permissions.covers(key.principal.grant, needed.grant) ? undefined : PERMISSION
  }
}

function reaches(accounts: ReadonlySet<string>, account: string | null | undefined): boolean {
  return account === null || (account !== undefined && accounts.has(account))
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

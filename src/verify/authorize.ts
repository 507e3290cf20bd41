import type { Grant, PermissionModel } from '../key.js'
import type { CompiledKey, Principal } from '../keys/compiled-key.js'
import type { KeyCache } from '../keys/key-cache.js'
import type { Ceiling } from '../keys/manager-options.js'
import { validityOf } from '../policy/validity.js'
import type { Awaitable } from '../store.js'
import { loadAncestors } from './lineage.js'
import type { Needed } from './requirements.js'
import { type Allowed, isRefusal, type Refusal } from './verdict.js'
import { type AddressBook, checkWithdrawal } from './withdrawal.js'

/** Where and when a request comes. */
export interface Origin {
  readonly ip: string | undefined
  readonly now: number
}

/** Policy, judged only once the caller is proven, so that it tells strangers nothing about a key. */
export type Authorize = (key: CompiledKey, needed: Needed, origin: Origin) => Awaitable<Allowed | Refusal>

export interface AuthorizerOptions extends AddressBook {
  readonly permissions: PermissionModel
  readonly load: KeyCache['load']
  /** What an owner may do at this moment; `null` = nothing, the owner is frozen. */
  readonly ownerCeiling: ((owner: string) => Awaitable<Ceiling | null>) | undefined
}

const IP: Refusal = Object.freeze({ denial: 'ip_not_allowed' })
const ACCOUNT: Refusal = Object.freeze({ denial: 'account_not_allowed' })
const PERMISSION: Refusal = Object.freeze({ denial: 'permission_denied' })
const FROZEN: Refusal = Object.freeze({ denial: 'owner_frozen' })

/**
 * Builds the policy step: state → validity → IP address → account → permission → withdrawal address. A child key is
 * judged by itself and by every ancestor, and any key by what its owner may do now, where the host says so.
 *
 * @denies key_pending, key_suspended, key_revoked, key_not_yet_valid, key_expired, ip_not_allowed,
 * account_not_allowed, permission_denied, address_not_allowed, owner_frozen
 */
export function createAuthorizer(options: AuthorizerOptions): Authorize {
  const { permissions, ownerCeiling } = options
  return (key, needed, origin) => {
    const refused = judgeKey(permissions, key, { needed, origin })
    if (refused !== undefined) return refused
    const plain = key.record.parent === null && key.addressBound.length === 0 && key.narrowed === null
    return plain && ownerCeiling === undefined ? key.allowed : judgeFurther(options, key, { needed, origin })
  }
}

type Asked = { readonly needed: Needed; readonly origin: Origin }

/** State, validity, address, account, permission of one key. Hot path: comparisons only. */
function judgeKey(model: PermissionModel, key: CompiledKey, { needed, origin }: Asked): Refusal | undefined {
  const invalid = validityOf(key.record, origin.now)
  if (invalid !== undefined) return { denial: invalid }
  if (!key.allowlist.allows(origin.ip)) return IP
  if (key.accounts !== null && !reaches(key.accounts, needed.account)) return ACCOUNT
  return model.covers(grantAt(model, key, origin.now), needed.grant) ? undefined : PERMISSION
}

/** What only some keys have: ancestors, address rules, times of lesser grants. */
async function judgeFurther(options: AuthorizerOptions, key: CompiledKey, asked: Asked): Promise<Allowed | Refusal> {
  const { permissions, ownerCeiling } = options
  const { needed, origin } = asked
  const ancestors = await loadAncestors(options.load, key)
  if (isRefusal(ancestors)) return ancestors
  let grant = grantAt(permissions, key, origin.now)
  for (const ancestor of ancestors) {
    const refused = judgeKey(permissions, ancestor, asked)
    if (refused !== undefined) return refused
    grant = permissions.meet(grant, grantAt(permissions, ancestor, origin.now))
  }
  if (ownerCeiling !== undefined) {
    const ceiling = await ownerCeiling(key.record.owner)
    if (ceiling === null || ceiling === undefined) return FROZEN
    if (!ownsAccount(ceiling, needed.account)) return ACCOUNT
    grant = permissions.meet(grant, permissions.ceiling(ceiling.permissions))
    if (!permissions.covers(grant, needed.grant)) return PERMISSION
  }
  const unlisted = await checkWithdrawal([key, ...ancestors], needed, options)
  return unlisted ?? { ok: true, principal: withGrant(permissions, key.principal, grant) }
}

/** What a key may do at an instant: all of its grant, except before a cool-down ends or after a lapse. */
function grantAt(model: PermissionModel, { narrowed, principal }: CompiledKey, now: number): Grant {
  if (narrowed === null) return principal.grant
  const { lapse, cooldown } = narrowed
  const granted = lapse !== null && now >= lapse.at ? lapse.grant : principal.grant
  return cooldown !== null && now < cooldown.at ? model.meet(granted, cooldown.grant) : granted
}

function withGrant(model: PermissionModel, principal: Principal, grant: Grant): Principal {
  return Object.freeze({ ...principal, grant, permissions: model.format(grant) })
}

function reaches(accounts: ReadonlySet<string>, account: string | null | undefined): boolean {
  return account === null || (account !== undefined && accounts.has(account))
}

function ownsAccount({ accounts }: Ceiling, account: string | null | undefined): boolean {
  return accounts === null || account === null || (account !== undefined && accounts.includes(account))
}

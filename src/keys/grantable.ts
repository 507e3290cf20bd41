import { KeyError } from '../errors.js'
import type { Cooldown, Grant, KeyRecord, Lapse, PermissionModel, WithdrawalAddress } from '../key.js'
import { checkAllowlist } from '../policy/ip-allowlist.js'
import { isSameAddress } from '../policy/withdrawal-address.js'
import type { KeyPolicy } from '../preset.js'
import { without } from './compiled-key.js'
import type { CheckedManagerOptions } from './manager-options.js'

type Rules = Pick<CheckedManagerOptions, 'permissions' | 'policy' | 'ceiling'>

/**
 * Checks that a key may be as wide as it would be, and settles what follows from its width: every permission known and
 * within the owner's ceiling, every account the owner's, the allowlist and the addresses as the policy wants them;
 * what lapses, and when. Every path that leaves a living key passes here, so that none can widen it.
 *
 * @returns the record with the allowlist in its one spelling
 * @throws {KeyError} `ERR_PERMISSION_UNKNOWN`, `ERR_PERMISSION_EXCLUDED`, `ERR_CEILING_EXCEEDED`, `ERR_INPUT_INVALID`,
 * `ERR_POLICY_VIOLATED`
 */
export async function settleScope(record: KeyRecord, rules: Rules, now: number): Promise<KeyRecord> {
  const { permissions, policy } = rules
  const wanted = permissions.parse(record.permissions)
  const ipAllowlist = checkAllowlist(record.ipAllowlist, policy)
  refuseMissing({ ...record, ipAllowlist }, wanted, rules)
  const ceiling = await rules.ceiling(record.owner)
  permissions.attenuate(wanted, permissions.ceiling(ceiling.permissions))
  refuseForeignAccounts(record.accounts, ceiling.accounts)
  return { ...record, ipAllowlist, lapse: lapseOf({ ...record, ipAllowlist }, wanted, { rules, now }) }
}

/** Permissions that may only be held together with another restriction. */
function refuseMissing(record: KeyRecord, wanted: Grant, { permissions, policy }: Rules): void {
  if (record.ipAllowlist === null && holdsAny(permissions, wanted, policy.needAllowlist)) {
    throw violated('ipAllowlist', 'is required for these permissions')
  }
  const { addressRule, addressPermissions, addresses } = record
  if (addressRule === 'key' && addresses.length === 0 && holdsAny(permissions, wanted, addressPermissions)) {
    throw violated('addresses', 'are required for these permissions')
  }
  if (addressRule !== 'key' && addresses.length > 0) throw violated('addresses', 'of a key are not used by this house')
}

/** A key without an allowlist starts a term; one that has a list has none; an edit does not start the term anew. */
function lapseOf(record: KeyRecord, wanted: Grant, { rules, now }: { rules: Rules; now: number }): Lapse | null {
  const { lapse } = rules.policy
  if (lapse === null || record.ipAllowlist !== null || !holdsAny(rules.permissions, wanted, lapse.permissions))
    return null
  return record.lapse ?? { at: now + lapse.afterMs, permissions: lapse.permissions }
}

/** Whether a grant holds one of these permissions, or one that implies it. */
export function holdsAny(model: PermissionModel, grant: Grant, names: readonly string[]): boolean {
  return names.some(name => model.covers(grant, model.parse([name])))
}

/**
 * What a key that was just widened may do until the cool-down ends: what it could do before, and nothing that is bound
 * to the restriction that was loosened. `null` when nothing was widened. To get back what has lapsed is to be widened.
 */
export function cooldownOf(
  before: KeyRecord,
  after: KeyRecord,
  { model, policy, now }: { model: PermissionModel; policy: KeyPolicy; now: number },
): Cooldown | null {
  if (policy.cooldownMs === 0) return before.cooldown
  const had = unlapsed(model, before, now)
  const loosened =
    widensAllowlist(before.ipAllowlist, after.ipAllowlist) || addsAddress(before.addresses, after.addresses)
  if (model.covers(had, unlapsed(model, after, now)) && !loosened) return before.cooldown
  const isRunning = before.cooldown !== null && before.cooldown.until > now
  const could = isRunning ? model.meet(had, model.parse(before.cooldown.permissions)) : had
  const kept = model.meet(could, model.parse(after.permissions))
  const bound = [...policy.needAllowlist, ...policy.addressPermissions]
  return { until: now + policy.cooldownMs, permissions: model.format(loosened ? without(kept, bound, model) : kept) }
}

/** What a key is granted at an instant, but for a cool-down. */
function unlapsed(model: PermissionModel, { permissions, lapse }: KeyRecord, now: number): Grant {
  const granted = model.parse(permissions)
  return lapse !== null && lapse.at <= now ? without(granted, lapse.permissions, model) : granted
}

function widensAllowlist(before: readonly string[] | null, after: readonly string[] | null): boolean {
  if (before === null) return false
  return after === null || after.some(entry => !before.includes(entry))
}

function addsAddress(before: readonly WithdrawalAddress[], after: readonly WithdrawalAddress[]): boolean {
  return after.some(address => !before.some(known => isSameAddress(known, address)))
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

function violated(field: string, why: string): KeyError {
  return new KeyError('ERR_POLICY_VIOLATED', `${field} ${why}`, { field })
}

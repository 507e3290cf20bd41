/**
 * Keys as sets of names, accounts and addresses, written without a thought for speed: what manager and verifier are
 * judged by. It says what the guides say, and shares nothing with the library but the vocabulary of its policy.
 */

import type { KeyState, PendingConfirmation } from '../../src/index.js'
import { closureOf, holdsPair, type Implications, intersectionOf, isSubset } from './naive-permissions.js'

/** An exchange: its permissions, its rules, and which operations wait for a mail. */
export interface House {
  readonly name: string
  readonly implications: Implications
  readonly aliases: Readonly<Record<string, readonly string[]>>
  readonly exclusions: readonly (readonly [string, string])[]
  readonly mails: readonly PendingConfirmation['operation'][]
  readonly keysPerOwner: number
  readonly childDepth: number
  /** ms; `null` = a key may be without expiry. */
  readonly maxLifetimeMs: number | null
  readonly defaultLifetimeMs: number | null
  readonly cooldownMs: number
  readonly lapse: { readonly permissions: readonly string[]; readonly afterMs: number } | null
  readonly needAllowlist: readonly string[]
  /** Permissions bound to addresses of the key; `[]` = no such rule. */
  readonly addressPermissions: readonly string[]
  /** Whether the verifier asks what the owner has at the moment of a request. */
  readonly asksOwner: boolean
}

export const MIN_LIFETIME_MS = 60_000
export const MAX_OVERLAP_MS = 3 * 86_400_000
export const CONFIRMATION_MS = 30 * 60_000

/** What an owner has; `null` accounts = all there are. */
export interface NaiveCeiling {
  readonly permissions: readonly string[]
  readonly accounts: readonly string[] | null
}

/** How far a key reaches. */
export interface Scope {
  readonly permissions: readonly string[]
  readonly accounts: readonly string[] | null
  readonly ipAllowlist: readonly string[] | null
  /** Withdrawal addresses, by their text alone. */
  readonly addresses: readonly string[]
  readonly expiresAt: number | null
}

export interface NaiveKey extends Scope {
  readonly keyId: string
  readonly state: KeyState
  /** Whether a freeze suspended it. */
  readonly frozen: boolean
  readonly notBefore: number | null
  readonly lapseAt: number | null
  readonly cooldown: { readonly until: number; readonly names: ReadonlySet<string> } | null
  readonly parent: string | null
  readonly secrets: readonly { readonly text: string; readonly notAfter: number | null }[]
  readonly pending: {
    readonly operation: PendingConfirmation['operation']
    readonly parameters: object
    readonly token: string
    readonly expiresAt: number
  } | null
  readonly version: number
}

export type NaiveKeys = ReadonlyMap<string, NaiveKey>

/** Allowlist entries, and the addresses each admits. */
export const RANGES: Readonly<Record<string, readonly number[]>> = {
  '10.0.0.0/29': [0, 1, 2, 3, 4, 5, 6, 7],
  '10.0.0.0/30': [0, 1, 2, 3],
  '10.0.0.4/30': [4, 5, 6, 7],
  '10.0.0.1': [1],
  '10.0.0.2': [2],
  '10.0.0.5': [5],
}

/** All that some names mean; a name nobody defined stands for itself. */
export function meaning({ implications, aliases }: House, names: Iterable<string>): ReadonlySet<string> {
  return closureOf(
    implications,
    [...names].flatMap(name => aliases[name] ?? [name]),
  )
}

function addressesIn(entries: readonly string[] | null): ReadonlySet<number> | null {
  return entries && new Set(entries.flatMap(entry => RANGES[entry] ?? []))
}

export function admitsAddress(entries: readonly string[] | null, last: number): boolean {
  return entries === null || addressesIn(entries)?.has(last) === true
}

/** In which respects a scope reaches beyond what the owner has, or beyond the key it was made from. */
export function excesses(
  house: House,
  scope: Scope,
  { ceiling, parent }: { ceiling: NaiveCeiling; parent: Scope | null },
): readonly string[] {
  const has = meaning(house, scope.permissions)
  const excess = [
    !isSubset(has, meaning(house, ceiling.permissions)) && 'permissions above the owner',
    !isWithin(scope.accounts, ceiling.accounts) && 'accounts above the owner',
  ]
  if (parent !== null) {
    excess.push(
      !isSubset(has, meaning(house, parent.permissions)) && 'permissions above the parent',
      !isWithin(scope.accounts, parent.accounts) && 'accounts above the parent',
      !isWithin(asTexts(scope.ipAllowlist), asTexts(parent.ipAllowlist)) && 'ipAllowlist above the parent',
      !isWithin(scope.addresses, parent.addresses) && 'addresses above the parent',
      (scope.expiresAt ?? Number.MAX_VALUE) > (parent.expiresAt ?? Number.MAX_VALUE) && 'life above the parent',
    )
  }
  return excess.filter(flaw => flaw !== false)
}

function asTexts(entries: readonly string[] | null): readonly string[] | null {
  const addresses = addressesIn(entries)
  return addresses && [...addresses].map(String)
}

/** `null` = everything. */
function isWithin(part: readonly string[] | null, whole: readonly string[] | null): boolean {
  return whole === null || (part !== null && isSubset(new Set(part), new Set(whole)))
}

/** Why a key may not reach as far as that, as error codes: whichever is found first, a refusal says one of them. */
export function scopeFlaws(
  house: House,
  scope: Scope,
  { ceiling, parent }: { ceiling: NaiveCeiling; parent: NaiveKey | 'gone' | null },
): readonly string[] {
  const has = meaning(house, scope.permissions)
  const holds = (names: readonly string[]) => names.some(name => isSubset(meaning(house, [name]), has))
  const flaws: (string | false)[] = [
    [...has].some(name => house.implications[name] === undefined) && 'ERR_PERMISSION_UNKNOWN',
    holdsPair(has, house.exclusions) && 'ERR_PERMISSION_EXCLUDED',
    scope.ipAllowlist === null && holds(house.needAllowlist) && 'ERR_POLICY_VIOLATED',
    scope.addresses.length === 0 && holds(house.addressPermissions) && 'ERR_POLICY_VIOLATED',
    scope.addresses.length > 0 && house.addressPermissions.length === 0 && 'ERR_POLICY_VIOLATED',
    parent === 'gone' && 'ERR_KEY_NOT_FOUND',
    typeof parent === 'object' && parent?.state === 'revoked' && 'ERR_KEY_STATE',
  ]
  const above = excesses(house, scope, { ceiling, parent: parent === 'gone' ? null : parent })
  return [...flaws, above.length > 0 && 'ERR_CEILING_EXCEEDED'].filter(flaw => flaw !== false)
}

/** The expiry that a key gets, or why not. */
export function expiryOf(
  house: House,
  { now, notBefore, expiresAt }: { now: number; notBefore: number | null; expiresAt: number | null | undefined },
): { readonly expiresAt: number | null } | { readonly flaw: string } {
  const start = Math.max(now, notBefore ?? now)
  const byDefault = house.defaultLifetimeMs === null ? null : start + house.defaultLifetimeMs
  const end = expiresAt === undefined ? byDefault : expiresAt
  if (end === null) return house.maxLifetimeMs === null ? { expiresAt: null } : { flaw: 'ERR_POLICY_VIOLATED' }
  if (end <= start) return { flaw: 'ERR_INPUT_INVALID' }
  if (end - start < MIN_LIFETIME_MS) return { flaw: 'ERR_POLICY_VIOLATED' }
  if (house.maxLifetimeMs !== null && end - now > house.maxLifetimeMs) return { flaw: 'ERR_POLICY_VIOLATED' }
  return { expiresAt: end }
}

/** When the permissions lapse that only an allowlist keeps: a term runs on until there is a list. */
export function lapseAfter(house: House, scope: Scope, { since, now }: { since: number | null; now: number }) {
  const has = meaning(house, scope.permissions)
  const bound = house.lapse?.permissions.some(name => isSubset(meaning(house, [name]), has)) === true
  return house.lapse === null || scope.ipAllowlist !== null || !bound ? null : (since ?? now + house.lapse.afterMs)
}

/** A set without these names and without all that imply one of them. */
export function lessNames(house: House, names: ReadonlySet<string>, lost: readonly string[]): ReadonlySet<string> {
  const implies = (name: string) => lost.some(gone => isSubset(meaning(house, [gone]), meaning(house, [name])))
  return new Set([...names].filter(name => !implies(name)))
}

/** What is granted at an instant, but for cool-downs: all of it until it lapses. */
export function grantedAt(house: House, key: NaiveKey, now: number): ReadonlySet<string> {
  const has = meaning(house, key.permissions)
  return key.lapseAt !== null && now >= key.lapseAt ? lessNames(house, has, house.lapse?.permissions ?? []) : has
}

/** What a key may do at an instant, by its own record. */
export function effectiveAt(house: House, key: NaiveKey, now: number): ReadonlySet<string> {
  const granted = grantedAt(house, key, now)
  return key.cooldown !== null && now < key.cooldown.until ? intersectionOf(granted, key.cooldown.names) : granted
}

/** The cool-down after a change: a key that was widened does no more than it did, and less if a protection was loosened. */
export function cooldownAfter(house: House, before: NaiveKey, after: NaiveKey, now: number): NaiveKey['cooldown'] {
  if (house.cooldownMs === 0) return before.cooldown
  const newEntry = after.ipAllowlist === null || after.ipAllowlist.some(entry => !before.ipAllowlist?.includes(entry))
  const newAddress = after.addresses.some(address => !before.addresses.includes(address))
  const loosened = (before.ipAllowlist !== null && newEntry) || newAddress
  if (!loosened && isSubset(grantedAt(house, after, now), grantedAt(house, before, now))) return before.cooldown
  const kept = intersectionOf(effectiveAt(house, before, now), meaning(house, after.permissions))
  const bound = [...house.needAllowlist, ...house.addressPermissions]
  return { until: now + house.cooldownMs, names: loosened ? lessNames(house, kept, bound) : kept }
}

/** A request, once its signature is known to be right. */
export interface NaiveRequest {
  readonly now: number
  readonly permission: string
  /** The last number of the address. */
  readonly ip: number
  readonly account: string | null | undefined
  readonly withdrawal: string | undefined
}

/** Whether a key may do it: by its own record, by every key it descends from, and by what its owner has. */
export function mayDo(
  house: House,
  { keys, ceiling }: { keys: NaiveKeys; ceiling: NaiveCeiling | null },
  { key, request }: { key: NaiveKey; request: NaiveRequest },
): boolean {
  const { now, permission, ip, account, withdrawal } = request
  const needed = meaning(house, [permission])
  const isBound = house.addressPermissions.some(name => isSubset(meaning(house, [name]), needed))
  for (let one: NaiveKey | undefined = key; ; one = keys.get(one.parent)) {
    if (one?.state !== 'active' || now < (one.notBefore ?? 0) || now >= (one.expiresAt ?? Number.MAX_VALUE))
      return false
    if (!admitsAddress(one.ipAllowlist, ip) || !reaches(one.accounts, account)) return false
    if (!isSubset(needed, effectiveAt(house, one, now))) return false
    if (isBound && (withdrawal === undefined || !one.addresses.includes(withdrawal))) return false
    if (one.parent === null) break
  }
  if (!house.asksOwner) return true
  if (ceiling === null || !reaches(ceiling.accounts, account)) return false
  return isSubset(needed, meaning(house, ceiling.permissions))
}

function reaches(accounts: readonly string[] | null, account: string | null | undefined): boolean {
  return accounts === null || account === null || (account !== undefined && accounts.includes(account))
}

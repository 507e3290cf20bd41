import type { AddressRule, PermissionModel } from './key.js'
import type { Scheme } from './scheme.js'

/** Makes the scheme of a house from what only the host knows. */
export type PresetScheme = (options: never) => Scheme

/** CONTRACT: what makes an exchange's keys its own. `P`: permissions, `A`: aliases, `S`: what makes the scheme. */
export interface Preset<P extends string = string, A extends string = string, S extends PresetScheme = PresetScheme> {
  /** The house, as in its import path. */
  readonly id: string
  readonly permissions: PermissionModel<P, A>
  /** What the form for a new key starts with; `[]` = nothing is chosen beforehand. */
  readonly defaultPermissions: readonly P[]
  readonly policy: KeyPolicy
  /** How the house's clients sign. */
  readonly scheme: S
}

/** Everything that can be done to keys. A method that does something else does not compile. */
export type Operation =
  | 'request'
  | 'confirm'
  | 'resend'
  | 'reveal'
  | 'register'
  | 'edit'
  | 'renew'
  | 'rotate'
  | 'suspend'
  | 'resume'
  | 'revoke'
  | 'revokeAll'
  | 'destroy'
  | 'destroyAll'
  | 'freeze'
  | 'thaw'
  | 'derive'
  | 'import'
  | 'reseal'
  | 'sweep'
  | 'reportLeak'

/** Who asks: the key's owner, somebody who works for the house, or a key acting for itself. */
export type Role = 'owner' | 'operator' | 'key'

/** What an operation needs of who asks for it, before it is carried out. */
export type StepUp = 'nothing' | 'second-factor' | 'second-factor-and-mail'

export interface OperationRule {
  /** Whose it is; `[]` = nobody's: the house does not offer it. */
  readonly by: readonly Role[]
  readonly needs: StepUp
}

/** THE table: which operation is whose, and what it needs. */
export type OperationTable = Readonly<Record<Operation, OperationRule>>

/** Limits of keys, as data. Durations in ms. `null` = no limit. */
export interface KeyLimits {
  /** Keys an owner may have that are not revoked. */
  readonly keysPerOwner: number | null
  /** Entries of one key's IP allowlist. */
  readonly allowlistEntries: number | null
  /** Addresses a key's whole IPv4 allowlist may admit, as a prefix length: 24 = at most 2^8 addresses; 0 = any. */
  readonly minIpv4Prefix: number
  /** The same for IPv6. */
  readonly minIpv6Prefix: number
  /** Life of a key that asks for none; `null` = it does not expire. */
  readonly defaultLifetimeMs: number | null
  /** Shortest life a key may have. */
  readonly minLifetimeMs: number
  /** Longest life a key may have; `null` = a key may be without expiry. */
  readonly maxLifetimeMs: number | null
  /** Longest time both secrets may pass during a rotation. */
  readonly maxRotationOverlapMs: number
  /** Life of a confirmation link. */
  readonly confirmationMs: number
  /** Authenticated use this long ago ends a key at the next sweep; `null` = never. */
  readonly idleMs: number | null
  /** How long a key that was widened still has no more than before; 0 = it has it at once. */
  readonly cooldownMs: number
  /** How many generations of child keys a key may have; 0 = none. */
  readonly childDepth: number
}

/** Rules of keys, as data. */
export interface KeyRules {
  readonly operations: OperationTable
  /** Whether an owner who has activated no second factor goes without (`hasSecondFactor` of the manager), or nowhere. */
  readonly secondFactor: 'required' | 'if-activated'
  /** Whether a confirmation link works only in the browser that asked. */
  readonly sameBrowser: boolean
  /** Whether an IP allowlist may hold ranges, or single addresses only. */
  readonly allowlistRanges: boolean
  /** Permissions that a key may hold only with an IP allowlist. */
  readonly needAllowlist: readonly string[]
  /** Permissions that a key without an IP allowlist loses after a time; `null` = none. */
  readonly lapse: { readonly permissions: readonly string[]; readonly afterMs: number } | null
  /** Where keys may withdraw to: anywhere, to a list of their own, or to the owner's address book. */
  readonly addressRule: AddressRule
  /** Permissions that are bound to those addresses. */
  readonly addressPermissions: readonly string[]
  /** Version of the terms that must be acknowledged with every new key; `null` = none. */
  readonly terms: string | null
  /** Whether the house must have granted an owner API access (`eligible` of the manager). */
  readonly eligibility: boolean
  /** What a leak report does to a key. */
  readonly onLeak: 'suspend' | 'revoke'
}

export interface KeyPolicy extends KeyLimits, KeyRules {}

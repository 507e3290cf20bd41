/** CONTRACT: what a key is. A key = id + secret + policy together. */

/**
 * `pending → active ⇄ suspended`, any → `revoked` → destroyed. Revoked is terminal; a destroyed key has no record.
 * Expired is a time, not a state.
 */
export type KeyState = 'pending' | 'active' | 'suspended' | 'revoked'

/** One secret of a key. A key has one, or two while it is being rotated. */
export interface StoredSecret {
  /** Rises by one with every rotation, and is bound into the seal. */
  readonly version: number
  /**
   * `sealed`: what the sealer made of a secret that must be recoverable; `sha256`: hex hash of a bearer secret;
   * `public`: the client's public key, as algorithm, colon and base64 of its SubjectPublicKeyInfo.
   */
  readonly kind: 'sealed' | 'sha256' | 'public'
  readonly value: string
  /** Epoch ms from which this secret no longer passes; `null` while it is current. */
  readonly notAfter: number | null
  readonly createdAt: number
  /** Hex MAC, under this secret, of the passphrase as it comes on the wire; absent where the scheme has none. */
  readonly passphrase?: string | undefined
}

/** Where funds may be sent. Compared exactly, as the host normalises them. */
export interface WithdrawalAddress {
  readonly asset: string
  readonly network: string
  readonly address: string
  /** Destination tag, payment id or the like; `null` where the network has none. */
  readonly memo: string | null
}

/**
 * Where a key may withdraw to: `off` = anywhere, `key` = to the addresses in its own record, `owner` = to those of the
 * owner's address book, which the host keeps.
 */
export type AddressRule = 'off' | 'key' | 'owner'

/** Permissions that stop at an instant, because nothing keeps them (no IP allowlist, say). */
export interface Lapse {
  /** Epoch ms. */
  readonly at: number
  readonly permissions: readonly string[]
}

/** After a key was widened: until `until` (epoch ms) it still has no more than these permissions. */
export interface Cooldown {
  readonly until: number
  readonly permissions: readonly string[]
}

/** Something asked for that waits for the link in a mail to be confirmed. */
export interface PendingConfirmation {
  readonly operation: 'request' | 'edit' | 'renew' | 'rotate'
  /** What is executed on confirmation, exactly: JSON text of the parameters. */
  readonly parameters: string
  /** Hex SHA-256 that commits to token, owner, key, operation, parameters and browser. The token itself is nowhere. */
  readonly digest: string
  /** Whether it can only be confirmed from the browser that asked. */
  readonly sameBrowser: boolean
  readonly requestedAt: number
  /** Epoch ms at which the link is dead. */
  readonly expiresAt: number
}

/** A key as stored, except for its secrets in clear, which are nowhere. */
export interface KeyRecord {
  /** Version of this record layout. */
  readonly format: 1
  readonly keyId: string
  /** Whose key it is: the host's own user or account id. */
  readonly owner: string
  readonly label: string
  /** Id of the one scheme the key works under. */
  readonly scheme: string
  readonly state: KeyState
  /** Why it is suspended or revoked. */
  readonly reason: string | null
  /** Permission names as granted; an alias stays an alias. An empty list grants nothing. */
  readonly permissions: readonly string[]
  /** Accounts the key may act for; `null` = all of the owner's, `[]` = none. */
  readonly accounts: readonly string[] | null
  /** Addresses and CIDR ranges; `null` = from anywhere, `[]` = from nowhere. */
  readonly ipAllowlist: readonly string[] | null
  /** Epoch ms from which the key is valid. */
  readonly notBefore: number | null
  /** Epoch ms at which the key is no longer valid. */
  readonly expiresAt: number | null
  /** Where it may withdraw to; `addresses` counts for the rule `key`. */
  readonly addressRule: AddressRule
  readonly addresses: readonly WithdrawalAddress[]
  /** Permissions that are bound to the rule. */
  readonly addressPermissions: readonly string[]
  readonly lapse: Lapse | null
  readonly cooldown: Cooldown | null
  /** The terms its owner acknowledged, and when (epoch ms). */
  readonly terms: { readonly version: string; readonly acceptedAt: number } | null
  readonly confirmation: PendingConfirmation | null
  /** None before the secret was revealed or a public key registered; two while it is being rotated. */
  readonly secrets: readonly StoredSecret[]
  /** Key id of the key it was derived from. */
  readonly parent: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** Rises by one with every write; every write names the version it replaces. */
  readonly version: number
}

/** A key as its owner may see it: no secret, no ciphertext, no hash. */
export type KeyView = Omit<KeyRecord, 'format' | 'secrets' | 'confirmation'> & {
  /** What waits for a confirmation, and until when (epoch ms). */
  readonly awaits: { readonly operation: PendingConfirmation['operation']; readonly until: number } | null
  /** Whether the secret was revealed, or a public key registered; if not, that is still to come. */
  readonly revealed: boolean
  /** Version of the current secret or public key, which rises by one with every rotation; 0 before the first. */
  readonly credentialsVersion: number
  /** The current public key, as algorithm, colon and base64 of its SubjectPublicKeyInfo; `null` for a secret. */
  readonly publicKey: string | null
  /** When an older secret stops passing, while a rotation overlaps; else `null`. */
  readonly rotationEndsAt: number | null
}

declare const grantBrand: unique symbol

/** A down-closed set of permissions of one model, as bits. Made by a model only, never stored: storage holds names. */
export interface Grant {
  readonly [grantBrand]: true
}

/**
 * A partial order of named permissions. `P`: permission names, `A`: alias names.
 *
 * Whatever takes a grant throws `ConfigError` `ERR_PERMISSION_FOREIGN` for one that another model made.
 */
export interface PermissionModel<P extends string = string, A extends string = string> {
  /** All permissions, in definition order. */
  readonly names: readonly P[]
  /** All aliases, in definition order. */
  readonly aliases: readonly A[]
  /** The grant of nothing. */
  readonly none: Grant
  /** Everything defined. Where permissions exclude each other it is a ceiling only: no key can be granted it. */
  readonly top: Grant
  /**
   * `parse` for names written in code: a misspelt one does not compile.
   *
   * @throws {KeyError} as `parse`
   */
  grant(...names: readonly (P | A)[]): Grant
  /**
   * The smallest grant that holds all of these names and what they imply. No names, nothing granted.
   *
   * @throws {KeyError} `ERR_PERMISSION_UNKNOWN` (names the position, not the text), `ERR_PERMISSION_EXCLUDED`,
   * `ERR_INPUT_INVALID` when it is not a list
   */
  parse(names: readonly string[]): Grant
  /**
   * `parse` for what somebody may hand on, which may hold permissions that exclude each other: an owner of both can
   * give each to a different key.
   *
   * @throws {KeyError} `ERR_PERMISSION_UNKNOWN`, `ERR_INPUT_INVALID`
   */
  ceiling(names: readonly string[]): Grant
  /**
   * The permissions of a grant that no other permission in it implies, in definition order; `parse` inverts it.
   *
   * @throws {KeyError} `ERR_PERMISSION_EXCLUDED` for a ceiling that `parse` would refuse
   */
  format(grant: Grant): readonly P[]
  /** Whether `grant` includes everything in `needed`. Hot path: a few integer operations, no allocation. */
  covers(grant: Grant, needed: Grant): boolean
  /** Union. @throws {KeyError} `ERR_PERMISSION_EXCLUDED` when the union holds permissions that exclude each other */
  join(a: Grant, b: Grant): Grant
  /** Intersection. */
  meet(a: Grant, b: Grant): Grant
  /**
   * `wanted`, if `ceiling` covers it.
   *
   * @throws {KeyError} `ERR_CEILING_EXCEEDED`, naming the permissions above the ceiling; `ERR_PERMISSION_EXCLUDED`
   */
  attenuate(wanted: Grant, ceiling: Grant): Grant
}

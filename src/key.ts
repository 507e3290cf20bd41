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
  /** `sealed`: ciphertext of a secret that must be recoverable; `sha256`: hash of a bearer secret. Both base64. */
  readonly kind: 'sealed' | 'sha256'
  readonly value: string
  /** Epoch ms from which this secret no longer passes; `null` while it is current. */
  readonly notAfter: number | null
  readonly createdAt: number
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
  readonly secrets: readonly StoredSecret[]
  /** Key id of the key it was derived from. */
  readonly parent: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** Rises by one with every write; every write names the version it replaces. */
  readonly version: number
}

/** A key as its owner may see it: no secret, no ciphertext, no hash. */
export type KeyView = Omit<KeyRecord, 'format' | 'secrets'> & {
  /** When an older secret stops passing, while a rotation overlaps; else `null`. */
  readonly rotationEndsAt: number | null
}

declare const grantBrand: unique symbol

/** A down-closed set of permissions of one model, as bits. Made by a model only. */
export interface Grant {
  readonly [grantBrand]: true
}

/** A partial order of named permissions. `P`: permission names, `A`: alias names. */
export interface PermissionModel<P extends string = string, A extends string = string> {
  /** All permissions, in definition order. */
  readonly names: readonly P[]
  /** All aliases. */
  readonly aliases: readonly A[]
  /** The grant of nothing. */
  readonly none: Grant
  /** The grant of everything defined. */
  readonly top: Grant
  /**
   * The smallest grant that holds all of these names and what they imply.
   *
   * @throws {KeyError} `ERR_PERMISSION_UNKNOWN` (names the position, not the text), `ERR_PERMISSION_EXCLUDED`
   */
  parse(names: readonly string[]): Grant
  /** The permissions of a grant that no other permission in it implies, in definition order; `parse` inverts it. */
  format(grant: Grant): readonly P[]
  /** Whether `grant` includes everything in `needed`. Hot path: two integer operations. */
  covers(grant: Grant, needed: Grant): boolean
  /** Union. @throws {KeyError} `ERR_PERMISSION_EXCLUDED` when the union holds permissions that exclude each other */
  join(a: Grant, b: Grant): Grant
  /** Intersection. */
  meet(a: Grant, b: Grant): Grant
  /**
   * `wanted`, if `ceiling` covers it.
   *
   * @throws {KeyError} `ERR_CEILING_EXCEEDED`, naming the permissions above the ceiling
   */
  attenuate(wanted: Grant, ceiling: Grant): Grant
}

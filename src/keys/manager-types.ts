import type { KeyError } from '../errors.js'
import type { KeyView } from '../key.js'
import type { Secret } from './secret.js'

/** Names a key of an owner. The owner must come from the host's own session, never from the request's body. */
export interface OwnedKey {
  readonly owner: string
  readonly keyId: string
}

export interface CreateKey<P extends string> {
  readonly owner: string
  /** For the owner's own orientation; up to 128 characters. */
  readonly label: string
  readonly permissions: readonly P[]
  /** Accounts the key may act for; `null` = all of the owner's. */
  readonly accounts: readonly string[] | null
  /** Addresses and CIDR ranges the key may be used from; `null` = anywhere, `[]` = nowhere. */
  readonly ipAllowlist: readonly string[] | null
  /** Id of the scheme; may be left out where the manager has only one. */
  readonly scheme?: string
  /** Epoch ms; `null` or left out: valid at once. */
  readonly notBefore?: number | null
  /** Epoch ms; `null` = never, where the policy allows it; left out: the policy's default life. */
  readonly expiresAt?: number | null
}

/** What is left out stays as it is; `null` and `[]` are values. */
export interface EditKey<P extends string> extends OwnedKey {
  /** The version the change was based on, as shown by `get` or `list`. */
  readonly version: number
  readonly label?: string
  readonly permissions?: readonly P[]
  readonly accounts?: readonly string[] | null
  readonly ipAllowlist?: readonly string[] | null
  readonly notBefore?: number | null
  readonly expiresAt?: number | null
}

export interface RotateKey extends OwnedKey {
  /** How long the old secret passes beside the new one, ms. 0 ends it at once. */
  readonly overlapMs: number
}

export interface RenewKey extends OwnedKey {
  /** Epoch ms; left out: the policy's default life from now. */
  readonly expiresAt?: number | null
}

export interface EndKey extends OwnedKey {
  /** Why; up to 512 characters, kept with the key. */
  readonly reason: string
}

export interface EndAll {
  readonly owner: string
  readonly reason: string
}

export interface ListKeys {
  readonly owner: string
  /** Page size, 1–1000. Default 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string | null
}

/** A key and its secret, which is nowhere else in clear and cannot be asked for again. */
export interface IssuedKey {
  readonly key: KeyView
  readonly credentials: { readonly keyId: string; readonly secret: Secret }
}

/** A stored key that cannot be read; it harms no other. */
export interface UnreadableKey {
  readonly keyId: string
  readonly error: KeyError
}

export interface KeyPage {
  readonly keys: readonly KeyView[]
  readonly unreadable: readonly UnreadableKey[]
  /** Pass as `after` for the next page; `null` when this was the last. */
  readonly next: string | null
}

export interface EndedKeys {
  /** Keys this call revoked. */
  readonly revoked: number
  readonly unreadable: readonly UnreadableKey[]
}

/**
 * Runs the life of keys. Every method rejects with `KeyError` when the request is refused, `StoreError` when storage
 * failed, `ConfigError` when an option name is unknown. Another owner's key is `ERR_KEY_NOT_FOUND`, like no key.
 */
export interface KeyManager<P extends string = string> {
  /**
   * Issues a key.
   *
   * @throws {KeyError} `ERR_INPUT_INVALID`, `ERR_PERMISSION_UNKNOWN`, `ERR_CEILING_EXCEEDED`, `ERR_POLICY_VIOLATED`,
   * `ERR_KEY_LIMIT`
   */
  create(request: CreateKey<P>): Promise<IssuedKey>
  /** @throws {KeyError} `ERR_KEY_NOT_FOUND`, `ERR_KEY_CORRUPT` */
  get(request: OwnedKey): Promise<KeyView>
  /** The owner's keys, oldest id first within a page order that does not change. */
  list(request: ListKeys): Promise<KeyPage>
  /**
   * Changes what is given, if nobody changed the key since `version`.
   *
   * @throws {KeyError} as `create`, and `ERR_KEY_CONFLICT`, `ERR_KEY_STATE`
   */
  edit(request: EditKey<P>): Promise<KeyView>
  /** Gives the key a new expiry. @throws {KeyError} `ERR_KEY_STATE`, `ERR_POLICY_VIOLATED`, `ERR_CEILING_EXCEEDED` */
  renew(request: RenewKey): Promise<KeyView>
  /**
   * Gives the key a new secret; the old one passes until the overlap ends, and never longer than the key. A third
   * secret ends at once. If the answer is lost, rotate again.
   *
   * @throws {KeyError} `ERR_KEY_CONFLICT`, `ERR_KEY_STATE`, `ERR_POLICY_VIOLATED`, `ERR_CEILING_EXCEEDED`
   */
  rotate(request: RotateKey): Promise<IssuedKey>
  /** Stops the key until `resume`. A suspended key stays as it is. @throws {KeyError} `ERR_KEY_STATE` */
  suspend(request: EndKey): Promise<KeyView>
  /** @throws {KeyError} `ERR_KEY_STATE`, `ERR_CEILING_EXCEEDED` when the owner has lost rights meanwhile */
  resume(request: OwnedKey): Promise<KeyView>
  /** Stops the key for ever. A revoked key stays as it is. When it resolves, the store no longer has it alive. */
  revoke(request: EndKey): Promise<KeyView>
  /** Revokes every key the owner has, also those created meanwhile. */
  revokeAll(request: EndAll): Promise<EndedKeys>
  /** Revokes the key if it lives, and removes its record. Also removes one that cannot be read. */
  destroy(request: EndKey): Promise<void>
}

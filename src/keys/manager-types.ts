import type { KeyError } from '../errors.js'
import type { KeyView, PendingConfirmation, WithdrawalAddress } from '../key.js'
import type { Secret } from './secret.js'
import type { Actor } from './step-up.js'

/** Who asks, and what they show for it. Every operation takes these. */
export interface Asking {
  /** Left out: the owner. The host has authenticated them. */
  readonly actor?: Actor
  /** The second factor, where the operation needs one: a TOTP code, or the JSON of a WebAuthn assertion. */
  readonly proof?: string
  /** A value only this browser has (an http-only cookie, 16–1024 characters), where a link is bound to it. */
  readonly browser?: string
}

/** Names a key of an owner. The owner must come from the host's own session, never from the request's body. */
export interface OwnedKey extends Asking {
  readonly owner: string
  readonly keyId: string
}

export interface CreateKey<P extends string> extends Asking {
  readonly owner: string
  /** For the owner's own orientation; up to 128 characters. */
  readonly label: string
  readonly permissions: readonly P[]
  /** Accounts the key may act for; `null` = all of the owner's. */
  readonly accounts: readonly string[] | null
  /** Addresses and CIDR ranges the key may be used from; `null` = anywhere, `[]` = nowhere. */
  readonly ipAllowlist: readonly string[] | null
  /** Addresses it may withdraw to, where the policy's address rule is `key`. */
  readonly addresses?: readonly WithdrawalAddress[]
  /** The version of the terms that were acknowledged, where the policy has terms. */
  readonly terms?: string
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
  readonly addresses?: readonly WithdrawalAddress[]
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

export interface EndAll extends Asking {
  readonly owner: string
  readonly reason: string
}

export interface ConfirmKey extends Asking {
  /** The token of the mail. */
  readonly token: string
}

/** What the host's mailer is given. The token goes into the link and nowhere else. */
export interface ConfirmationMail {
  readonly owner: string
  readonly token: string
  readonly operation: PendingConfirmation['operation']
  /** JSON text of what will be carried out. */
  readonly parameters: string
  readonly key: KeyView
  /** Epoch ms at which the link is dead. */
  readonly expiresAt: number
}

export interface ListKeys extends Asking {
  readonly owner: string
  /** Page size, 1–1000. Default 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string | null
}

/** A key id and its secret, which is nowhere else in clear and cannot be asked for again. */
export interface Credentials {
  readonly keyId: string
  readonly secret: Secret
}

export interface IssuedKey {
  readonly key: KeyView
  readonly credentials: Credentials
}

/** A key that was asked for, or a link that was sent anew. `key.awaits` says whether a confirmation is due. */
export interface RequestedKey {
  readonly key: KeyView
  /** Whether a mail left. If one was due and did not, `resend` tries again. */
  readonly mailed: boolean
}

/** A key after a change. `key.awaits` says whether the change waits for a confirmation. */
export interface ChangedKey extends RequestedKey {
  /** The new secret, if the change was a rotation and was carried out. */
  readonly credentials: Credentials | null
}

/** What a confirmation link would do. */
export interface PendingChange {
  readonly key: KeyView
  readonly operation: PendingConfirmation['operation']
  readonly parameters: string
  readonly expiresAt: number
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
  /** Keys this call ended. */
  readonly ended: number
  readonly unreadable: readonly UnreadableKey[]
}

/**
 * Runs the life of keys. Every method rejects with `KeyError` when the request is refused, `StoreError` when storage
 * failed, `ConfigError` when an option name is unknown. Another owner's key is `ERR_KEY_NOT_FOUND`, like no key.
 *
 * The policy's table of operations says whose each operation is and what it needs; what is missing is
 * `ERR_OPERATION_FORBIDDEN`, `ERR_SECOND_FACTOR_REQUIRED`, `ERR_SECOND_FACTOR_REFUSED` or `ERR_SECOND_FACTOR_LOCKED`.
 */
export interface KeyManager<P extends string = string> {
  /**
   * Asks for a key. If the table wants a mailed confirmation, the key is pending until `confirm`; then `reveal`.
   *
   * @throws {KeyError} `ERR_INPUT_INVALID`, `ERR_PERMISSION_UNKNOWN`, `ERR_CEILING_EXCEEDED`, `ERR_POLICY_VIOLATED`,
   * `ERR_TERMS_REQUIRED`, `ERR_OWNER_NOT_ELIGIBLE`, `ERR_KEY_LIMIT`
   */
  request(request: CreateKey<P>): Promise<RequestedKey>
  /**
   * `request` and `reveal` in one write, where the table lets a key be made without a mail.
   *
   * @throws {KeyError} as `request`, and `ERR_CONFIRMATION_REQUIRED`
   */
  create(request: CreateKey<P>): Promise<IssuedKey>
  /** What a link would do; does nothing. For GET. @throws {KeyError} `ERR_CONFIRMATION_INVALID` */
  inspect(request: ConfirmKey): Promise<PendingChange>
  /** Carries out what the link is for, once. For POST. @throws {KeyError} `ERR_CONFIRMATION_INVALID`, and as the operation */
  confirm(request: ConfirmKey): Promise<ChangedKey>
  /** Sends the link anew; the one before is dead. @throws {KeyError} `ERR_KEY_STATE` */
  resend(request: OwnedKey): Promise<RequestedKey>
  /** Mints the secret and shows it, once. @throws {KeyError} `ERR_SECRET_REVEALED`, `ERR_KEY_STATE`, `ERR_KEY_CONFLICT` */
  reveal(request: OwnedKey): Promise<IssuedKey>
  /** @throws {KeyError} `ERR_KEY_NOT_FOUND`, `ERR_KEY_CORRUPT` */
  get(request: OwnedKey): Promise<KeyView>
  /** The owner's keys in the order of their ids, paged. */
  list(request: ListKeys): Promise<KeyPage>
  /**
   * Changes what is given, if nobody changed the key since `version`.
   *
   * @throws {KeyError} as `request`, and `ERR_KEY_CONFLICT`, `ERR_KEY_STATE`
   */
  edit(request: EditKey<P>): Promise<ChangedKey>
  /** Gives the key a new expiry. @throws {KeyError} `ERR_KEY_STATE`, `ERR_POLICY_VIOLATED`, `ERR_CEILING_EXCEEDED` */
  renew(request: RenewKey): Promise<ChangedKey>
  /**
   * Gives the key a new secret; the old one passes until the overlap ends, and never longer than the key. A third
   * secret ends at once. If the answer is lost, rotate again.
   *
   * @throws {KeyError} `ERR_KEY_CONFLICT`, `ERR_KEY_STATE`, `ERR_POLICY_VIOLATED`, `ERR_CEILING_EXCEEDED`
   */
  rotate(request: RotateKey): Promise<ChangedKey>
  /** Stops the key until `resume`. A suspended key stays as it is. @throws {KeyError} `ERR_KEY_STATE` */
  suspend(request: EndKey): Promise<KeyView>
  /** @throws {KeyError} `ERR_KEY_STATE`, `ERR_CEILING_EXCEEDED` when the owner has lost rights meanwhile */
  resume(request: OwnedKey): Promise<KeyView>
  /** Stops the key and its children for ever. A revoked key stays as it is. When it resolves, no store has it alive. */
  revoke(request: EndKey): Promise<KeyView>
  /** Revokes every key the owner has, also those created meanwhile. */
  revokeAll(request: EndAll): Promise<EndedKeys>
  /** Revokes the key if it lives, and removes its record. Also removes one that cannot be read. */
  destroy(request: EndKey): Promise<void>
  /** Revokes and removes every key the owner has: "Delete all". */
  destroyAll(request: EndAll): Promise<{ readonly destroyed: number }>
}

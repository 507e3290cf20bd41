import type { KeyError, SealError } from '../errors.js'
import type { KeyView, PendingConfirmation, WithdrawalAddress } from '../key.js'
import type { ChosenPassphrase, Credentials, OfferedKeyPair } from './credential-types.js'
import type { Actor } from './step-up.js'

/** Who asks, and what they show for it. Every operation takes these. */
export interface Asking {
  /** Left out: the owner. The host has authenticated them. */
  readonly actor?: Actor
  /** The second factor, where the operation needs one: a TOTP code, or the JSON of a WebAuthn assertion. */
  readonly proof?: string
  /** A value only this browser has (an http-only cookie, 16–1024 characters), where a link is bound to it. */
  readonly browser?: string
  /** Address the request came from, for the audit trail. */
  readonly ip?: string
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

export interface RevealKey extends OwnedKey, ChosenPassphrase {}

export interface RegisterKey extends OwnedKey, OfferedKeyPair {}

/** With a public key, that takes the place of the secret or the public key before it; without one, a new secret does. */
export interface RotateKey extends OwnedKey, ChosenPassphrase, Partial<OfferedKeyPair> {
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

/** The passphrase is for the secret of a confirmed rotation. */
export interface ConfirmKey extends Asking, ChosenPassphrase {
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

export interface IssuedKey {
  readonly key: KeyView
  readonly credentials: Credentials
}

/** A new child key. */
export interface DerivedKey {
  readonly key: KeyView
  /** `null` where its scheme knows key pairs only: then `register` is to come. */
  readonly credentials: Credentials | null
}

/** A key that was asked for, or a link that was sent anew. `key.awaits` says whether a confirmation is due. */
export interface RequestedKey {
  readonly key: KeyView
  /** Whether a mail left. If one was due and did not, `resend` tries again. */
  readonly mailed: boolean
}

/** A key after a change. `key.awaits` says whether the change waits for a confirmation. */
export interface ChangedKey extends RequestedKey {
  /** The new secret, if the change was a rotation without a public key and was carried out. */
  readonly credentials: Credentials | null
}

/** What a confirmation link would do. */
export interface PendingChange {
  readonly key: KeyView
  readonly operation: PendingConfirmation['operation']
  readonly parameters: string
  readonly expiresAt: number
}

/** A key that an operation over many could not handle, and why; it harms no other. */
export interface UnreadableKey {
  readonly keyId: string
  readonly error: KeyError | SealError
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

export interface DeriveKey<P extends string> extends OwnedKey, ChosenPassphrase {
  /** `keyId` names the parent. */
  readonly label: string
  readonly permissions: readonly P[]
  readonly accounts: readonly string[] | null
  readonly ipAllowlist: readonly string[] | null
  /** Left out: the parent's. */
  readonly addresses?: readonly WithdrawalAddress[]
  readonly notBefore?: number | null
  /** Left out: the parent's. */
  readonly expiresAt?: number | null
}

export interface ThawedKeys {
  readonly resumed: number
  /** Keys that stay suspended, since their owner may no longer have what they can do. */
  readonly refused: readonly UnreadableKey[]
}

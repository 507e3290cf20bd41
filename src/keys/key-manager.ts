import type { KeyView } from '../key.js'
import type { ChosenPassphrase } from './credential-types.js'
import type {
  ChangedKey,
  ConfirmKey,
  CreateKey,
  DerivedKey,
  DeriveKey,
  EditKey,
  EndAll,
  EndedKeys,
  EndKey,
  IssuedKey,
  KeyPage,
  ListKeys,
  OwnedKey,
  PendingChange,
  RegisterKey,
  RenewKey,
  RequestedKey,
  RevealKey,
  RotateKey,
  ThawedKeys,
} from './manager-types.js'
import type { KeyUpkeep } from './upkeep-types.js'

/**
 * Runs the life of keys. Every method rejects with `KeyError` when the request is refused, `StoreError` when storage
 * failed, `ConfigError` when an option name is unknown. Another owner's key is `ERR_KEY_NOT_FOUND`, like no key.
 *
 * The policy's table of operations says whose each operation is and what it needs; what is missing is
 * `ERR_OPERATION_FORBIDDEN`, `ERR_SECOND_FACTOR_REQUIRED`, `ERR_SECOND_FACTOR_REFUSED` or `ERR_SECOND_FACTOR_LOCKED`.
 */
export interface KeyManager<P extends string = string> extends KeyUpkeep<P> {
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
  create(request: CreateKey<P> & ChosenPassphrase): Promise<IssuedKey>
  /** What a link would do; does nothing. For GET. @throws {KeyError} `ERR_CONFIRMATION_INVALID` */
  inspect(request: ConfirmKey): Promise<PendingChange>
  /** Carries out what the link is for, once. For POST. @throws {KeyError} `ERR_CONFIRMATION_INVALID`, and as the operation */
  confirm(request: ConfirmKey): Promise<ChangedKey>
  /** Sends the link anew; the one before is dead. @throws {KeyError} `ERR_KEY_STATE` */
  resend(request: OwnedKey): Promise<RequestedKey>
  /**
   * Mints the secret and shows it, once.
   *
   * @throws {KeyError} `ERR_SECRET_REVEALED`, `ERR_KEY_STATE`, `ERR_KEY_CONFLICT`, `ERR_CEILING_EXCEEDED`,
   * `ERR_INPUT_INVALID` for a passphrase, or a scheme that knows key pairs only
   */
  reveal(request: RevealKey): Promise<IssuedKey>
  /**
   * Takes the owner's public key in place of a secret, once, where the scheme has key pairs. The private key stays with
   * the owner, and must have signed for it; nothing that could sign is stored.
   *
   * @throws {KeyError} as `reveal`, and `ERR_INPUT_INVALID` for `publicKey` or `possession`
   */
  register(request: RegisterKey): Promise<KeyView>
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
   * Gives the key a new secret, or another public key; the old one passes until the overlap ends, and never longer than
   * the key. A third ends at once. If the answer is lost, rotate again. A key pair is replaced by another one only.
   *
   * @throws {KeyError} `ERR_KEY_CONFLICT`, `ERR_KEY_STATE`, `ERR_POLICY_VIOLATED`, `ERR_CEILING_EXCEEDED`,
   * `ERR_INPUT_INVALID` as `reveal` and `register`
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
  /**
   * Makes a child key: never above its parent in permissions, accounts, addresses or life, and ended with it.
   *
   * @throws {KeyError} as `create`, and `ERR_CEILING_EXCEEDED`, `ERR_KEY_STATE`
   */
  derive(request: DeriveKey<P>): Promise<DerivedKey>
  /** Suspends every active key of an owner until `thaw`, and revokes those that were never confirmed. */
  freeze(request: EndAll): Promise<EndedKeys>
  /** Resumes what `freeze` suspended, and nothing else. */
  thaw(request: Omit<EndAll, 'reason'>): Promise<ThawedKeys>
  /** Revokes the key if it lives, and removes its record. Also removes one that cannot be read. */
  destroy(request: EndKey): Promise<void>
  /** Revokes and removes every key the owner has: "Delete all". */
  destroyAll(request: EndAll): Promise<{ readonly destroyed: number }>
}

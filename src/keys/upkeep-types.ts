import type { KeyState, KeyView } from '../key.js'
import type { Asking, CreateKey, UnreadableKey } from './manager-types.js'
import type { Actor } from './step-up.js'

/** Asks for something that concerns everybody's keys. There is no owner to fall back on: say who asks. */
export interface HouseAsking extends Asking {
  readonly actor: Actor
}

/** A step over all keys of all owners, in the order of their ids. Each may be repeated, and stopped anywhere. */
export interface UpkeepStep extends HouseAsking {
  /** Keys per step, 1–1000. Default 100. */
  readonly limit?: number
  /** `next` of the step before. */
  readonly after?: string | null
}

/** Names a key of any owner. */
export interface KeyOfOwner {
  readonly owner: string
  readonly keyId: string
}

/** A key that exists elsewhere. Give one of: its `secret`, for a bearer token the token's `sha256`, its `publicKey`. */
export interface ImportKey<P extends string> extends CreateKey<P> {
  /**
   * The id it has, 1–128 of `A-Z a-z 0-9 _ . -`. Left out for a bearer token: the id its scheme gives the token. A
   * token known by its hash only can lead with a key id; then that is the one to give.
   */
  readonly keyId?: string
  /** Text of the secret, or the bearer token: visible ASCII, 16 bytes at least (decoded, where the scheme says base64). */
  readonly secret?: string
  /** SHA-256 of a bearer token, 64 lower-case hex digits. */
  readonly sha256?: string
  /** Public key, as `register` takes it. Nobody is asked to prove anything: the house knows whose it is. */
  readonly publicKey?: string
  /** Passphrase beside the secret, where the scheme has one: 1–64 visible ASCII characters. */
  readonly passphrase?: string
}

export interface ResealedKeys {
  /** Keys looked at: those sealed anew, those that needed nothing, and those that failed. */
  readonly scanned: number
  readonly resealed: number
  readonly skipped: number
  /** Keys that cannot be read, or whose secret does not open; they are as they were. */
  readonly failed: readonly UnreadableKey[]
  /** Pass as `after` for the next step; `null` when this was the last. */
  readonly next: string | null
}

export interface MasterKeyCount {
  /** The master key that seals. */
  readonly primary: string
  /** Stored secrets by the id of the master key they are sealed under; one that seals none is absent. */
  readonly secrets: ReadonlyMap<string, number>
  /** Keys that cannot be read, so that nobody knows what they need. */
  readonly unreadable: readonly UnreadableKey[]
}

export interface SweepKeys extends UpkeepStep {
  /** `until` of the sweep before, epoch ms: notices between then and `until` are due. 0 for the first sweep. */
  readonly since: number
  /** Epoch ms. Left out: now. Every further step of a sweep passes the `until` of the first. */
  readonly until?: number
  /** How long before its expiry a key is announced, ms; 0 = at its expiry. Default 30, 7 and 1 days. */
  readonly noticesMs?: readonly number[]
}

/** A key that is about to expire. */
export interface ExpiryNotice extends KeyOfOwner {
  /** Epoch ms. */
  readonly expiresAt: number
  /** Which of the notices it is. */
  readonly noticeMs: number
}

export interface SweptKeys {
  readonly until: number
  readonly scanned: number
  /** Keys asked for and never confirmed: gone. */
  readonly removed: readonly KeyOfOwner[]
  /** Changes asked for and never confirmed: forgotten, the key is as it was. */
  readonly cleared: readonly KeyOfOwner[]
  /** Keys that lost permissions for good because nothing kept them. */
  readonly lapsed: readonly KeyOfOwner[]
  /** Keys revoked because nobody used them. */
  readonly revoked: readonly KeyOfOwner[]
  /** Each notice comes in one sweep, if every sweep begins where the one before ended. */
  readonly notices: readonly ExpiryNotice[]
  /** Keys that somebody changed at the same moment; the next sweep looks at them again. */
  readonly conflicts: number
  readonly unreadable: readonly UnreadableKey[]
  /** Pass as `after` for the next step; `null` when this was the last. */
  readonly next: string | null
}

export interface LeakReport extends HouseAsking {
  /** Where credentials may stand: a file, a log, a token alone. At most 262,144 characters. */
  readonly text: string
  /** Brand of the credentials to look for. Left out: the mint's. */
  readonly brand?: string
  /** Why; up to 500 characters, kept with every key that is ended. */
  readonly reason: string
}

/** A key whose id or secret stood in the text. The owner should be told. */
export interface LeakedKey extends KeyOfOwner {
  /** Whether a secret that still passes stood there, or the id alone. */
  readonly secretLeaked: boolean
  /** Its state now. A key that waits for its confirmation has no secret yet, and is left alone. */
  readonly state: KeyState
}

export interface LeakResponse {
  readonly keys: readonly LeakedKey[]
  /** Key ids of the brand that no key has (any more). */
  readonly unknown: number
  /** Keys that cannot be read, so that nobody knows whether their secret stood there. */
  readonly unreadable: readonly UnreadableKey[]
}

/** What a house does for all its keys. Operators only, unless the table of operations says otherwise. */
export interface KeyUpkeep<P extends string = string> {
  /**
   * Takes over a key that exists elsewhere, under the same ceiling, policy and limit as a new one. A secret is sealed
   * at once.
   *
   * @throws {KeyError} as `request`, and `ERR_KEY_CONFLICT` when there is a key of that id
   */
  import(request: ImportKey<P>): Promise<KeyView>
  /**
   * Seals every secret that is not under the primary master key anew. Keys stay as they are and can be used
   * throughout; only their version rises. Costs a seal and a write for each.
   *
   * @throws {ConfigError} `ERR_OPTION_MISSING` without a sealer
   */
  reseal(request: UpkeepStep): Promise<ResealedKeys>
  /**
   * Counts what each master key seals, in one pass over all keys. One that seals nothing can be taken out, once every
   * server has the new primary.
   *
   * @throws {ConfigError} `ERR_OPTION_MISSING` without a sealer
   */
  countMasterKeys(request: HouseAsking): Promise<MasterKeyCount>
  /**
   * Ends what time has ended: removes keys and changes that were never confirmed, drops lapsed permissions for good,
   * revokes idle keys; and says which keys expire soon.
   *
   * @throws {ConfigError} `ERR_OPTION_MISSING` without `usage`, where the policy ends idle keys
   */
  sweep(request: SweepKeys): Promise<SweptKeys>
  /**
   * Suspends or revokes, as the policy says, every key whose id or secret stands in a text. A secret without its id is
   * looked for in all keys: that opens each one, and takes as long.
   */
  reportLeak(request: LeakReport): Promise<LeakResponse>
}

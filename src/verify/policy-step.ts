import type { Grant, PermissionModel, WithdrawalAddress } from '../key.js'
import type { CompiledKey } from '../keys/compiled-key.js'
import type { KeyCache } from '../keys/key-cache.js'
import type { Ceiling } from '../keys/manager-options.js'
import type { Awaitable } from '../store.js'
import type { Allowed, Refusal } from './verdict.js'

/** What an operation needs, ready to compare. */
export interface Needed {
  readonly grant: Grant
  readonly account: string | null | undefined
  readonly withdrawal: WithdrawalAddress | undefined
}

/** Where and when a request comes. */
export interface Origin {
  readonly ip: string | undefined
  readonly now: number
}

/** Policy, judged only once the caller is proven, so that it tells strangers nothing about a key. */
export type Authorize = (key: CompiledKey, needed: Needed, origin: Origin) => Awaitable<Allowed | Refusal>

export interface AuthorizerOptions {
  readonly permissions: PermissionModel
  readonly load: KeyCache['load']
  /** Whether an owner's address book holds an address. */
  readonly addressBook: ((owner: string, address: WithdrawalAddress) => Awaitable<boolean>) | undefined
  /** What an owner may do at this moment; `null` = nothing, the owner is frozen. */
  readonly ownerCeiling: ((owner: string) => Awaitable<Ceiling | null>) | undefined
}

import type { WireRequest } from '../http/request.js'
import type { Principal } from '../keys/compiled-key.js'
import { type Reader, recognize } from './recognize.js'
import { isRefusal } from './verdict.js'

/** What a caller may know of itself: the answer of a whoami endpoint. Plain data, ready for JSON. */
export interface SelfDescription {
  readonly keyId: string
  readonly owner: string
  readonly label: string
  readonly scheme: string
  /** Permissions the key has at this moment, as their owner, a cool-down or a lapse leave them. */
  readonly permissions: readonly string[]
  /** `null` = all of the owner's. */
  readonly accounts: readonly string[] | null
  /** Epoch ms, or `null`. */
  readonly expiresAt: number | null
  /** Whether the key is bound to addresses at all. */
  readonly ipRestricted: boolean
  /** The address the server sees the request come from. */
  readonly address: string | null
  /** Server time, epoch ms. */
  readonly serverTime: number
  /** Server time less the request's timestamp, ms: what the client should add to its clock; `null` without a timestamp. */
  readonly clockOffsetMs: number | null
}

/** Describes a verified caller to itself. */
export function describe(
  principal: Principal,
  {
    request,
    readers,
    now,
  }: { readonly request: WireRequest; readonly readers: readonly Reader<WireRequest>[]; readonly now: number },
): SelfDescription {
  const { keyId, owner, label, scheme, permissions, accounts, expiresAt, ipRestricted } = principal
  const found = recognize(readers, request)
  const timestamp =
    isRefusal(found) || found.scheme.freshness.kind !== 'timestamp' ? undefined : found.claim.timestampMs
  const clockOffsetMs = timestamp === undefined ? null : now - timestamp
  const seen = { address: request.ip ?? null, serverTime: now, clockOffsetMs }
  return { keyId, owner, label, scheme, permissions, accounts, expiresAt, ipRestricted, ...seen }
}

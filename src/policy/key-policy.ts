import { KeyError, type KeyErrorCode } from '../errors.js'
import { invalidOption, readInteger, readOptions } from '../options.js'
import type { KeyLimits, KeyPolicy } from '../preset.js'
import { isInstant } from '../time.js'
import { readKeyRules, strictRules } from './key-rules.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const WEEK_MS = 604_800_000
const CENTURY_MS = 3_155_760_000_000
const UNLIMITED = 1_000_000

/** Instants that come from people lie in 1973–5138; an earlier one is seconds, a later one microseconds. */
const EARLIEST_INPUT = 100_000_000_000
const LATEST_INPUT = 100_000_000_000_000

const WHERE = 'defineKeyPolicy'

type Nullable = 'keysPerOwner' | 'allowlistEntries' | 'defaultLifetimeMs' | 'maxLifetimeMs' | 'idleMs'

/** What each limit may be. */
const RANGES: Readonly<Record<keyof KeyLimits, { readonly min: number; readonly max: number }>> =
  /* @__PURE__ */ Object.freeze({
    keysPerOwner: { min: 1, max: UNLIMITED },
    allowlistEntries: { min: 1, max: UNLIMITED },
    minIpv4Prefix: { min: 0, max: 32 },
    minIpv6Prefix: { min: 0, max: 128 },
    defaultLifetimeMs: { min: 1, max: CENTURY_MS },
    minLifetimeMs: { min: 0, max: CENTURY_MS },
    maxLifetimeMs: { min: 1, max: CENTURY_MS },
    maxRotationOverlapMs: { min: 0, max: CENTURY_MS },
    confirmationMs: { min: MINUTE_MS, max: WEEK_MS },
    idleMs: { min: MINUTE_MS, max: CENTURY_MS },
    cooldownMs: { min: 0, max: CENTURY_MS },
    childDepth: { min: 0, max: 8 },
  })

/**
 * Limits for the keys of one house. Every limit is named, so that none is forgotten; start from `standardKeyPolicy`
 * to change a few.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function defineKeyPolicy(options: KeyPolicy): KeyPolicy {
  const names = [...Object.keys(RANGES), ...Object.keys(strictRules)] as (keyof KeyPolicy)[]
  const own = readOptions(WHERE, options, { required: names, optional: [] })
  // No limit has a fallback: NaN is in no range.
  const limit = (name: keyof KeyLimits): number =>
    readInteger({ where: WHERE, options: own }, name, { ...RANGES[name], fallback: Number.NaN })
  const limitOrNone = (name: Nullable): number | null => (own[name] === null ? null : limit(name))
  const policy: KeyPolicy = {
    keysPerOwner: limitOrNone('keysPerOwner'),
    allowlistEntries: limitOrNone('allowlistEntries'),
    minIpv4Prefix: limit('minIpv4Prefix'),
    minIpv6Prefix: limit('minIpv6Prefix'),
    defaultLifetimeMs: limitOrNone('defaultLifetimeMs'),
    minLifetimeMs: limit('minLifetimeMs'),
    maxLifetimeMs: limitOrNone('maxLifetimeMs'),
    maxRotationOverlapMs: limit('maxRotationOverlapMs'),
    confirmationMs: limit('confirmationMs'),
    idleMs: limitOrNone('idleMs'),
    cooldownMs: limit('cooldownMs'),
    childDepth: limit('childDepth'),
    ...readKeyRules(WHERE, own),
  }
  expectOrder(policy)
  return Object.freeze(policy)
}

/** The default life must be one that the policy itself would allow. */
function expectOrder({ defaultLifetimeMs, minLifetimeMs, maxLifetimeMs }: KeyPolicy): void {
  const longest = maxLifetimeMs ?? Number.POSITIVE_INFINITY
  if (minLifetimeMs > longest) throw invalidOption(WHERE, 'minLifetimeMs', 'at most maxLifetimeMs')
  const standard = defaultLifetimeMs ?? Number.POSITIVE_INFINITY
  if (standard > longest) throw invalidOption(WHERE, 'defaultLifetimeMs', 'at most maxLifetimeMs, where that is set')
  if (standard < minLifetimeMs) throw invalidOption(WHERE, 'defaultLifetimeMs', 'at least minLifetimeMs')
}

/**
 * Strict limits for a house that states none of its own: 16 keys per owner; 20 allowlist entries, which together may
 * admit 4,096 IPv4 addresses (sixteen /24 blocks) and one IPv6 site (/48); a life of 90 days unless asked otherwise,
 * a minute at least, a year at most, and never endless; three days, hence a weekend, for both secrets of a rotation.
 *
 * @source 16 keys: bitexbit. 20 entries: OKX, KuCoin, Gate, HTX. 90 days: CIS benchmarks on access-key rotation.
 * /48: RFC 6177
 */
export const standardKeyPolicy: KeyPolicy = /* @__PURE__ */ strictPolicy()

// In a function, so that a bundler can leave it out: it keeps what spreads or calculates outside of one.
function strictPolicy(): KeyPolicy {
  return defineKeyPolicy({
    keysPerOwner: 16,
    allowlistEntries: 20,
    minIpv4Prefix: 20,
    minIpv6Prefix: 48,
    defaultLifetimeMs: 90 * DAY_MS,
    minLifetimeMs: MINUTE_MS,
    maxLifetimeMs: 365 * DAY_MS,
    maxRotationOverlapMs: 3 * DAY_MS,
    confirmationMs: 30 * MINUTE_MS,
    idleMs: 90 * DAY_MS,
    cooldownMs: 0,
    childDepth: 1,
    ...strictRules,
  })
}

/** The times asked for a key, in epoch ms. */
export interface LifetimeRequest {
  readonly now: number
  /** `null` or left out: valid at once. */
  readonly notBefore?: number | null | undefined
  /** `null` asks for no expiry; left out asks for the default life. */
  readonly expiresAt?: number | null | undefined
}

/**
 * When a key shall expire, or `null` for never. A life begins at `notBefore` (or now) where the default and the
 * minimum are measured, and now where the maximum is: the secret can leak from the day it exists.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID` for a time that is none, is past, or is in seconds; `ERR_POLICY_VIOLATED`
 * for a life the policy does not allow. Both name the field.
 */
export function resolveExpiry(policy: KeyPolicy, { now, notBefore, expiresAt }: LifetimeRequest): number | null {
  if (!isInstant(now)) throw invalid('now', 'must be a time in epoch milliseconds')
  const start = Math.max(now, expectInput('notBefore', notBefore ?? null) ?? now)
  const asked = expiresAt === undefined ? defaultExpiry(policy, start) : expectInput('expiresAt', expiresAt)
  if (asked === null) {
    if (policy.maxLifetimeMs !== null) throw violated('expiresAt', 'is required by the key policy')
    return null
  }
  if (asked <= now) throw invalid('expiresAt', 'must lie in the future')
  if (asked <= start) throw invalid('expiresAt', 'must lie after notBefore')
  const { minLifetimeMs, maxLifetimeMs } = policy
  if (asked - start < minLifetimeMs) throw violated('expiresAt', 'is earlier than the key policy allows')
  if (maxLifetimeMs !== null && asked - now > maxLifetimeMs) {
    throw violated('expiresAt', 'is later than the key policy allows')
  }
  return asked
}

function defaultExpiry({ defaultLifetimeMs }: KeyPolicy, start: number): number | null {
  return defaultLifetimeMs === null ? null : start + defaultLifetimeMs
}

/** A time given by somebody: `null`, or an instant whose unit cannot be mistaken. */
function expectInput(field: string, value: number | null): number | null {
  if (value === null) return null
  if (!isInstant(value)) throw invalid(field, 'must be a time in whole epoch milliseconds, or null')
  if (value < EARLIEST_INPUT) throw invalid(field, 'must be in milliseconds; this looks like seconds')
  if (value >= LATEST_INPUT) throw invalid(field, 'must be in milliseconds; this looks like microseconds')
  return value
}

/** A rotation asked for: how long both secrets shall pass, in ms. */
export interface RotationRequest {
  readonly now: number
  /** 0 ends the old secret at once, as for one that leaked. */
  readonly overlapMs: number
  /** When the key itself expires; the old secret never outlives it. */
  readonly expiresAt: number | null
}

/**
 * The instant from which the old secret no longer passes.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, `ERR_POLICY_VIOLATED`, naming `overlapMs`
 */
export function resolveRotationEnd(policy: KeyPolicy, { now, overlapMs, expiresAt }: RotationRequest): number {
  if (!isInstant(now)) throw invalid('now', 'must be a time in epoch milliseconds')
  if (!isInstant(overlapMs)) throw invalid('overlapMs', 'must be a whole number of milliseconds, 0 or more')
  if (overlapMs > policy.maxRotationOverlapMs) throw violated('overlapMs', 'is longer than the key policy allows')
  return expiresAt === null ? now + overlapMs : Math.min(now + overlapMs, expiresAt)
}

function invalid(field: string, why: string): KeyError {
  return refused('ERR_INPUT_INVALID', field, why)
}

function violated(field: string, why: string): KeyError {
  return refused('ERR_POLICY_VIOLATED', field, why)
}

function refused(code: KeyErrorCode, field: string, why: string): KeyError {
  return new KeyError(code, `${field} ${why}`, { field })
}

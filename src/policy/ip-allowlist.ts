import { KeyError, type KeyErrorCode } from '../errors.js'
import { bitsOf, type Cidr, formatCidr, readCidr } from '../net/cidr.js'
import { type CidrSet, compileCidrSet } from '../net/cidr-set.js'
import type { KeyPolicy } from '../preset.js'

/** Where a key may be used from, ready for the request path. */
export interface Allowlist {
  /**
   * Whether a request from `ip` may use the key. An unknown or unreadable address is outside every list. Never throws.
   * Hot path: the text last allowed is remembered, so the usual caller costs one comparison.
   */
  allows(ip: string | undefined): boolean
}

/** What of a key policy limits an allowlist. */
export type AllowlistLimits = Pick<
  KeyPolicy,
  'allowlistEntries' | 'allowlistRanges' | 'minIpv4Prefix' | 'minIpv6Prefix'
>

const FIELD = 'ipAllowlist'

const anywhere: Allowlist = /* @__PURE__ */ Object.freeze({ allows: () => true })

/**
 * Compiles the IP allowlist of a key record: `null` = from anywhere, `[]` = from nowhere.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the entry
 */
export function compileAllowlist(entries: readonly string[] | null): Allowlist {
  if (entries === null) return anywhere
  const addresses = compileCidrSet(readEntries(entries))
  let lastAllowed: string | undefined
  return Object.freeze<Allowlist>({
    allows(ip) {
      // The type is judged first: `undefined` must not equal the memory of a list that has allowed nobody yet.
      if (typeof ip !== 'string') return false
      if (ip === lastAllowed) return true
      if (!addresses.has(ip)) return false
      lastAllowed = ip
      return true
    },
  })
}

/**
 * Checks an IP allowlist that is about to be stored, and gives every entry its one spelling. How wide it is, is
 * measured on all entries together: `0.0.0.0/1` and `128.0.0.0/1` are everything.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the entry and what is wrong with it; `ERR_POLICY_VIOLATED` when the
 * list has too many entries or admits too many addresses
 */
export function checkAllowlist(entries: readonly string[] | null, limits: AllowlistLimits): readonly string[] | null {
  if (entries === null) return null
  // The cap comes first, so that a list of a million entries costs nothing.
  const { allowlistEntries: most } = limits
  if (most !== null && Array.isArray(entries) && entries.length > most) {
    throw refused('ERR_POLICY_VIOLATED', FIELD, `may have at most ${most} entries`)
  }
  const rules = readEntries(entries)
  const range = limits.allowlistRanges ? -1 : rules.findIndex(({ family, prefix }) => prefix !== bitsOf(family))
  if (range >= 0) throw refused('ERR_POLICY_VIOLATED', `${FIELD}[${range}]`, 'must be a single address')
  const spellings = rules.map(formatCidr)
  refuseDuplicates(spellings)
  const addresses = compileCidrSet(rules)
  refuseBreadth(addresses, { family: 4, prefix: limits.minIpv4Prefix })
  refuseBreadth(addresses, { family: 6, prefix: limits.minIpv6Prefix })
  return Object.freeze(spellings)
}

/**
 * Whether a list admits no address that `ceiling` does not. Counted on the union, so that many small ranges inside a
 * wide one, or one wide range made of many small ones, are judged by the addresses alone.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the entry
 */
export function isWithinAllowlist(entries: readonly string[] | null, ceiling: readonly string[] | null): boolean {
  if (ceiling === null) return true
  if (entries === null) return false
  const outer = compileCidrSet(readEntries(ceiling))
  const both = compileCidrSet(readEntries([...ceiling, ...entries]))
  return both.count(4) === outer.count(4) && both.count(6) === outer.count(6)
}

function readEntries(entries: readonly string[]): readonly Cidr[] {
  if (!Array.isArray(entries)) {
    throw refused('ERR_INPUT_INVALID', FIELD, 'must be a list of addresses and CIDR ranges, or null')
  }
  // Not `map`: it would skip the holes of a sparse list.
  return Array.from(entries, (entry: string, i) => {
    const rule = readCidr(entry)
    if ('flaw' in rule) throw refused('ERR_INPUT_INVALID', `${FIELD}[${i}]`, rule.flaw)
    return rule
  })
}

function refuseDuplicates(spellings: readonly string[]): void {
  const seen = new Map<string, number>()
  for (const [i, spelling] of spellings.entries()) {
    const before = seen.get(spelling)
    if (before !== undefined) {
      throw refused('ERR_INPUT_INVALID', `${FIELD}[${i}]`, `says the same as ${FIELD}[${before}]`)
    }
    seen.set(spelling, i)
  }
}

function refuseBreadth(addresses: CidrSet, { family, prefix }: Pick<Cidr, 'family' | 'prefix'>): void {
  if (addresses.count(family) <= 1n << BigInt(bitsOf(family) - prefix)) return
  const most = `as many IPv${family} addresses as one /${prefix} range`
  throw refused('ERR_POLICY_VIOLATED', FIELD, `may admit at most ${most}, all entries together`)
}

function refused(code: KeyErrorCode, field: string, why: string): KeyError {
  return new KeyError(code, `${field} ${why}`, { field })
}

import { ConfigError } from '../errors.js'
import { invalidOption } from '../options.js'
import { type Cidr, readCidr } from './cidr.js'
import { type CidrSet, compileCidrSet } from './cidr-set.js'

/** Ranges that can be named. */
const NAMED = {
  /** @source RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3 */
  loopback: ['127.0.0.0/8', '::1'],
  /** @source RFC 1918 section 3, RFC 4193 section 3.1 */
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
} as const

/** How many public addresses can be proxies of one house: as many as one of these ranges holds. */
const WIDEST = { 4: 6, 6: 16 } as const

/**
 * Compiles the trusted proxies. Breadth is measured on all entries together, public addresses only, so that no way to
 * write it makes everybody a proxy.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID`, naming the entry
 */
export function compileTrust(where: string, entries: readonly string[]): CidrSet {
  if (!Array.isArray(entries)) throw invalidOption(where, 'trust', 'a list of addresses, CIDR ranges and named ranges')
  // Not `map`: it would skip the holes of a sparse list.
  const rules = Array.from(entries, (entry: unknown, i) => readEntry(entry, `${where}: trust[${i}]`)).flat()
  const internal = rulesOf([...NAMED.loopback, ...NAMED.private, '169.254.0.0/16', 'fe80::/10'])
  const known = compileCidrSet(internal)
  const all = compileCidrSet([...internal, ...rules])
  for (const [family, bits] of [
    [4, 32],
    [6, 128],
  ] as const) {
    if (all.count(family) - known.count(family) > 1n << BigInt(bits - WIDEST[family])) throw tooWide(where)
  }
  return compileCidrSet(rules)
}

function readEntry(entry: unknown, where: string): readonly Cidr[] {
  if (typeof entry === 'string' && Object.hasOwn(NAMED, entry)) return rulesOf(NAMED[entry as keyof typeof NAMED])
  const rule = readCidr(entry as string)
  if (!('flaw' in rule)) return [rule]
  const names = Object.keys(NAMED).map(name => `'${name}'`)
  throw new ConfigError('ERR_OPTION_INVALID', `${where} ${rule.flaw}; or one of the names ${names.join(', ')}`, {
    field: 'trust',
  })
}

function rulesOf(ranges: readonly string[]): readonly Cidr[] {
  return ranges.flatMap(range => {
    const rule = readCidr(range)
    return 'flaw' in rule ? [] : [rule]
  })
}

function tooWide(where: string): ConfigError {
  const most = `as many public addresses as one /${WIDEST[4]} of IPv4 and one /${WIDEST[6]} of IPv6`
  return invalidOption(where, 'trust', `proxies, not the internet: at most ${most}, all entries together`)
}

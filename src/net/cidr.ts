import ipaddr from 'ipaddr.js'
import { parseDecimal } from '../time.js'
import { type AddressFamily, MAX_ADDRESS_CHARS, readAddress } from './address.js'

/** A rule: one address, or all that share its leading bits. */
export interface Cidr {
  readonly family: AddressFamily
  /** First and last address as 32-bit words, most significant first: one for IPv4, four for IPv6. */
  readonly first: readonly number[]
  readonly last: readonly number[]
  /** Leading bits that count: 0–32 or 0–128. */
  readonly prefix: number
}

/** Why a text is no rule, as the end of a sentence that begins with the field's name. */
export interface CidrFlaw {
  readonly flaw: string
}

const MAX_CIDR_CHARS = MAX_ADDRESS_CHARS + 4
const MAPPED_BITS = 96
const NOT_AN_ADDRESS = 'must be an IPv4 address of four decimal parts, or an IPv6 address'

const words = /* @__PURE__ */ new Uint32Array(4)

/**
 * Reads an address or a CIDR range strictly. Refused are host bits, zones, netmasks, `a-b` ranges, prefixes with a
 * sign, a blank or a leading zero, and IPv4-mapped ranges wider than IPv4 itself. What an address is, is decided by
 * the reader that also reads the address of every request; its value comes from ipaddr.js, so that a defect in one of
 * the two makes a rule match nobody instead of somebody else.
 *
 * @source RFC 4632 section 3.1, RFC 4291 section 2.3; CVE-2021-28918 (octal), CVE-2026-90711 (mapped ranges)
 */
export function readCidr(text: string): Cidr | CidrFlaw {
  if (typeof text !== 'string') return { flaw: 'must be text' }
  if (text.length > MAX_CIDR_CHARS) return { flaw: NOT_AN_ADDRESS }
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const family = readAddress(address, words)
  if (family === 0) return { flaw: address.includes('%') ? 'must not name a zone' : NOT_AN_ADDRESS }
  const mapped = family === 4 && address.includes(':')
  const prefix = readPrefix(slash < 0 ? undefined : text.slice(slash + 1), family, mapped)
  if (typeof prefix !== 'number') return prefix
  const cidr = rangeOf(family, wordsOf(address), prefix)
  return 'exact' in cidr ? cidr.exact : { flaw: `has host bits set; the network is ${formatCidr(cidr.network)}` }
}

/** The one spelling of a rule to store and to compare. @source RFC 5952 section 4 */
export function formatCidr({ family, first, prefix }: Cidr): string {
  const address = family === 4 ? new ipaddr.IPv4(split(first, 8)) : new ipaddr.IPv6(split(first, 16))
  return prefix === bitsOf(family) ? address.toString() : `${address.toString()}/${prefix}`
}

/** How many bits an address of this family has. */
export function bitsOf(family: AddressFamily): 32 | 128 {
  return family === 4 ? 32 : 128
}

function readPrefix(text: string | undefined, family: AddressFamily, mapped: boolean): number | CidrFlaw {
  if (text === undefined) return bitsOf(family)
  const spare = mapped ? MAPPED_BITS : 0
  const bits = bitsOf(family) + spare
  const prefix = parseDecimal(text, 3)
  if (prefix < 0 || prefix > bits) return { flaw: `must have a prefix from ${spare} to ${bits}, in plain digits` }
  if (prefix < spare) return { flaw: 'is an IPv4-mapped range wider than IPv4; write it as an IPv4 range' }
  return prefix - spare
}

/** Value of an address that `readAddress` has accepted, by ipaddr.js. */
function wordsOf(address: string): readonly number[] {
  if (!address.includes(':')) return join(ipaddr.IPv4.parse(address).octets, 8)
  const value = join(ipaddr.IPv6.parse(withoutDots(address)).parts, 16)
  return value[0] === 0 && value[1] === 0 && value[2] === 0xffff ? value.slice(3) : value
}

/** IPv6 text with its dotted tail as two groups: ipaddr.js reads `::a.b.c.d` as if it were `::ffff:a.b.c.d`. */
function withoutDots(address: string): string {
  if (!address.includes('.')) return address
  const tail = address.lastIndexOf(':') + 1
  const [high, low] = split(join(ipaddr.IPv4.parse(address.slice(tail)).octets, 8), 16)
  return `${address.slice(0, tail)}${high!.toString(16)}:${low!.toString(16)}`
}

/** The range around `value`, as `exact` when `value` is its first address. */
function rangeOf(
  family: AddressFamily,
  value: readonly number[],
  prefix: number,
): { readonly exact: Cidr } | { readonly network: Cidr } {
  // A shift by 32 is a shift by 0, which would turn the narrowest mask into the widest: 32 is a case of its own.
  const masks = value.map((_, i) => (prefix >= 32 * (i + 1) ? 0 : 0xffffffff >>> Math.max(0, prefix - 32 * i)))
  const first = value.map((word, i) => (word & ~masks[i]!) >>> 0)
  const last = value.map((word, i) => (word | masks[i]!) >>> 0)
  const cidr: Cidr = { family, first, last, prefix }
  return first.every((word, i) => word === value[i]) ? { exact: cidr } : { network: cidr }
}

/** Pieces of `bits` bits each, put together to 32-bit words. */
function join(pieces: readonly number[], bits: 8 | 16): number[] {
  const joined: number[] = []
  for (let i = 0; i < pieces.length; i += 32 / bits) {
    joined.push(pieces.slice(i, i + 32 / bits).reduce((word, piece) => word * 2 ** bits + piece, 0))
  }
  return joined
}

/** 32-bit words, taken apart into pieces of `bits` bits each. */
function split(whole: readonly number[], bits: 8 | 16): number[] {
  const pieces: number[] = []
  for (const word of whole) {
    for (let shift = 32 - bits; shift >= 0; shift -= bits) pieces.push((word >>> shift) & (2 ** bits - 1))
  }
  return pieces
}

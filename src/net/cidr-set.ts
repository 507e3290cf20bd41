import { type AddressFamily, readAddress } from './address.js'
import type { Cidr } from './cidr.js'

/** Addresses admitted by a list of rules. Families are kept apart: no rule of one ever admits the other. */
export interface CidrSet {
  /**
   * Whether `text` is an address of the set; `false` for anything that is not an address. Never throws.
   * Hot path: no allocation, and a binary search, so the number of rules hardly matters.
   */
  has(text: string): boolean
  /** How many addresses of a family the set holds, each counted once however many rules name it. */
  count(family: AddressFamily): bigint
}

/** Disjoint ranges of one family in rising order, as words: one for each end of an IPv4 range, four for IPv6. */
interface Ranges {
  readonly first: Uint32Array
  readonly last: Uint32Array
}

const words = /* @__PURE__ */ new Uint32Array(4)

/** Sorts rules and drops those inside others. O(n log n). */
export function compileCidrSet(rules: readonly Cidr[]): CidrSet {
  const ipv4 = outermost(rules.filter(rule => rule.family === 4))
  const ipv6 = outermost(rules.filter(rule => rule.family === 6))
  const ranges4 = flatten(ipv4, 1)
  const ranges6 = flatten(ipv6, 4)
  return Object.freeze<CidrSet>({
    has(text) {
      const family = readAddress(text, words)
      if (family === 4) return containsIpv4(ranges4, words[0]!)
      return family === 6 && containsIpv6(ranges6, words)
    },
    count: family => countOf(family === 4 ? ipv4 : ipv6, family === 4 ? 32 : 128),
  })
}

/** Two CIDR ranges are disjoint or one holds the other, so what begins inside its predecessor is inside it. */
function outermost(rules: readonly Cidr[]): readonly Cidr[] {
  const sorted = [...rules].sort((a, b) => order(a.first, b.first) || a.prefix - b.prefix)
  const kept: Cidr[] = []
  for (const rule of sorted) {
    const previous = kept.at(-1)
    if (previous === undefined || order(rule.first, previous.last) > 0) kept.push(rule)
  }
  return kept
}

function order(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return 0
}

function flatten(rules: readonly Cidr[], width: 1 | 4): Ranges {
  const first = new Uint32Array(rules.length * width)
  const last = new Uint32Array(rules.length * width)
  for (let i = 0; i < rules.length; i++) {
    first.set(rules[i]!.first, i * width)
    last.set(rules[i]!.last, i * width)
  }
  return { first, last }
}

function countOf(rules: readonly Cidr[], bits: 32 | 128): bigint {
  return rules.reduce((sum, { prefix }) => sum + (1n << BigInt(bits - prefix)), 0n)
}

/**
 * Finds the last range that begins at or below the address: if any holds it, this one does. The search steps by
 * arithmetic, not by a branch: every comparison is a coin toss, and each one guessed wrong would cost more.
 */
function containsIpv4({ first, last }: Ranges, address: number): boolean {
  let at = 0
  for (let rest = first.length; rest > 1; rest -= rest >>> 1) {
    const half = rest >>> 1
    at += Number(first[at + half]! <= address) * half
  }
  return first.length > 0 && first[at]! <= address && address <= last[at]!
}

/** The same over four words an address. */
function containsIpv6({ first, last }: Ranges, address: Uint32Array): boolean {
  let at = 0
  for (let rest = first.length >>> 2; rest > 1; rest -= rest >>> 1) {
    const half = rest >>> 1
    at += Number(orderAt(first, (at + half) * 4, address) <= 0) * half
  }
  return first.length > 0 && orderAt(first, at * 4, address) <= 0 && orderAt(last, at * 4, address) >= 0
}

/** How the four words at `at` compare with an IPv6 address. */
function orderAt(ends: Uint32Array, at: number, address: Uint32Array): number {
  for (let i = 0; i < 4; i++) {
    const difference = ends[at + i]! - address[i]!
    if (difference !== 0) return difference
  }
  return 0
}

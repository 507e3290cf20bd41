/** Addresses as big integers: an independent model of parsing and of ranges, and generators of right and wrong text. */

import { readAddress } from '../../src/net/address.js'

/** What the reader says of a text: the family, and the value as one number. */
export function addressOf(text: string): { readonly family: 4 | 6; readonly value: bigint } | undefined {
  const words = new Uint32Array(4)
  const family = readAddress(text, words)
  if (family === 0) return undefined
  return { family, value: family === 4 ? BigInt(words[0]!) : joined([...words]) }
}

/** 32-bit words, most significant first, as one number. */
export function joined(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
}

export function bits(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

/** The plainest text of an address: dotted decimal, or eight groups. */
export function textOf(family: 4 | 6, value: bigint): string {
  const [count, size, radix] = family === 4 ? ([4, 8n, 10] as const) : ([8, 16n, 16] as const)
  const parts = Array.from({ length: count }, (_, i) => (value >> (size * BigInt(count - 1 - i))) & ((1n << size) - 1n))
  return parts.map(part => part.toString(radix)).join(family === 4 ? '.' : ':')
}

/** Whether an address lies in a range, by definition. */
export function lies(address: bigint, { network, prefix, family }: Range): boolean {
  const host = BigInt(bits(family) - prefix)
  return address >> host === network >> host
}

export interface Range {
  readonly family: 4 | 6
  readonly network: bigint
  readonly prefix: number
}

/** Random numbers from a seed, so that a failure can be repeated. */
export interface Dice {
  /** 0 ≤ n < sides */
  roll(sides: number): number
  pick<T>(choices: ArrayLike<T>): T
  number(bitCount: number): bigint
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const roll = (sides: number): number => next() % sides
  return {
    roll,
    pick: choices => choices[roll(choices.length)]!,
    number(bitCount) {
      let value = 0n
      for (let i = 0; i < bitCount; i += 32) value = (value << 32n) | BigInt(next())
      return value & ((1n << BigInt(bitCount)) - 1n)
    },
  }
}

export function randomRange(dice: Dice, family: 4 | 6, prefix = dice.roll(bits(family) + 1)): Range {
  const host = BigInt(bits(family) - prefix)
  return { family, network: (dice.number(bits(family)) >> host) << host, prefix }
}

export function ruleText({ family, network, prefix }: Range): string {
  return `${textOf(family, network)}/${prefix}`
}

/** An address in the range, or one bit away from it: where mistakes show. */
export function addressNear(dice: Dice, { family, network, prefix }: Range): bigint {
  const size = bits(family)
  const inside = network | (dice.number(size) & ((1n << BigInt(size - prefix)) - 1n))
  if (dice.roll(2) === 0) return inside
  const border = prefix - 1 + dice.roll(2)
  const bit = dice.roll(4) === 0 ? dice.roll(size) : Math.min(size - 1, Math.max(0, border))
  return inside ^ (1n << BigInt(size - 1 - bit))
}

const ALPHABET = '0123456789abcdefABCDEF::..%/ xgz-+[]٣'

/** Something like an address: written in one of many right ways, then damaged up to three times or not at all. */
export function addressLikeText(dice: Dice): string {
  let text = dice.pick([ipv4Text, ipv6Text, ipv6Text, mixedText, noise])(dice)
  for (let damage = dice.roll(4) - 1; damage > 0; damage--) text = damaged(dice, text)
  return text
}

function ipv4Text(dice: Dice): string {
  const parts = Array.from({ length: dice.roll(12) === 0 ? 1 + dice.roll(5) : 4 }, () => dice.roll(280).toString())
  return parts.map(part => (dice.roll(20) === 0 ? `0${part}` : part)).join('.')
}

function ipv6Text(dice: Dice): string {
  return withGap(dice, groupTexts(dice, 8))
}

function mixedText(dice: Dice): string {
  const head =
    dice.roll(3) === 0 ? ['0', '0', '0', '0', '0', dice.pick(['ffff', 'FFFF', '0', 'fffe'])] : groupTexts(dice, 6)
  return `${withGap(dice, head)}:${ipv4Text(dice)}`.replace(':::', '::')
}

function groupTexts(dice: Dice, count: number): string[] {
  return Array.from({ length: count }, () => {
    const text = dice.pick([0, 0, 1, 0xffff, dice.roll(0x10000)]).toString(16)
    const padded = dice.roll(6) === 0 ? text.padStart(4, '0') : text
    return dice.roll(3) === 0 ? padded.toUpperCase() : padded
  })
}

/** Leaves out a run of groups, whatever they were. */
function withGap(dice: Dice, groups: readonly string[]): string {
  if (dice.roll(3) === 0) return groups.join(':')
  const from = dice.roll(groups.length)
  const to = from + 1 + dice.roll(groups.length - from)
  return `${groups.slice(0, from).join(':')}::${groups.slice(to).join(':')}`
}

function noise(dice: Dice): string {
  return Array.from({ length: dice.roll(24) }, () => dice.pick(ALPHABET)).join('')
}

function damaged(dice: Dice, text: string): string {
  const at = dice.roll(text.length + 1)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  switch (dice.roll(5)) {
    case 0:
      return before + after.slice(1)
    case 1:
      return before + dice.pick(ALPHABET) + after
    case 2:
      return before + dice.pick(ALPHABET) + after.slice(1)
    case 3:
      return before + after.slice(0, 1) + after
    default:
      return before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2)
  }
}

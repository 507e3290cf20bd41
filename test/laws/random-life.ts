/** One random life: who lives it, what is chosen, and what it is told of when something is to go wrong. */

import type { KeyStore, WithdrawalAddress } from '../../src/index.js'
import { createMemoryKeyStore } from '../../src/stores/memory.js'
import { HOUSES, type Running, runHouse } from './houses.js'
import type { House, NaiveCeiling, NaiveKey } from './naive-keys.js'

export const OWNER = 'owner-1'
export const ACCOUNTS = ['spot', 'margin', 'futures'] as const
/** 2026-01-01T00:00:00Z. */
const START = 1_767_225_600_000

/** Random choices that a seed repeats. */
export interface Chooser {
  below(limit: number): number
  chance(percent: number): boolean
  pick<T>(list: readonly T[]): T
  /** Up to `most` different ones. */
  some<T>(list: readonly T[], most: number): T[]
}

/** One owner of one house: what really runs, and what the model holds of it. */
export interface Life extends Running {
  readonly house: House
  readonly random: Chooser
  readonly tally: Tally
  /** What manager and verifier share. */
  readonly store: KeyStore
  readonly keys: Map<string, NaiveKey>
  /** Tokens of mails, dead ones too. */
  readonly tokens: string[]
  /** Keys that were found stored as foretold, by the version they had; each version is compared once. */
  readonly compared: WeakMap<NaiveKey, number>
  /** What was done, for the report of a broken law. */
  readonly log: string[]
  ceiling: NaiveCeiling
  ownerFrozen: boolean
  now: number
}

/** What goes wrong on purpose, to see that it is noticed. */
export interface Spoiled {
  readonly ceiling?: (real: NaiveCeiling) => NaiveCeiling
  readonly keys?: (store: KeyStore) => KeyStore
  readonly keysToVerify?: (store: KeyStore) => KeyStore
}

export interface Tally {
  lives: number
  /** Operations asked of managers; refused ones too. */
  operations: number
  /** How many were carried out, by name. */
  readonly done: Record<string, number>
  requests: number
  passed: number
}

export const createTally = (): Tally => ({ lives: 0, operations: 0, done: {}, requests: 0, passed: 0 })

/** A house chosen by the seed, with an owner who has no keys yet. */
export function beginLife(seed: number, tally: Tally, spoiled: Spoiled): Life {
  const random = createChooser(seed)
  const house = random.pick(HOUSES)
  const store = createMemoryKeyStore()
  const tokens: string[] = []
  const state = { ceiling: chooseCeiling(house, random), ownerFrozen: false, now: START }
  const life: Omit<Life, keyof Running> = Object.assign(state, {
    ...{ house, random, tally, store, tokens, log: [`${house.name}, ceiling ${JSON.stringify(state.ceiling)}`] },
    keys: new Map<string, NaiveKey>(),
    compared: new WeakMap<NaiveKey, number>(),
  })
  const { ceiling = real => real, keys = same => same, keysToVerify = same => same } = spoiled
  const running = runHouse(house, {
    keys: keys(store),
    keysToVerify: keysToVerify(store),
    clock: () => life.now,
    ceiling: () => ceiling(life.ceiling),
    ceilingNow: () => (life.ownerFrozen ? null : life.ceiling),
    mailed: token => tokens.push(token),
  })
  return Object.assign(life, running)
}

export function chooseCeiling({ implications, aliases }: House, random: Chooser): NaiveCeiling {
  const names = Object.keys(implications)
  const permissions = random.chance(50) ? names : random.some([...names, ...Object.keys(aliases)], 3)
  return { permissions, accounts: random.chance(60) ? null : random.some(ACCOUNTS, 3) }
}

export function addressOf(address: string): WithdrawalAddress {
  return { asset: 'BTC', network: 'bitcoin', address, memo: null }
}

/** mulberry32, over a seed that is mixed first, since consecutive lives have consecutive seeds. */
function createChooser(seed: number): Chooser {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) >>> 0
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const some = <T>(list: readonly T[], most: number): T[] => {
    const left = [...list]
    const count = Math.min(left.length, 1 + below(most))
    return Array.from({ length: count }, () => left.splice(below(left.length), 1)[0]!)
  }
  return { below, pick, some, chance: percent => below(100) < percent }
}

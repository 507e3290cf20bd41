/** Random choices that one seed repeats. */

import { createDice } from '../schemes/distinct.js'

export interface Random {
  /** An integer below `limit`. */
  below(limit: number): number
  chance(percent: number): boolean
  pick<T>(from: readonly T[]): T
  /** Letters and digits. */
  word(length: number): string
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export function createRandom(seed: number): Random {
  const below = createDice(seed)
  return {
    below,
    chance: percent => below(100) < percent,
    pick: from => from[below(from.length)]!,
    word: length => Array.from({ length }, () => ALPHABET.charAt(below(ALPHABET.length))).join(''),
  }
}

/**
 * A chained hash table in two integer arrays: 24 bytes an entry when full, 48 just after it grew, nothing for the
 * garbage collector to trace, and no hold on the request whose text a nonce was cut from.
 */
export interface Entries {
  /** Entry by entry, from 1: fingerprint (2 words), key, next entry of the chain, next entry of the list. */
  words: Int32Array
  /** First entry of each chain, 0 for none; their number is a power of two, and the most entries there can be. */
  heads: Int32Array
  /** Entries ever handed out. */
  used: number
  /** First of those given back, chained. */
  free: number
  size: number
  /** What is looked for and added: fingerprint and key. */
  readonly candidate: Int32Array
}

/** Entries that will leave together. Every entry is in one list. */
export interface EntryList {
  head: number
}

const WORDS = 5
const KEY = 2
const CHAIN = 3
const LIST = 4

/** Chains of an empty table; it never gets smaller. */
export const MIN_CAPACITY = 1024

export function createEntries(): Entries {
  const words = new Int32Array((MIN_CAPACITY + 1) * WORDS)
  return { words, heads: new Int32Array(MIN_CAPACITY), used: 0, free: 0, size: 0, candidate: new Int32Array(3) }
}

/** Whether the candidate is in the table. */
export function hasCandidate({ words, heads, candidate }: Entries): boolean {
  let at = (heads[slotOf(candidate, 0) & (heads.length - 1)] ?? 0) * WORDS
  while (at !== 0) {
    if (words[at] === candidate[0] && words[at + 1] === candidate[1] && words[at + KEY] === candidate[KEY]) return true
    at = (words[at + CHAIN] ?? 0) * WORDS
  }
  return false
}

/** Adds the candidate, at the head of its chain and of a list. There must be room. */
export function addCandidate(entries: Entries, list: EntryList): void {
  const { words, heads, candidate } = entries
  const recycled = entries.free !== 0
  const entry = recycled ? entries.free : ++entries.used
  const at = entry * WORDS
  if (recycled) entries.free = words[at + CHAIN] ?? 0
  const slot = slotOf(candidate, 0) & (heads.length - 1)
  words[at] = candidate[0] ?? 0
  words[at + 1] = candidate[1] ?? 0
  words[at + KEY] = candidate[KEY] ?? 0
  words[at + CHAIN] = heads[slot] ?? 0
  words[at + LIST] = list.head
  heads[slot] = entry
  list.head = entry
  entries.size++
}

/** Takes the first entry out of a list and out of the table, and tells whose it was. The list must not be empty. */
export function removeFirst(entries: Entries, list: EntryList): number {
  const { words, heads } = entries
  const entry = list.head
  const at = entry * WORDS
  const slot = slotOf(words, at) & (heads.length - 1)
  const next = words[at + CHAIN] ?? 0
  if (heads[slot] === entry) heads[slot] = next
  else {
    let before = (heads[slot] ?? 0) * WORDS
    while (words[before + CHAIN] !== entry) before = (words[before + CHAIN] ?? 0) * WORDS
    words[before + CHAIN] = next
  }
  list.head = words[at + LIST] ?? 0
  words[at + CHAIN] = entries.free
  entries.free = entry
  entries.size--
  return words[at + KEY] ?? 0
}

/** Moves every entry of these lists to arrays of another capacity, a power of two. */
export function resize(entries: Entries, lists: Iterable<EntryList>, capacity: number): void {
  const { words, candidate } = entries
  const [first, second, key] = candidate
  entries.words = new Int32Array((capacity + 1) * WORDS)
  entries.heads = new Int32Array(capacity)
  entries.used = 0
  entries.free = 0
  entries.size = 0
  for (const list of lists) {
    let at = list.head * WORDS
    list.head = 0
    while (at !== 0) {
      candidate[0] = words[at] ?? 0
      candidate[1] = words[at + 1] ?? 0
      candidate[KEY] = words[at + KEY] ?? 0
      addCandidate(entries, list)
      at = (words[at + LIST] ?? 0) * WORDS
    }
  }
  candidate.set([first ?? 0, second ?? 0, key ?? 0])
}

/** The chain of an entry, before it is cut to their number. The key counts, since keys may well use equal nonces. */
function slotOf(words: Int32Array, at: number): number {
  return (words[at + 1] ?? 0) ^ Math.imul(words[at + KEY] ?? 0, 0x9e3779b1)
}

import { createFingerprinter } from './fingerprint.js'
import {
  addCandidate,
  createEntries,
  type Entries,
  type EntryList,
  hasCandidate,
  MIN_CAPACITY,
  removeFirst,
  resize,
} from './nonce-entries.js'

/** Live nonces of all keys, by key number. Ticks are whole numbers of any unit. */
export interface NonceTable {
  /** Remembers `token` under `key` until `tick` is freed; `false` if it is there already. O(1). */
  add(key: number, token: string, tick: number): boolean
  /** Frees everything due at or before `tick`. Each nonce is freed once, so this is O(1) a nonce. */
  freeUpTo(tick: number): void
  /** The latest tick that anything was freed of: what is due by then may have been forgotten. */
  horizon(): number
}

/** @param onFree told the key of each nonce that is freed */
export function createNonceTable(onFree: (key: number) => void): NonceTable {
  const fingerprinter = createFingerprinter()
  const entries = createEntries()
  const lists = new Map<number, EntryList>()
  let freedUpTo = 0
  let horizon = Number.NEGATIVE_INFINITY

  function free(tick: number): void {
    const list = lists.get(tick)
    if (list === undefined) return
    while (list.head !== 0) onFree(removeFirst(entries, list))
    lists.delete(tick)
    if (tick > horizon) horizon = tick
  }

  return {
    add(key: number, token: string, tick: number): boolean {
      fingerprinter.write(token, entries.candidate)
      entries.candidate[2] = key
      if (hasCandidate(entries)) return false
      adjust(entries, lists.values())
      addCandidate(entries, listOf(lists, tick))
      return true
    },
    freeUpTo(tick: number): void {
      if (tick === freedUpTo) return
      if (tick - freedUpTo > lists.size) {
        for (const due of lists.keys()) if (due <= tick) free(due)
      } else for (let due = freedUpTo + 1; due <= tick; due++) free(due)
      // Lowered when the clock was stepped back, because what is added from now on may fall due in between.
      freedUpTo = tick
    },
    horizon: () => horizon,
  }
}

/** Makes room for one more, and gives memory back once most of it is empty. */
function adjust(entries: Entries, lists: Iterable<EntryList>): void {
  const capacity = entries.heads.length
  if (entries.size === capacity) resize(entries, lists, capacity * 2)
  else if (capacity > MIN_CAPACITY && entries.size < capacity / 8) resize(entries, lists, capacity / 2)
}

function listOf(lists: Map<number, EntryList>, tick: number): EntryList {
  const known = lists.get(tick)
  if (known !== undefined) return known
  const list = { head: 0 }
  lists.set(tick, list)
  return list
}

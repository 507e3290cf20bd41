/** One page of ids. */
interface PageQuery {
  readonly limit: number
  readonly after: string | undefined
  /** Whether a key is still there. */
  has(keyId: string): boolean
}

/** Everybody's key ids in byte order. */
export interface KeyOrder {
  add(keyId: string): void
  remove(keyId: string): void
  page(query: PageQuery): readonly string[]
}

/**
 * Sorts when a page is asked for, so that an insert costs nothing: upkeep reads in order now and then, and inserts are
 * what a busy house does. An id that was sorted in and removed since is left out when it is met.
 */
export function createKeyOrder(): KeyOrder {
  let sorted: readonly string[] = []
  let added = new Set<string>()
  return {
    add: keyId => void added.add(keyId),
    remove: keyId => void added.delete(keyId),
    page({ limit, after, has }: PageQuery): readonly string[] {
      if (added.size > 0) {
        sorted = merge(sorted.filter(has), [...added].filter(has).sort(compareUtf8))
        added = new Set()
      }
      const page: string[] = []
      for (let at = after === undefined ? 0 : positionAfter(sorted, after); at < sorted.length; at++) {
        if (page.length === limit) break
        if (has(sorted[at]!)) page.push(sorted[at]!)
      }
      return page
    },
  }
}

/** Both in one order, an id that is in both once. */
function merge(a: readonly string[], b: readonly string[]): readonly string[] {
  const merged: string[] = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    const difference = compareUtf8(a[i]!, b[j]!)
    merged.push(difference <= 0 ? a[i]! : b[j]!)
    if (difference <= 0) i++
    if (difference >= 0) j++
  }
  return [...merged, ...a.slice(i), ...b.slice(j)]
}

/** How many of the sorted ids come before `keyId` or are it. */
export function positionAfter(keyIds: readonly string[], keyId: string): number {
  let low = 0
  let high = keyIds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareUtf8(keyIds[middle] ?? '', keyId) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Orders texts as their UTF-8 bytes, which differs from JavaScript's order where surrogates meet U+E000 to U+FFFF. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

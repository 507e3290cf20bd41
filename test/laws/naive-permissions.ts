/** The lattice as sets of names, written without a thought for speed: what the bits are judged by. */

/** Each permission with what it implies directly. */
export type Implications = Readonly<Record<string, readonly string[]>>

/** The names and everything they imply, by adding until nothing is added. */
export function closureOf(implications: Implications, names: Iterable<string>): ReadonlySet<string> {
  const closed = new Set(names)
  for (let before = -1; before !== closed.size; ) {
    before = closed.size
    for (const name of [...closed]) for (const below of implications[name] ?? []) closed.add(below)
  }
  return closed
}

/** Every set of names that holds all that its members imply, by trying all sets. */
export function downSetsOf(implications: Implications): readonly ReadonlySet<string>[] {
  const names = Object.keys(implications)
  const all: ReadonlySet<string>[] = []
  for (let chosen = 0; chosen < 2 ** names.length; chosen++) {
    const set = new Set(names.filter((_, at) => Math.floor(chosen / 2 ** at) % 2 === 1))
    if ([...set].every(name => implications[name]!.every(below => set.has(below)))) all.push(set)
  }
  return all
}

export function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const name of part) if (!whole.has(name)) return false
  return true
}

export function unionOf(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  const both = new Set(a)
  for (const name of b) both.add(name)
  return both
}

export function intersectionOf(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  const shared = new Set<string>()
  for (const name of a) if (b.has(name)) shared.add(name)
  return shared
}

/** Members that no other member implies, in the order of the definition. */
export function maximalOf(implications: Implications, set: ReadonlySet<string>): readonly string[] {
  const isBelowAnother = (name: string) =>
    [...set].some(other => other !== name && closureOf(implications, [other]).has(name))
  return Object.keys(implications).filter(name => set.has(name) && !isBelowAnother(name))
}

export function holdsPair(set: ReadonlySet<string>, exclusions: readonly (readonly [string, string])[]): boolean {
  return exclusions.some(([a, b]) => set.has(a) && set.has(b))
}

/** `p0`, `p1`, … each implying what `below` says of its number. */
export function numbered(count: number, below: (at: number) => readonly number[]): Implications {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, below(at).map(other => `p${other}`)]))
}

export const chain = (count: number): Implications => numbered(count, at => (at === 0 ? [] : [at - 1]))

export const antichain = (count: number): Implications => numbered(count, () => [])

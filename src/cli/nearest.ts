/** The name most like a mistyped one, if any is near enough to be meant. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const ranked = names.map(name => [strangeness(text, name), name] as const).sort(([a], [b]) => a - b)
  const [best] = ranked
  if (best === undefined) return undefined
  return best[0] <= Math.max(2, Math.floor(best[1].length / 3)) ? best[1] : undefined
}

/** ` Did you mean …?`, or nothing. */
export function didYouMean(text: string, names: readonly string[], prefix = ''): string {
  const name = nearest(text, names)
  return name === undefined ? '' : ` Did you mean ${prefix}${name}?`
}

/** A name that was cut off is near as well. */
function strangeness(text: string, name: string): number {
  return Math.min(distance(text, name), distance(text, name.slice(0, text.length + 1)) + 1)
}

/** How many characters must be added, left out or exchanged (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchanged = above[j - 1]! + Number(a[i - 1] !== b[j - 1])
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, exchanged))
    }
  }
  return row[b.length]!
}

/** Where a run stands in its text more than once, so many places are looked at. */
const MAX_PLACES = 32

/** A run of `from`, whose characters `owner` gives to somebody by a number; -1 = nobody. */
export interface Run {
  readonly from: string
  readonly owner: Int16Array
  readonly at: number
}

/**
 * Gives the run at `at` what stands beside it in `text` and is nobody's. Linear in both texts, whatever is in them.
 *
 * @returns where the run ends
 */
export function extendRun(run: Run, { index, text }: { readonly index: number; readonly text: string }): number {
  const end = endOf(run, { index, text })
  const start = startOf(run, end, text)
  run.owner.fill(index, start, end)
  return end
}

function endOf({ from, owner, at }: Run, { index, text }: { readonly index: number; readonly text: string }): number {
  let place = text.indexOf(from.charAt(at))
  let [end, matched, tried] = [at + 1, 1, 0]
  while (end < from.length && (owner[end] === index || owner[end] === -1)) {
    const isSame = matched === end - at && place >= 0 && text[place + matched] === from[end]
    if (isSame) matched++
    else if (owner[end] === -1) {
      place = place < 0 || ++tried > MAX_PLACES ? -1 : text.indexOf(from.slice(at, end + 1), place + 1)
      if (place < 0) return end
      matched = end + 1 - at
    }
    end++
  }
  return end
}

function startOf({ from, owner, at }: Run, end: number, text: string): number {
  let place = text.indexOf(from.slice(at, end))
  let [start, tried] = [at, 0]
  while (place >= 0 && start > 0 && owner[start - 1] === -1) {
    if (place > 0 && text[place - 1] === from[start - 1]) place--
    else place = ++tried > MAX_PLACES ? -1 : text.indexOf(from.slice(start - 1, end), place)
    if (place >= 0) start--
  }
  return start
}

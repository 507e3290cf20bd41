/** The highest nonces accepted from one key, and everything below them taken for seen. */
export interface RisingWindow {
  /**
   * Accepts `nonce` once; `false` if it was accepted before, is not above what the window has dropped, or is no
   * unsigned 64-bit number. O(1) for a nonce above all others, O(window) at worst.
   */
  advance(nonce: bigint, window: number): boolean
}

/** Most nonces one key may have remembered. */
export const MAX_WINDOW = 65_536

const MAX_NONCE = 2n ** 64n - 1n
const MIN_CAPACITY = 16

/** Ascending in a sliding part of an array, so that neither end has to move others. 8 to 32 bytes a nonce. */
export function createRisingWindow(): RisingWindow {
  let nonces = new BigUint64Array(MIN_CAPACITY)
  let start = 0
  let end = 0
  /** The highest nonce dropped: it and all below stay refused, also when the window is wider later. */
  let floor = -1n

  function makeRoom(): void {
    const roomy = end - start <= nonces.length / 2
    const target = roomy ? nonces : new BigUint64Array(nonces.length * 2)
    target.set(nonces.subarray(start, end))
    end -= start
    start = 0
    nonces = target
  }

  function dropBeyond(window: number): void {
    while (end - start > window) floor = nonces[start++] ?? floor
  }

  /** Index of the first nonce that is not below `nonce`. */
  function indexOf(nonce: bigint): number {
    let [low, high] = [start, end]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((nonces[middle] ?? 0n) < nonce) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    advance(nonce: bigint, window: number): boolean {
      dropBeyond(window)
      if (nonce <= floor || nonce > MAX_NONCE || nonce < 0n) return false
      const isFull = end - start === window
      if (isFull && nonce <= (nonces[start] ?? 0n)) return false
      if (end === nonces.length) makeRoom()
      const at = end > start && nonce <= (nonces[end - 1] ?? 0n) ? indexOf(nonce) : end
      if (at < end && nonces[at] === nonce) return false
      nonces.copyWithin(at + 1, at, end)
      nonces[at] = nonce
      end++
      dropBeyond(window)
      return true
    },
  }
}

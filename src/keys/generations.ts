/** A bounded map of text to what is known of it. */
export interface Generations<T> {
  get(id: string): T | undefined
  set(id: string, value: T): void
  delete(id: string): void
}

/**
 * Holds at most `max`, and forgets what two generations did not use: one look-up a hit, where a list in order of use
 * moves nodes.
 */
export function createGenerations<T>(max: number): Generations<T> {
  const size = Math.max(1, max >> 1)
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (id: string, value: T): void => {
    if (young.size >= size && !young.has(id)) {
      old = size < max ? young : new Map()
      young = new Map()
    }
    young.set(id, value)
  }
  const get = (id: string): T | undefined => {
    const hit = young.get(id)
    if (hit !== undefined) return hit
    const aged = old.get(id)
    if (aged !== undefined) set(id, aged)
    return aged
  }
  const remove = (id: string): void => {
    old.delete(id)
    young.delete(id)
  }
  return { get, set, delete: remove }
}

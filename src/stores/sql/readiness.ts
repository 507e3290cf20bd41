/**
 * Does what must be done once before the first use. Whoever comes meanwhile waits for it; if it fails, the next use
 * tries again.
 */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work().catch(error => {
      done = undefined
      throw error
    })
    return done
  }
}

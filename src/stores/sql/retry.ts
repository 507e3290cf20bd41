const ATTEMPTS = 6
const FIRST_PAUSE_MS = 4
/** Whoever has waited so long for a lock does not wait again. */
const PATIENCE_MS = 5_000

/**
 * Runs `work`, a few times at most, as long as it fails in a way that left nothing behind for certain: a deadlock, a
 * lost race. A lost connection is no such way, since the work may have been done: that is never tried again.
 */
export async function retryUndone<T>(work: () => Promise<T>, isUndone: (error: unknown) => boolean): Promise<T> {
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const isLast = attempt === ATTEMPTS || performance.now() - startedAt > PATIENCE_MS
      if (isLast || !isUndone(error)) throw error
    }
    await pause(attempt)
  }
}

/** Longer each time, and for everybody another time, so that the same two do not meet again. */
function pause(attempt: number): Promise<void> {
  const longestMs = FIRST_PAUSE_MS * 2 ** attempt
  return new Promise(resolve => setTimeout(resolve, (0.5 + Math.random() / 2) * longestMs))
}

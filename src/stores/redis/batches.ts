/** One claim on its way. */
export interface PendingClaim {
  readonly name: string
  /** Name of the tally of its API key, under a limit. */
  readonly tally: string | undefined
  /** Epoch ms. */
  readonly expiresAt: number
  resolve(accepted: boolean): void
  reject(error: unknown): void
}

/** Most claims sent at once: what a server works on before it listens to others again. */
const MAX_BATCH = 64

/** Most batches under way at once. */
const MAX_FLYING = 4

/**
 * Sends claims together. The first few leave at once; what comes while they are under way waits for the next to return,
 * and leaves in one command. So a quiet process waits for nothing, and a busy one saves most of the work a command is.
 *
 * @param send answers with one 0 or 1 for each claim
 */
export function createBatches(
  send: (batch: readonly PendingClaim[]) => Promise<string>,
): (claim: PendingClaim) => void {
  const waiting: PendingClaim[] = []
  let flying = 0
  let isDue = false

  function leave(): void {
    isDue = false
    while (flying < MAX_FLYING && waiting.length > 0) {
      flying++
      void fly(waiting.splice(0, MAX_BATCH))
    }
  }

  async function fly(batch: readonly PendingClaim[]): Promise<void> {
    try {
      const answers = await send(batch)
      for (const [i, claim] of batch.entries()) claim.resolve(answers[i] === '1')
    } catch (error) {
      // What waits would wait as long again, and then the next: a queue that fails must not grow.
      for (const claim of [...batch, ...waiting.splice(0)]) claim.reject(error)
    }
    flying--
    leave()
  }

  return claim => {
    waiting.push(claim)
    if (isDue || flying === MAX_FLYING) return
    isDue = true
    queueMicrotask(leave)
  }
}

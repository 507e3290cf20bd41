/** Requests without end, and when the last of each key was accepted. */

import type { Verifier } from '../../../src/index.js'
import { type Handout, signerOf } from './house.js'

export interface LoadResult {
  /** When the judging of the last request that was accepted began, ns, by key. */
  readonly accepted: Readonly<Record<string, bigint>>
  readonly failures: readonly string[]
}

export interface Load {
  isAccepted(keyId: string): boolean
  isRefused(keyId: string): boolean
  stop(): Promise<LoadResult>
}

const LANES = 4

/** Signs and judges requests of these keys in turn, in a few lanes. */
export function startLoad(verifier: Verifier, keys: readonly Handout[]): Load {
  const accepted: Record<string, bigint> = {}
  const refused = new Set<string>()
  const failures: string[] = []
  const signers = keys.map(key => ({ keyId: key.keyId, signer: signerOf(key) }))
  let isOver = false

  async function useOnce({ keyId, signer }: (typeof signers)[number]): Promise<void> {
    const request = await signer.sign({ method: 'GET', target: '/v1/balance' })
    const begun = process.hrtime.bigint()
    const { ok } = await verifier.verify(request, { permission: 'read' })
    if (ok) accepted[keyId] = begun > (accepted[keyId] ?? 0n) ? begun : (accepted[keyId] ?? 0n)
    else refused.add(keyId)
  }

  async function run(lane: number): Promise<void> {
    for (let i = lane; !isOver; i++) {
      const used = signers[i % signers.length]
      if (used !== undefined) await useOnce(used).catch(error => failures.push(String(error)))
      // Whoever locks a file for others must leave them time, and a store that answers at once leaves no turn.
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  }

  const running = Array.from({ length: LANES }, (_, lane) => run(lane))
  return {
    isAccepted: keyId => accepted[keyId] !== undefined,
    isRefused: keyId => refused.has(keyId),
    async stop() {
      isOver = true
      await Promise.all(running)
      await verifier.close()
      return { accepted, failures }
    },
  }
}

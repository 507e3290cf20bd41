import type { ReplayCase } from './replay-case.js'
import { CLAIMS } from './replay-claims.js'
import { EXPIRY } from './replay-expiry.js'
import { NONCES } from './replay-nonces.js'

/** What must hold of every `ReplayStore`. */
export const replayStoreSuite: readonly ReplayCase[] = [...CLAIMS, ...EXPIRY, ...NONCES]

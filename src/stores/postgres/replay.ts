import { encodeHex } from '../../bytes.js'
import type { ReplayStore } from '../../store.js'
import { type Clock, isInstant } from '../../time.js'
import { createPace, encodeClaim } from '../sql/claims.js'
import { cellOf, corrupt } from '../sql/columns.js'
import { checkWindow, MAX_NONCE, writeNonces } from '../sql/rising.js'
import { checkTexts } from '../sql/sizes.js'
import type { Connection } from './connection.js'
import type { Functions } from './functions.js'

export function createPostgresReplayStore(connection: Connection, functions: Functions, clock: Clock): ReplayStore {
  const { rows } = connection
  const pace = createPace()
  // Half a hash is enough: to be refused for another's token takes a second one with the same 128 bits.
  const digest = `substring(sha256(decode($1, 'hex')) for 16)`
  const claim = `SELECT ${functions.claimToken}(${digest}, $2::bigint, $3::bigint, $4::integer) AS accepted`
  const advance = `SELECT ${functions.advanceNonce}($1, decode($2, 'hex'), $3::integer) AS accepted`

  return {
    async claim(keyId: string, token: string, expiresAt: number): Promise<boolean> {
      const now = Math.floor(clock())
      if (!isInstant(expiresAt) || !(expiresAt > now)) return false
      const [answer] = await rows(claim, [encodeClaim(keyId, token), expiresAt, now, pace()])
      return readAccepted(answer)
    },
    async advance(keyId: string, nonce: bigint, window: number): Promise<boolean> {
      checkWindow(window)
      if (nonce < 0n || nonce > MAX_NONCE) return false
      checkTexts({ keyId })
      const [answer] = await rows(advance, [keyId, encodeHex(writeNonces([nonce])), window])
      return readAccepted(answer)
    },
  }
}

function readAccepted(answer: unknown): boolean {
  const accepted = cellOf(answer, 'accepted')
  if (typeof accepted !== 'boolean') throw corrupt('accepted')
  return accepted
}

import type { KeyRecord, PendingConfirmation } from '../key.js'
import { viewKey } from './codec.js'
import { confirmedParameters } from './confirmation.js'
import type { Desk } from './desk.js'
import type { ConfirmationMail } from './manager-types.js'

/**
 * Hands the token to the host's mailer. A failure there leaves what was asked waiting, to be sent again, and nothing
 * else.
 */
export async function mail(desk: Desk, record: KeyRecord, token: string): Promise<boolean> {
  const confirmation = record.confirmation as PendingConfirmation
  const { operation, expiresAt } = confirmation
  const parameters = confirmedParameters(record, confirmation)
  const { owner } = record
  const letter: ConfirmationMail = {
    owner,
    token,
    operation,
    parameters,
    expiresAt,
    key: viewKey(record, desk.clock()),
  }
  try {
    await desk.sendConfirmation?.(letter)
    return true
  } catch {
    return false
  }
}

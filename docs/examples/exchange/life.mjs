/** What becomes of a key: revoked, expired, rotated. The exchange's clock is moved, so that nobody has to wait. */

import { BALANCES, createClient } from './signed.mjs'
import { expectAnswer } from './transcript.mjs'

const HOUR_MS = 3_600_000

export async function showLife({ show }, { origin, issue, revoke, rotate, clock }) {
  const client = credentials => createClient(origin, credentials, clock)

  const leaked = await issue('leaked', { permissions: ['read'] })
  await show('a key before it is revoked', async () => expectAnswer(await client(leaked).call(BALANCES), '200'))
  await revoke(leaked)
  await show('a key after it is revoked', async () =>
    expectAnswer(await client(leaked).call(BALANCES), '401 key_revoked'),
  )

  const old = await issue('rotated', { permissions: ['read'] })
  const renewed = await rotate(old, { overlapMs: HOUR_MS })
  const brief = await issue('brief', { permissions: ['read'], expiresAt: clock() + HOUR_MS })
  await show('a key in its last hour', async () => expectAnswer(await client(brief).call(BALANCES), '200'))
  await show('a rotated key: its old secret, in the overlap', async () =>
    expectAnswer(await client(old).call(BALANCES), '200'),
  )
  await show('a rotated key: its new secret, in the overlap', async () =>
    expectAnswer(await client(renewed).call(BALANCES), '200'),
  )

  clock.advance(HOUR_MS)
  await show('an hour later, a key that has expired', async () =>
    expectAnswer(await client(brief).call(BALANCES), '401 key_expired'),
  )
  await show('a rotated key: its old secret', async () =>
    expectAnswer(await client(old).call(BALANCES), '401 invalid_credentials'),
  )
  await show('a rotated key: its new secret', async () => expectAnswer(await client(renewed).call(BALANCES), '200'))
}

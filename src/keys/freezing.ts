import { KeyError } from '../errors.js'
import type { KeyView } from '../key.js'
import { type Desk, load, replaceKey } from './desk.js'
import { endAll, endUnlessGone, FROZEN, ownedKeys } from './ending.js'
import { advanceKey } from './lifecycle.js'
import type { EndAll, EndedKeys, ThawedKeys, UnreadableKey } from './manager-types.js'
import { settleKey } from './settling.js'

/**
 * Suspends every active key of an owner, and revokes those that still wait for their confirmation, lest their link
 * bring them to life: account locked, second factor switched off, password changed. New keys are the
 * business of `eligible`; for a freeze that holds at once and for all, the verifier asks `ownerCeiling`.
 */
export async function freezeOwner(desk: Desk, { owner, reason }: EndAll): Promise<EndedKeys> {
  const end = { owner, reason: FROZEN + reason }
  let revoked = 0
  for await (const { keyId, state } of ownedKeys(desk, owner)) {
    if (state === 'pending' && (await endUnlessGone(desk, 'revoke', { ...end, keyId }))) revoked++
  }
  const suspended = await endAll(desk, 'suspend', end)
  return { ...suspended, ended: suspended.ended + revoked }
}

/** Resumes what a freeze suspended, as far as the owner's ceiling still allows it. */
export async function thawOwner(desk: Desk, { owner }: Pick<EndAll, 'owner'>): Promise<ThawedKeys> {
  const refused: UnreadableKey[] = []
  let resumed = 0
  for await (const key of ownedKeys(desk, owner)) {
    if (key.state !== 'suspended' || !key.reason?.startsWith(FROZEN)) continue
    const error = await resume(desk, key)
    if (error === undefined) resumed++
    else refused.push({ keyId: key.keyId, error })
  }
  return { resumed, refused }
}

async function resume(desk: Desk, key: KeyView): Promise<KeyError | undefined> {
  try {
    const record = await load(desk, key)
    const now = desk.clock()
    const next = advanceKey(record, 'resume', { change: { state: 'active', reason: null }, now })
    await replaceKey(desk, await settleKey(desk, next, now), record)
    return undefined
  } catch (error) {
    if (error instanceof KeyError) return error
    throw error
  }
}

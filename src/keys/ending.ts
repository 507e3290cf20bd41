import { KeyError } from '../errors.js'
import type { KeyView } from '../key.js'
import type { KeyRow } from '../store.js'
import { decodeKey, encodeKey, viewKey } from './codec.js'
import { conflict, type Desk, find, load } from './desk.js'
import { advanceKey } from './lifecycle.js'
import { readPage } from './listing.js'
import type { EndAll, EndedKeys, EndKey, UnreadableKey } from './manager-types.js'

/** How often an operation that must win is tried against writers that come between. */
const MAX_TRIES = 100

/** Suspends or revokes. It must win: a writer that comes between is read again, never given way to. */
export async function endKey(
  desk: Desk,
  operation: 'suspend' | 'revoke',
  { reason, ...owned }: EndKey,
): Promise<KeyView> {
  const state = operation === 'suspend' ? 'suspended' : 'revoked'
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const record = await load(desk, owned)
    const now = desk.clock()
    if (record.state === state) return viewKey(record, now)
    const next = advanceKey(record, operation, { change: { state, reason }, now })
    if (await desk.keys.replace(encodeKey(next), record.version)) return viewKey(next, now)
  }
  throw conflict()
}

/** Removes a key that is revoked, revoking it first; one that cannot be read needs no more than its removal. */
export async function destroyKey(desk: Desk, { reason, ...owned }: EndKey): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = await find(desk, owned)
    const version = isReadable(row) ? (await endKey(desk, 'revoke', { ...owned, reason })).version : row.version
    if (await desk.keys.remove(owned.keyId, version)) return
  }
  throw conflict()
}

function isReadable(row: KeyRow): boolean {
  try {
    return decodeKey(row).keyId === row.keyId
  } catch {
    return false
  }
}

/** Passes over an owner's keys until one finds none alive: a key created meanwhile is caught by the next pass. */
export async function endAll(desk: Desk, { owner, reason }: EndAll): Promise<EndedKeys> {
  let revoked = 0
  for (let passes = 0; passes < MAX_TRIES; passes++) {
    const { ended, unreadable } = await endPass(desk, { owner, reason })
    revoked += ended
    if (ended === 0) return { revoked, unreadable }
  }
  throw conflict()
}

async function endPass(desk: Desk, { owner, reason }: EndAll): Promise<{ ended: number; unreadable: UnreadableKey[] }> {
  const unreadable: UnreadableKey[] = []
  let ended = 0
  let after: string | null = null
  do {
    const page = await readPage(desk, { owner, after })
    unreadable.push(...page.unreadable)
    for (const { keyId } of page.keys.filter(key => key.state !== 'revoked')) {
      if (await endUnlessGone(desk, { owner, keyId, reason })) ended++
    }
    after = page.next
  } while (after !== null)
  return { ended, unreadable }
}

/** A key that somebody destroyed in between needs no ending. */
async function endUnlessGone(desk: Desk, key: EndKey): Promise<boolean> {
  try {
    await endKey(desk, 'revoke', key)
    return true
  } catch (error) {
    if (error instanceof KeyError && error.code === 'ERR_KEY_NOT_FOUND') return false
    throw error
  }
}

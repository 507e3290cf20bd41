import { KeyError } from '../errors.js'
import type { KeyRecord, KeyView } from '../key.js'
import type { KeyRow } from '../store.js'
import { decodeKey, encodeKey, viewKey } from './codec.js'
import { conflict, type Desk, find, load } from './desk.js'
import { advanceKey } from './lifecycle.js'
import { readPage } from './listing.js'
import type { EndAll, EndedKeys, EndKey, KeyPage, UnreadableKey } from './manager-types.js'

/** Leads the reason of a key that was suspended with its owner, so that a thaw wakes those and no others. */
export const FROZEN = 'frozen: '

/** How often an operation that must win is tried against writers that come between. */
const MAX_TRIES = 100

export async function suspendKey(desk: Desk, key: EndKey): Promise<KeyView> {
  if (String(key.reason).startsWith(FROZEN)) {
    throw new KeyError('ERR_INPUT_INVALID', `'reason' must not start with '${FROZEN}'`, { field: 'reason' })
  }
  return endKey(desk, 'suspend', key)
}

export async function revokeKey(desk: Desk, key: EndKey): Promise<KeyView> {
  return endKey(desk, 'revoke', key)
}

export async function revokeAll(desk: Desk, all: EndAll): Promise<EndedKeys> {
  return endAll(desk, 'revoke', all)
}

/**
 * Suspends or revokes. It must win: a writer that comes between is read again, never given way to. Children end with
 * their parent; the verifier refuses them in any case, since it judges a child by all its ancestors.
 */
export async function endKey(
  desk: Desk,
  transition: 'suspend' | 'revoke',
  { reason, ...owned }: EndKey,
): Promise<KeyView> {
  const state = transition === 'suspend' ? 'suspended' : 'revoked'
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const record = await load(desk, owned)
    const now = desk.clock()
    const next =
      record.state === state
        ? record
        : advanceKey(record, transition, { change: { state, reason, confirmation: null }, now })
    if (next !== record && !(await desk.keys.replace(encodeKey(next), record.version))) continue
    if (transition === 'revoke') await revokeChildren(desk, next, reason)
    return viewKey(next, now)
  }
  throw conflict()
}

async function revokeChildren(desk: Desk, { owner, keyId }: KeyRecord, reason: string): Promise<void> {
  if (desk.policy.childDepth === 0) return
  for await (const child of ownedKeys(desk, owner)) {
    if (child.parent === keyId && child.state !== 'revoked') {
      await endUnlessGone(desk, 'revoke', { owner, keyId: child.keyId, reason })
    }
  }
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
export async function endAll(
  desk: Desk,
  transition: 'suspend' | 'revoke',
  { owner, reason }: EndAll,
): Promise<EndedKeys> {
  const living = transition === 'revoke' ? ['pending', 'active', 'suspended'] : ['active']
  const unreadable = new Map<string, UnreadableKey>()
  const ended = new Set<string>()
  for (let passes = 0, found = 1; found > 0; passes++) {
    if (passes > MAX_TRIES) throw conflict()
    found = 0
    for await (const key of ownedKeys(desk, owner, unreadable)) {
      if (!living.includes(key.state)) continue
      found++
      if (await endUnlessGone(desk, transition, { owner, keyId: key.keyId, reason })) ended.add(key.keyId)
    }
  }
  return { ended: ended.size, unreadable: [...unreadable.values()] }
}

/** Destroys every key the owner has, also those that cannot be read. */
export async function destroyAll(desk: Desk, { owner, reason }: EndAll): Promise<{ readonly destroyed: number }> {
  await endAll(desk, 'revoke', { owner, reason })
  let destroyed = 0
  for (;;) {
    const rows = await desk.keys.list({ owner, limit: 100 })
    if (rows.length === 0) return { destroyed }
    for (const { keyId } of rows) {
      await destroyKey(desk, { owner, keyId, reason })
      destroyed++
    }
  }
}

/** Every readable key of an owner, page by page. */
export async function* ownedKeys(
  desk: Desk,
  owner: string,
  unreadable?: Map<string, UnreadableKey>,
): AsyncGenerator<KeyView> {
  let after: string | null = null
  do {
    const page: KeyPage = await readPage(desk, { owner, after })
    for (const key of page.unreadable) unreadable?.set(key.keyId, key)
    yield* page.keys
    after = page.next
  } while (after !== null)
}

/** A key that somebody ended or destroyed in between needs no ending. */
export async function endUnlessGone(desk: Desk, transition: 'suspend' | 'revoke', key: EndKey): Promise<boolean> {
  try {
    await endKey(desk, transition, key)
    return true
  } catch (error) {
    const gone = error instanceof KeyError && (error.code === 'ERR_KEY_NOT_FOUND' || error.code === 'ERR_KEY_STATE')
    if (gone) return false
    throw error
  }
}

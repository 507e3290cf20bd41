import { KeyError, SealError } from '../errors.js'
import type { CompiledKey } from '../keys/compiled-key.js'
import type { KeyCache } from '../keys/key-cache.js'
import type { Refusal } from './verdict.js'

/** More generations than any policy allows mean a row that was tampered with. */
const MAX_GENERATIONS = 8

const GONE: Refusal = Object.freeze({ denial: 'key_revoked', field: 'parent' })
const CORRUPT: Refusal = Object.freeze({ denial: 'key_corrupt', field: 'parent' })

/**
 * The keys a child key descends from, parent first. A child never outlives an ancestor, and has no other owner.
 *
 * @denies key_revoked when an ancestor is gone, key_corrupt when one cannot be read
 */
export async function loadAncestors(
  load: KeyCache['load'],
  key: CompiledKey,
): Promise<readonly CompiledKey[] | Refusal> {
  const ancestors: CompiledKey[] = []
  for (let id = key.record.parent; id !== null; ) {
    if (ancestors.length >= MAX_GENERATIONS) return CORRUPT
    const loaded = await load(id)
    if (loaded === undefined) return GONE
    if (loaded instanceof KeyError || loaded instanceof SealError || loaded.record.owner !== key.record.owner)
      return CORRUPT
    ancestors.push(loaded)
    id = loaded.record.parent
  }
  return ancestors
}

import { encodeUtf8 } from '../bytes.js'
import type { KeyRow, KeyStore } from '../store.js'
import { checkEqual } from './suite.js'

/** What makes an empty key store. */
export type MakeKeyStore = () => KeyStore | PromiseLike<KeyStore>

/** No limit. */
export const UNLIMITED: number = Number.MAX_SAFE_INTEGER

/** A row of `keyId`, active, of the owner `owner-1`, unless told otherwise. */
export function rowOf(keyId: string, changes: Partial<KeyRow> = {}): KeyRow {
  const version = changes.version ?? 1
  return {
    keyId,
    owner: 'owner-1',
    state: 'active',
    expiresAt: null,
    createdAt: 1_700_000_000_000,
    version,
    record: JSON.stringify({ keyId, version }),
    ...changes,
  }
}

/** Inserts rows that no limit concerns. */
export async function insertAll(store: KeyStore, rows: readonly KeyRow[]): Promise<void> {
  for (const row of rows) checkEqual(await store.insert(row, UNLIMITED), 'inserted', 'a new row is inserted')
}

/** Every key id of an owner, read page by page. */
export async function allKeyIds(store: KeyStore, owner: string, limit: number): Promise<readonly string[]> {
  const keyIds: string[] = []
  let page = await store.list({ owner, limit })
  while (page.length > 0) {
    keyIds.push(...page.map(row => row.keyId))
    page = await store.list({ owner, limit, after: keyIds.at(-1) })
  }
  return keyIds
}

/** Every key id there is, read page by page. */
export async function scannedKeyIds(store: KeyStore, limit: number): Promise<readonly string[]> {
  const keyIds: string[] = []
  let page = await store.scan({ limit })
  while (page.length > 0) {
    keyIds.push(...page.map(row => row.keyId))
    page = await store.scan({ limit, after: keyIds.at(-1) })
  }
  return keyIds
}

/** Orders texts by their bytes in UTF-8. */
export function byBytes(a: string, b: string): number {
  const [x, y] = [encodeUtf8(a), encodeUtf8(b)]
  const at = x.findIndex((byte, i) => byte !== y[i])
  return at < 0 ? x.length - y.length : (x[at] ?? 0) - (y[at] ?? -1)
}

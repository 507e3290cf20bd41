import type { KeyError } from '../errors.js'
import type { KeyRecord } from '../key.js'
import type { KeyRow } from '../store.js'
import type { Desk } from './desk.js'
import { checkPage, decodeOrError } from './listing.js'
import type { UnreadableKey } from './manager-types.js'

const WHOLE_SCAN_PAGE = 100

/** Rows of all owners, in the order of their ids. */
export interface ScannedRows {
  readonly rows: readonly KeyRow[]
  /** `after` of the next page; `null` when this was the last. */
  readonly next: string | null
}

/** @throws {KeyError} `ERR_INPUT_INVALID`, naming `limit` or `after` */
export async function readScan(
  desk: Desk,
  page: { readonly limit?: number; readonly after?: string | null },
): Promise<ScannedRows> {
  const { limit, after } = checkPage(page)
  const rows = await desk.keys.scan({ limit, after: after ?? undefined })
  return { rows, next: rows.length < limit ? null : (rows.at(-1)?.keyId ?? null) }
}

/** Every readable key there is, page by page. Requests get their turn in between, also where the store answers at once. */
export async function* allKeys(desk: Desk, unreadable: UnreadableKey[]): AsyncGenerator<readonly KeyRecord[]> {
  let after: string | null = null
  do {
    const { rows, next }: ScannedRows = await readScan(desk, { limit: WHOLE_SCAN_PAGE, after })
    yield rows.flatMap(row => {
      const record: KeyRecord | KeyError = decodeOrError(row)
      if (!(record instanceof Error)) return record
      unreadable.push({ keyId: row.keyId, error: record })
      return []
    })
    after = next
    await new Promise(resolve => setTimeout(resolve, 0))
  } while (after !== null)
}

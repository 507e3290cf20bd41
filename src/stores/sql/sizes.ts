import { encodeUtf8 } from '../../bytes.js'
import { KeyError } from '../../errors.js'
import { checkStorable } from './columns.js'

/** Longest texts, in bytes of UTF-8, of columns that a server keeps in an index or in a limited type. */
export const MAX_BYTES: Readonly<Record<'keyId' | 'owner' | 'event' | 'lastAddress', number>> = {
  keyId: 512,
  owner: 1024,
  event: 255,
  lastAddress: 255,
}

/** @throws {KeyError} `ERR_INPUT_INVALID` for a text that the server would refuse, change or cut; names the field */
export function checkTexts(fields: Readonly<Record<string, string | null>>): void {
  checkStorable(fields)
  for (const [field, maxBytes] of Object.entries(MAX_BYTES)) {
    if (fitsIn(maxBytes, fields[field])) continue
    throw new KeyError('ERR_INPUT_INVALID', `'${field}' must be at most ${maxBytes} bytes of UTF-8`, { field })
  }
}

/** No character takes more than three bytes a unit, so most texts need not be encoded to be measured. */
function fitsIn(maxBytes: number, text: string | null | undefined): boolean {
  return (text?.length ?? 0) * 3 <= maxBytes || encodeUtf8(text ?? '').length <= maxBytes
}

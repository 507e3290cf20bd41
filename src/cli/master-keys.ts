import { decodeBase64, decodeHex } from '../bytes.js'
import type { SealerOptions } from '../crypto/sealer.js'
import { usage } from './failures.js'
import type { Terminal } from './terminal.js'

/** Master keys as text: `<id>:<hex or base64>`, one a line or separated by commas; the first one seals. */

export const MASTER_KEYS_NOTE: string =
  'Master keys are lines of `<id>:<64 hex digits, or base64>`, as keygen master prints them; the first one seals, all of them open.'

const BYTES = 32
const LINE = /^([a-z0-9][a-z0-9_-]{0,31}):(.+)$/

/** What `createSealer` takes. A line that cannot be read is named by its number and never shown. */
export function parseMasterKeys(text: string, terminal: Terminal): SealerOptions {
  const lines = text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const keys: Record<string, Uint8Array> = Object.create(null)
  for (const [index, line] of lines.entries()) {
    const [, id = '', material = ''] = LINE.exec(line) ?? []
    const bytes = decodeHex(material, BYTES) ?? decodeBase64(material)
    if (bytes?.length !== BYTES)
      throw usage(`master key ${index + 1} is not <id>:<64 hex digits, or base64 of 32 bytes>`)
    if (Object.hasOwn(keys, id)) throw usage(`master key ${index + 1} has the id of an earlier one`)
    terminal.conceal(material)
    keys[id] = bytes
  }
  const [primary] = Object.keys(keys)
  if (primary === undefined) throw usage('there is no master key')
  // Ids of digits alone would come first in the object, whatever the order of the lines.
  return { primary: LINE.exec(lines[0] as string)?.[1] ?? primary, keys: { ...keys } }
}

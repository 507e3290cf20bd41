import { invalidOption } from '../../options.js'
import { corrupt, readBytesOrNull } from './columns.js'

/** The highest nonces accepted from one key. */
export interface Rising {
  /** The highest nonce no longer remembered, −1n when none: it and all below stay refused, whatever the window. */
  readonly floor: bigint
  /** Ascending. */
  readonly nonces: readonly bigint[]
}

export const MAX_NONCE: bigint = 2n ** 64n - 1n
const NONCE_BYTES = 8

/** Most nonces one key may have remembered. */
const MAX_WINDOW = 65_536

/** @throws {ConfigError} `ERR_OPTION_INVALID` unless `window` is an integer from 1 to 65,536 */
export function checkWindow(window: number): void {
  if (Number.isSafeInteger(window) && window >= 1 && window <= MAX_WINDOW) return
  throw invalidOption('advance', 'window', `an integer from 1 to ${MAX_WINDOW}`)
}

/** What is remembered once `nonce` is accepted; `undefined` if it is refused. */
export function admitNonce({ floor, nonces }: Rising, nonce: bigint, window: number): Rising | undefined {
  if (nonce < 0n || nonce > MAX_NONCE) return undefined
  const kept = nonces.slice(-window)
  const lowest = nonces.length > kept.length ? (nonces.at(-kept.length - 1) ?? floor) : floor
  if (nonce <= lowest || kept.includes(nonce)) return undefined
  if (kept.length === window && nonce <= (kept[0] ?? lowest)) return undefined
  const above = kept.findIndex(known => known > nonce)
  kept.splice(above < 0 ? kept.length : above, 0, nonce)
  return kept.length > window ? { floor: kept.shift() ?? lowest, nonces: kept } : { floor: lowest, nonces: kept }
}

/** @throws {StoreError} `ERR_STORE_CORRUPT` */
export function readRising(row: unknown): Rising {
  if (row === undefined) return { floor: -1n, nonces: [] }
  const floors = readNonces(row, 'floor')
  if (floors.length > 1) throw corrupt('floor')
  const floor = floors[0] ?? -1n
  const nonces = readNonces(row, 'nonces')
  let below = floor
  for (const nonce of nonces) {
    if (nonce <= below) throw corrupt('nonces')
    below = nonce
  }
  return { floor, nonces }
}

/** Eight bytes each, the highest first byte first: integers above 2^53 differ from driver to driver. */
export function writeNonces(nonces: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(nonces.length * NONCE_BYTES)
  const view = new DataView(bytes.buffer)
  nonces.forEach((nonce, i) => {
    view.setBigUint64(i * NONCE_BYTES, nonce)
  })
  return bytes
}

function readNonces(row: unknown, column: string): bigint[] {
  const bytes = readBytesOrNull(row, column) ?? new Uint8Array(0)
  if (bytes.length % NONCE_BYTES !== 0) throw corrupt(column)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / NONCE_BYTES }, (_, i) => view.getBigUint64(i * NONCE_BYTES))
}

import { BASE62 } from './random.js'

/** Characters of a checksum: 62^6 is above 2^32. */
export const CHECKSUM_CHARACTERS = 6

const TABLE = /* @__PURE__ */ createTable()

/** One step of the CRC for each byte value, bits reflected. */
function createTable(): Uint32Array {
  const polynomial = 0xedb88320
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
}

/**
 * CRC-32 as in zip, gzip and PNG. Finds typing errors; anybody can compute it, so it proves nothing.
 *
 * @source ISO 3309; check value 0xCBF43926 for `123456789`
 */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]!) & 0xff]!
  return (crc ^ 0xffffffff) >>> 0
}

/**
 * The CRC-32 of the bytes as six base62 digits, most significant first, padded with `0`.
 *
 * @source the manner of https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
 */
export function checksum(bytes: Uint8Array): string {
  let rest = crc32(bytes)
  let digits = ''
  for (let i = 0; i < CHECKSUM_CHARACTERS; i++) {
    digits = BASE62.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

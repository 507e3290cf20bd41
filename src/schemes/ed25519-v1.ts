import { keyPairsOf } from '#key-pairs'
import { type V1Options, v1 } from '../dialect/v1.js'
import type { Scheme } from '../scheme.js'

export interface Ed25519V1Options extends V1Options {}

/**
 * `hmac-v1` with a key pair instead of a shared secret: an Ed25519 signature over the same ten lines, the first of which
 * is `keylattice-ed25519-v1`, in lower-case hex. The server holds nothing that could sign.
 *
 * @source RFC 8032 (Ed25519); `docs/reference/hmac-v1.md` for the lines
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function ed25519V1(options: Ed25519V1Options): Scheme<'ed25519-v1'> {
  const keyPairs = keyPairsOf(['ed25519'])
  return v1({ id: 'ed25519-v1', proof: { kind: 'signature', keyPairs }, tagBytes: 64 }, options)
}

import { utf8Secret } from '../crypto/secret-encoding.js'
import { type V1Options, v1 } from '../dialect/v1.js'
import type { Scheme } from '../scheme.js'

export interface HmacV1Options extends V1Options {}

/**
 * Keylattice's own scheme: HMAC-SHA256 over ten lines, none of which can hold a line break, so that distinct requests
 * have distinct strings. Specification: `docs/reference/hmac-v1.md`.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function hmacV1(options: HmacV1Options): Scheme<'hmac-v1'> {
  return v1(
    { id: 'hmac-v1', proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret }, tagBytes: 32 },
    options,
  )
}

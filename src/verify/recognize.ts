import type { WireRequest } from '../http/request.js'
import { holdsSecret } from '../keys/credentials.js'
import { type Claim, isMalformed, type Scheme } from '../scheme.js'
import type { Refusal } from './verdict.js'

/** An unverified request, understood. */
export interface Recognized {
  readonly scheme: Scheme
  readonly claim: Claim
}

const MISSING: Refusal = Object.freeze({ denial: 'missing_credentials' })
const AMBIGUOUS: Refusal = Object.freeze({ denial: 'malformed_credentials', field: 'credentials of two schemes' })
/** Refused here, so that a client that mixed up the two does not leave its secret in every log of the server. */
const SECRET: Refusal = Object.freeze({ denial: 'malformed_credentials', field: 'keyId' })

/**
 * Finds the one scheme whose credentials the request carries.
 *
 * @denies missing_credentials, malformed_credentials (also when two schemes recognise theirs: a request that can be
 * read in two ways could be judged by the one its author did not mean, and when a secret stands in place of a key id)
 */
export function recognize(schemes: readonly Scheme[], request: WireRequest): Recognized | Refusal {
  let found: Recognized | Refusal = MISSING
  for (const scheme of schemes) {
    const read = scheme.read(request)
    if (read === undefined) continue
    if (found !== MISSING) return AMBIGUOUS
    if (isMalformed(read)) found = { denial: 'malformed_credentials', field: read.malformed }
    else found = holdsSecret(read.keyId) ? SECRET : { scheme, claim: read }
  }
  return found
}

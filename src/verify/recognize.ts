import type { WireRequest } from '../http/request.js'
import { type Claim, isMalformed, type Scheme } from '../scheme.js'
import type { Refusal } from './verdict.js'

/** An unverified request, understood. */
export interface Recognized {
  readonly scheme: Scheme
  readonly claim: Claim
}

const MISSING: Refusal = Object.freeze({ denial: 'missing_credentials' })
const AMBIGUOUS: Refusal = Object.freeze({ denial: 'malformed_credentials', field: 'credentials of two schemes' })

/**
 * Finds the one scheme whose credentials the request carries.
 *
 * @denies missing_credentials, malformed_credentials (also when two schemes recognise theirs: a request that can be
 * read in two ways could be judged by the one its author did not mean)
 */
export function recognize(schemes: readonly Scheme[], request: WireRequest): Recognized | Refusal {
  let found: Recognized | Refusal = MISSING
  for (const scheme of schemes) {
    const read = scheme.read(request)
    if (read === undefined) continue
    if (found !== MISSING) return AMBIGUOUS
    found = isMalformed(read) ? { denial: 'malformed_credentials', field: read.malformed } : { scheme, claim: read }
  }
  return found
}

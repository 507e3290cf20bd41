import { hashToken } from '../keys/bearer-token.js'
import { holdsSecret } from '../keys/credentials.js'
import { type Claim, type Dialect, isMalformed, type Scheme } from '../scheme.js'
import type { Refusal } from './verdict.js'

/** An unverified message, understood. */
export interface Recognized<Message = unknown> {
  readonly scheme: Scheme
  readonly dialect: Dialect<Message>
  readonly claim: Claim
}

const MISSING: Refusal = Object.freeze({ denial: 'missing_credentials' })
const AMBIGUOUS: Refusal = Object.freeze({ denial: 'malformed_credentials', field: 'credentials of two schemes' })
/** Refused here, so that a client that mixed up the two does not leave its secret in every log of the server. */
const SECRET: Refusal = Object.freeze({ denial: 'malformed_credentials', field: 'keyId' })

/** How each scheme reads one kind of message. */
export interface Reader<Message> {
  readonly scheme: Scheme
  readonly dialect: Dialect<Message>
}

/**
 * Finds the one scheme whose credentials the message carries.
 *
 * @denies missing_credentials, malformed_credentials (also when two schemes recognise theirs: a request that can be
 * read in two ways could be judged by the one its author did not mean, and when a secret stands in place of a key id)
 */
export function recognize<Message>(
  readers: readonly Reader<Message>[],
  message: Message,
): Recognized<Message> | Refusal {
  let found: Recognized<Message> | Refusal = MISSING
  for (const { scheme, dialect } of readers) {
    const read = dialect.read(message)
    if (read === undefined) continue
    if (found !== MISSING) return AMBIGUOUS
    if (isMalformed(read)) found = { denial: 'malformed_credentials', field: read.malformed }
    else found = holdsSecret(read.keyId) ? SECRET : { scheme, dialect, claim: hashToken(scheme, read) }
  }
  return found
}

import { sha256 } from '#hash'
import type { Claim, Scheme } from '../scheme.js'

/**
 * A bearer token goes no further than its reader: from here on its SHA-256 stands for it, and for the key id where the
 * token leads with none. Claims of other schemes stay as they are.
 */
export function hashToken({ proof }: Scheme, claim: Claim): Claim {
  if (proof.kind !== 'bearer') return claim
  const tag = sha256.digest([claim.tag])
  return { ...claim, tag, keyId: claim.keyId || proof.keyIdOfHash(tag) }
}

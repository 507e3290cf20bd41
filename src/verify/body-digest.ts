import type { WireRequest } from '../http/request.js'
import { type AdmissionLimits, admit } from './admission.js'
import { type BodyDigest, isDigestOf } from './arriving-digest.js'
import { checkFreshness } from './freshness.js'
import { type Reader, recognize } from './recognize.js'
import { isRefusal } from './verdict.js'

/**
 * The digest of its body that a request with this head will be judged by. None for a head that is refused by itself, so
 * that nothing is hashed for it.
 */
export function bodyDigestOf(
  head: WireRequest,
  readers: readonly Reader<WireRequest>[],
  { now, ...limits }: AdmissionLimits & { readonly now: number },
): BodyDigest | undefined {
  if (admit(head, limits) !== undefined) return undefined
  const found = recognize(readers, head)
  if (isRefusal(found) || checkFreshness(found.dialect.freshness, found.claim, now) !== undefined) return undefined
  const { scheme, claim } = found
  const parts = [...scheme.stringToSign(head, claim), ...Object.values(scheme.derive?.(head) ?? {}).flat()]
  const part = parts.find(part => isDigestOf(part, head.body))
  return part === undefined ? undefined : { hash: part.digest, maxBytes: limits.maxBodyBytes }
}

import { hashes } from '#hash'
import { plainParts } from '../crypto/parts.js'
import { headerOf, type WireRequest } from '../http/request.js'
import type { Dialect, Scheme } from '../scheme.js'
import { withArrivedDigest } from './arriving-digest.js'

/** Whether the fields of a request that follow from the rest of it say what they must. A login has none. */
export function isConsistent<M>(dialect: Dialect<M>, message: M): boolean {
  const { derive } = dialect as Partial<Pick<Scheme, 'derive'>>
  if (derive === undefined) return true
  const request = message as WireRequest
  const derived = Object.entries(derive(request))
  return derived.every(
    ([name, parts]) => headerOf(request, name) === plainParts(withArrivedDigest(parts, request.body), hashes).join(''),
  )
}

import { isJsonLike } from '../http/body.js'
import { isTarget } from '../http/field.js'
import type { WireRequest } from '../http/request.js'

const WITHOUT_BODY: readonly string[] = ['GET', 'HEAD', 'DELETE']

/**
 * Which part of a request is not as it must be, where the query of some methods and the body of the others are signed,
 * so that what is signed is all there is: `GET`, `HEAD` and `DELETE` have no body, any other has no query; a body begins
 * with `{` or `[`.
 */
export function misplacedPart({ method, target, body }: WireRequest): 'target' | 'body' | undefined {
  if (!isTarget(target)) return 'target'
  if (!isJsonLike(body)) return 'body'
  if (WITHOUT_BODY.includes(method)) return body.length === 0 ? undefined : 'body'
  return target.includes('?') ? 'target' : undefined
}

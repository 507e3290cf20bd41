import { isJsonLike } from '../http/body.js'
import type { WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'

const BODY_START = /[{[]/

/**
 * What makes a request unfit for a string that joins method, target and body with nothing in between, so that two
 * requests could share it; `undefined` when nothing does:
 *
 * - a `GET` has no body;
 * - the body of any other request is empty or begins with `{` or `[`, and its target holds neither.
 *
 * A method is upper-case letters and a target begins with `/`, which parts these two.
 *
 * @param target as it is signed; `undefined` for one that cannot be
 */
export function unsignable(
  { method, body }: WireRequest,
  target: string | undefined,
): 'method' | 'target' | 'body' | undefined {
  if (!isPlainMethod(method)) return 'method'
  if (!(body instanceof Uint8Array)) return 'body'
  if (target === undefined) return 'target'
  if (method === 'GET') return body.length === 0 ? undefined : 'body'
  if (BODY_START.test(target)) return 'target'
  return isJsonLike(body) ? undefined : 'body'
}

import { isVisiblePath } from './field.js'

const SLASH = 47
const QUESTION = 63
const BACKSLASH = 92
const PERCENT = 37
const DOT = 46

/**
 * Whether a request target is one that every signer, proxy and router reads the same way: origin form (`/path?query`),
 * visible ASCII, no fragment, and a path that normalisation would not change: no empty, `.` or `..` segment, no
 * backslash, no percent-encoded dot, slash or backslash, no broken percent-encoding.
 * Hot path: no allocation.
 *
 * @source RFC 9112 section 3.2.1 (origin form), RFC 3986 section 6.2.2.3 (dot segments), CVE-2019-9901
 */
export function isPlainTarget(target: string): boolean {
  return isVisiblePath(target) && isPlainPath(target)
}

/** Judges the part before the first `?` of what is known to be a visible path. */
function isPlainPath(target: string): boolean {
  let dots = 0
  let segment = 0
  for (let i = 1; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === QUESTION) break
    if (code === BACKSLASH) return false
    if (code === SLASH) {
      if (segment === dots && segment < 3) return false
      segment = 0
      dots = 0
      continue
    }
    if (code === PERCENT && !isPlainEscape(target, i)) return false
    segment++
    if (code === DOT) dots++
  }
  // A trailing slash leaves an empty last segment, which is plain; a last `.` or `..` is not.
  return segment !== dots || segment === 0 || segment > 2
}

/** `%XX` that is not a spelling of `.`, `/` or `\`. */
function isPlainEscape(target: string, at: number): boolean {
  const byte = hexValue(target.charCodeAt(at + 1)) * 16 + hexValue(target.charCodeAt(at + 2))
  return byte >= 0 && byte !== DOT && byte !== SLASH && byte !== BACKSLASH
}

/** Value of a hex digit; far below zero for anything else, so that no sum with it is a byte. */
function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1000
}

const METHOD = /^[A-Z]{1,20}$/

/** Methods are case-sensitive tokens; those of HTTP and of every known exchange are upper-case letters. */
export function isPlainMethod(method: string): boolean {
  // Comparing comes first because it is three times as fast.
  return method === 'GET' || method === 'POST' || method === 'DELETE' || METHOD.test(method)
}

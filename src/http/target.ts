const SLASH = 47
const QUESTION = 63
const HASH = 35
const BACKSLASH = 92
const PERCENT = 37
const DOT = 46

/**
 * Whether a request target is one that every signer, proxy and router reads the same way: origin form (`/path?query`),
 * visible ASCII, no fragment, and a path that normalisation would not change: no empty, `.` or `..` segment, no
 * backslash, no percent-encoded dot, slash or backslash, no broken percent-encoding.
 * Hot path: one pass, no allocation.
 *
 * @source RFC 9112 section 3.2.1 (origin form), RFC 3986 section 6.2.2.3 (dot segments), CVE-2019-9901
 */
export function isPlainTarget(target: string): boolean {
  if (target.charCodeAt(0) !== SLASH) return false
  const end = pathEnd(target)
  if (end < 0) return false
  for (let i = end; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code < 0x21 || code > 0x7e || code === HASH) return false
  }
  return true
}

/** Length of a plain path, or -1. */
function pathEnd(target: string): number {
  let dots = 0
  let segment = 0
  let i = 1
  for (; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === QUESTION) break
    if (code < 0x21 || code > 0x7e || code === HASH || code === BACKSLASH) return -1
    if (code === SLASH) {
      if (segment === dots && segment < 3) return -1
      segment = 0
      dots = 0
      continue
    }
    if (code === PERCENT && !isPlainEscape(target, i)) return -1
    segment++
    if (code === DOT) dots++
  }
  // A trailing slash leaves an empty last segment, which is plain; a last `.` or `..` is not.
  return segment === dots && (segment === 1 || segment === 2) ? -1 : i
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

/** Methods are case-sensitive tokens; those of HTTP and of every known exchange are upper-case letters. */
export function isPlainMethod(method: string): boolean {
  if (method === 'GET' || method === 'POST' || method === 'DELETE') return true
  if (method.length === 0 || method.length > 20) return false
  for (let i = 0; i < method.length; i++) {
    const code = method.charCodeAt(i)
    if (code < 65 || code > 90) return false
  }
  return true
}

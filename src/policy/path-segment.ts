/** How a character may stand in a segment that fills a parameter: as itself, percent-encoded, or both. */
const PLAIN = 1
const ENCODED = 2

const PERCENT = 37

const forms = /* @__PURE__ */ formsOfAscii()

function formsOfAscii(): Uint8Array {
  const table = new Uint8Array(128)
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code)
    if (/[A-Za-z0-9._~-]/.test(character)) table[code] = PLAIN
    else if ("!$&'()*+,=:@".includes(character)) table[code] = PLAIN | ENCODED
    else if (!'/\\;%?#'.includes(character)) table[code] = ENCODED
  }
  return table
}

/**
 * Whether a raw path segment may fill a parameter: not empty, not a dot segment, and the same segment to every router.
 * Refused are therefore `;`, `\`, whatever is not ASCII, and percent-encodings of `/ \ ; % ? #`, of control and
 * non-ASCII bytes, and of characters that never need one (`%61dmin` is `admin` to a router that decodes first).
 * Hot path: one pass, no allocation.
 *
 * @source RFC 3986 sections 3.3, 6.2.2.2 and 6.2.2.3
 */
export function fillsParameter(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  for (let i = 0; i < segment.length; i++) {
    const code = segment.charCodeAt(i)
    const escaped = code === PERCENT
    const character = escaped ? byteAt(segment, i + 1) : code
    if (((forms[character] ?? 0) & (escaped ? ENCODED : PLAIN)) === 0) return false
    if (escaped) i += 2
  }
  return true
}

/** The byte two hex digits stand for; below zero when they are none. */
function byteAt(text: string, at: number): number {
  return hexDigit(text.charCodeAt(at)) * 16 + hexDigit(text.charCodeAt(at + 1))
}

/** Far below zero for anything else, so that no sum with it is a byte. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1000
}

/** An element of a `Forwarded` header. */
export interface ForwardedElement {
  /** Values by lower-case name; `undefined` when the element is malformed. */
  readonly pairs: ReadonlyMap<string, string> | undefined
  /** Where it begins. */
  readonly start: number
}

/** One `name=value`. */
interface Pair {
  readonly name: string
  readonly value: string
  readonly start: number
}

const TOKEN_CHARACTER = /[!#$%&'*+.^_`|~0-9A-Za-z-]/
const QUOTED = /^(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*$/

/**
 * Reads the last element of a list, from right to left: what a trusted proxy has appended is read before and without
 * anything that stands to its left, so no open quote or stray backslash in there can change what it says. From its end,
 * too, an element can be read in one way only: an opening quote stands behind `=`, never behind a backslash.
 *
 * @source RFC 7239 section 4 (elements and pairs), RFC 9110 sections 5.6.2 to 5.6.4 (token, blanks, quoted-string)
 */
export function readForwarded(list: string): ForwardedElement {
  const pairs = new Map<string, string>()
  let at = skipBlanks(list, list.length)
  for (;;) {
    if (!endsIn(list, at, ';,')) {
      const pair = readPair(list, at)
      // A parameter that came twice would mean what its reader likes.
      if (pair === undefined || pairs.has(pair.name)) return { pairs: undefined, start: at }
      pairs.set(pair.name, pair.value)
      at = skipBlanks(list, pair.start)
    }
    if (endsIn(list, at, ',')) return { pairs, start: at }
    if (!endsIn(list, at, ';')) return { pairs: undefined, start: at }
    at = skipBlanks(list, at - 1)
  }
}

function readPair(list: string, end: number): Pair | undefined {
  const value = list.charAt(end - 1) === '"' ? readQuoted(list, end) : readToken(list, end)
  if (value === undefined || list.charAt(value.start - 1) !== '=') return undefined
  const name = readToken(list, value.start - 1)
  return name && { name: name.text.toLowerCase(), value: value.text, start: name.start }
}

interface Text {
  readonly text: string
  readonly start: number
}

function readToken(list: string, end: number): Text | undefined {
  let start = end
  while (start > 0 && TOKEN_CHARACTER.test(list.charAt(start - 1))) start--
  return start < end ? { text: list.slice(start, end), start } : undefined
}

/** The quoted string whose closing quote is the character before `end`. */
function readQuoted(list: string, end: number): Text | undefined {
  let open = list.lastIndexOf('"', end - 2)
  while (open > 0 && list.charAt(open - 1) === '\\' && isEscaped(list, open)) open = list.lastIndexOf('"', open - 1)
  const content = list.slice(open + 1, end - 1)
  if (open < 0 || end < 2 || !QUOTED.test(content)) return undefined
  return { text: content.replaceAll(/\\(.)/gs, '$1'), start: open }
}

/** Whether an odd number of backslashes stands before the character. */
function isEscaped(list: string, at: number): boolean {
  let start = at
  while (start > 0 && list.charAt(start - 1) === '\\') start--
  return (at - start) % 2 === 1
}

/** Where the text that ends at `end` ends without blanks and tabs. */
function skipBlanks(list: string, end: number): number {
  let at = end
  while (at > 0 && (list.charAt(at - 1) === ' ' || list.charAt(at - 1) === '\t')) at--
  return at
}

/** Whether the text that ends at `at` ends in one of these characters, or is empty. */
function endsIn(list: string, at: number, characters: string): boolean {
  return at === 0 || characters.includes(list.charAt(at - 1))
}

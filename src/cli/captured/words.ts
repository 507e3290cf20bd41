import { type Failure, usage } from '../failures.js'

/** Takes a command apart as a POSIX shell does, and refuses whatever a shell would replace: nothing is run here. */

interface Scan {
  readonly text: string
  at: number
}

/** What a backslash may stand for in `$'…'`, which browsers write. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', "'": "'", '"': '"', '\\': '\\' }
const CODE = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3}))/

/** The words of the command up to its end, or to a pipe. */
export function shellWords(text: string): { readonly words: readonly string[]; readonly piped: string | undefined } {
  const scan: Scan = { text, at: 0 }
  const words: string[] = []
  for (;;) {
    skipBlanks(scan)
    const next = scan.text[scan.at]
    if (next === undefined || next === ';' || next === '\n') return { words, piped: undefined }
    if (next === '|') return { words, piped: text.slice(scan.at + 1) }
    words.push(readWord(scan))
  }
}

function skipBlanks(scan: Scan): void {
  const blanks = /(?:[ \t]|\\\r?\n)*/y
  blanks.lastIndex = scan.at
  scan.at += blanks.exec(scan.text)?.[0].length ?? 0
}

function readWord(scan: Scan): string {
  let word = ''
  for (;;) {
    const character = scan.text[scan.at]
    if (character === undefined || /[\s;|]/.test(character)) return word
    if (/[&<>()`]/.test(character)) throw replaced(character)
    word += readPiece(scan, character)
  }
}

function readPiece(scan: Scan, character: string): string {
  scan.at++
  if (character === "'") return readUntilQuote(scan)
  if (character === '"') return readDouble(scan)
  if (character === '\\') return escaped(scan)
  if (character !== '$') return character
  if (scan.text[scan.at] !== "'") throw replaced('$')
  scan.at++
  return readAnsi(scan)
}

function escaped(scan: Scan): string {
  const character = scan.text[scan.at++] ?? ''
  return character === '\n' ? '' : character
}

function readUntilQuote(scan: Scan): string {
  const end = scan.text.indexOf("'", scan.at)
  if (end < 0) throw usage('the command has a quote that does not end')
  const inside = scan.text.slice(scan.at, end)
  scan.at = end + 1
  return inside
}

function readDouble(scan: Scan): string {
  let inside = ''
  for (;;) {
    const character = scan.text[scan.at++]
    if (character === undefined) throw usage('the command has a quote that does not end')
    if (character === '"') return inside
    if (character === '$' || character === '`') throw replaced(character)
    inside += character === '\\' ? escapedInDouble(scan) : character
  }
}

/** Between double quotes a backslash stays, unless it stands before one of these. */
function escapedInDouble(scan: Scan): string {
  const next = scan.text[scan.at] ?? ''
  return /["\\$`\n]/.test(next) ? escaped(scan) : '\\'
}

function readAnsi(scan: Scan): string {
  let inside = ''
  for (;;) {
    const character = scan.text[scan.at++]
    if (character === undefined) throw usage('the command has a quote that does not end')
    if (character === "'") return inside
    inside += character === '\\' ? ansiEscape(scan) : character
  }
}

function ansiEscape(scan: Scan): string {
  const match = CODE.exec(scan.text.slice(scan.at, scan.at + 5))
  if (match === null) return ESCAPES[scan.text[scan.at++] ?? ''] ?? fail()
  scan.at += match[0].length
  const [, hex, unicode, octal] = match
  return String.fromCharCode(
    octal === undefined ? Number.parseInt(hex ?? unicode ?? '', 16) : Number.parseInt(octal, 8),
  )
}

function fail(): never {
  throw usage("the command has an escape in $'…' that is not known")
}

function replaced(character: string): Failure {
  return usage(`the shell would act on ${character} outside of quotes: paste the command as it would run`)
}

import { encodeQR } from 'qr'
import { formatCredentials, parseCredentials } from '../http/credentials-uri.js'

/** Light modules around the symbol. @source ISO/IEC 18004:2024 section 5.3.8 */
const QUIET_ZONE = 4
/** Longest text that fits with the error correction that a photographed screen deserves. @source ISO/IEC 18004:2024 table 7 */
const MAX_MEDIUM = 2331

/**
 * Credentials as a QR code: one SVG element, black on white whatever the page's colours. It has a `viewBox` and no size,
 * no script, no style and no text, and nothing that was given enters it but as modules.
 *
 * The image is the secret in clear: place it inline, in a page that is neither cached nor logged. Nothing of it is kept.
 *
 * @param uri as `formatCredentials` wrote it
 * @throws {KeyError} `ERR_INPUT_INVALID` when it is no URI of credentials
 */
export function credentialsToSvg(uri: string): string {
  const modules = modulesOf(uri)
  const side = modules.length
  const dark = modules.map((row, y) =>
    runsOf(row)
      .map(({ x, length }) => `M${x} ${y}h${length}v1h-${length}z`)
      .join(''),
  )
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">`
  return `${open}<path fill="#fff" d="M0 0h${side}v${side}h-${side}z"/><path fill="#000" d="${dark.join('')}"/></svg>`
}

/**
 * Credentials as a QR code for a terminal: lines of half blocks, two modules to a character. Black and white come from
 * the fixed part of the 256 colours, which no theme changes, so it scans on dark terminals and light ones alike.
 *
 * The text is the secret in clear, and terminals keep what they showed. Nothing of it is kept here.
 *
 * @param uri as `formatCredentials` wrote it
 * @throws {KeyError} `ERR_INPUT_INVALID` when it is no URI of credentials
 */
export function credentialsToTerminal(uri: string): string {
  const modules = modulesOf(uri)
  const lines: string[] = []
  for (let y = 0; y < modules.length; y += 2) {
    const below = modules[y + 1]
    const blocks = modules[y]!.map((upper, x) => HALF_BLOCKS[(upper ? 2 : 0) + (below?.[x] ? 1 : 0)]!)
    lines.push(`${BLACK_ON_WHITE}${blocks.join('')}${PLAIN}\n`)
  }
  return lines.join('')
}

/** None, lower, upper, both. */
const HALF_BLOCKS = [' ', '▄', '▀', '█'] as const
/** The ends of the colour cube. @source ECMA-48 section 8.3.117 (SGR), ISO/IEC 8613-6 section 13.1.8 (indexed colours) */
const BLACK_ON_WHITE = '\u001b[38;5;16;48;5;231m'
const PLAIN = '\u001b[0m'

/** Rows of modules, dark ones true, quiet zone included. */
type Modules = readonly (readonly boolean[])[]

function modulesOf(uri: string): Modules {
  // Written anew, so that what is drawn is what a client will read, without the white space it would ignore.
  const text = formatCredentials(parseCredentials(uri))
  const ecc = text.length > MAX_MEDIUM ? 'low' : 'medium'
  const modules = encodeQR(text, 'raw', { ecc, encoding: 'byte', border: QUIET_ZONE })
  forget(modules.length - 2 * QUIET_ZONE)
  return modules
}

/** The library keeps the last symbol it drew, to use its memory again. Another one of the same size overwrites it. */
function forget(side: number): void {
  encodeQR('0', 'raw', { version: (side - 17) / 4 })
}

/** Neighbouring dark modules of a row. */
function runsOf(row: readonly boolean[]): readonly { readonly x: number; readonly length: number }[] {
  const runs: { x: number; length: number }[] = []
  for (const [x, isDark] of row.entries()) {
    const last = runs.at(-1)
    if (isDark && last !== undefined && last.x + last.length === x) last.length++
    else if (isDark) runs.push({ x, length: 1 })
  }
  return runs
}

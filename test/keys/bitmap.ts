/** Drawings of QR codes as modules, read by other rules than those they were drawn by. */

import jsqr from 'jsqr'

export interface Bitmap {
  /** Modules on each side, quiet zone included. */
  readonly side: number
  readonly isDark: (x: number, y: number) => boolean
}

/** Paints the filled rectangles of an SVG one over the other. */
export function bitmapOfSvg(svg: string): Bitmap {
  const side = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1])
  const painted = new Uint8Array(side * side).fill(128)
  for (const [, fill, path = ''] of svg.matchAll(/<path fill="#(\w+)" d="([^"]*)"\/>/g)) {
    for (const [, x = '', y = '', width = '', height = '', back = ''] of path.matchAll(
      /M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z/g,
    )) {
      if (back !== width) throw new Error('not a rectangle')
      for (let row = Number(y); row < Number(y) + Number(height); row++) {
        painted.fill(fill === 'fff' ? 255 : 0, row * side + Number(x), row * side + Number(x) + Number(width))
      }
    }
    if (path.replaceAll(/M\d+ \d+h\d+v\d+h-\d+z/g, '') !== '') throw new Error('more than rectangles')
  }
  return { side, isDark: (x, y) => shadeAt(painted, y * side + x) === 0 }
}

/** Shows a text as a terminal does: a cell has an upper half and a lower half, in the colours that were set last. */
export function bitmapOfTerminal(text: string): Bitmap {
  const rows: number[][] = []
  for (const line of text.trimEnd().split('\n')) {
    const [upper, lower]: [number[], number[]] = [[], []]
    let colours: Colours = {}
    for (const [, codes, character = ''] of line.matchAll(/\u001b\[([\d;]*)m|(.)/gu)) {
      if (codes !== undefined) colours = coloursAfter(codes, colours)
      else {
        const { ink, paper } = colours
        if (ink === undefined || paper === undefined) throw new Error('a cell in the colours of the theme')
        upper.push('▀█'.includes(character) ? ink : paper)
        lower.push('▄█'.includes(character) ? ink : paper)
      }
    }
    if (colours.ink !== undefined) throw new Error('a line that colours what comes after it')
    rows.push(upper, lower)
  }
  const side = rows[0]?.length ?? 0
  return { side, isDark: (x, y) => shadeAt(rows[y] ?? [], x) === 0 }
}

interface Colours {
  readonly ink?: number
  readonly paper?: number
}

/** Of the 256 colours, 16 to 231 are a cube that no theme changes; its corners are black and white. */
const SHADES: Readonly<Record<string, number>> = { '16': 0, '231': 255 }

function coloursAfter(codes: string, before: Colours): Colours {
  if (codes === '0') return {}
  const ink = /(?:^|;)38;5;(\d+)/.exec(codes)?.[1]
  const paper = /(?:^|;)48;5;(\d+)/.exec(codes)?.[1]
  const [inkShade, paperShade] = [SHADES[ink ?? ''], SHADES[paper ?? '']]
  if (inkShade === undefined || paperShade === undefined) throw new Error('a colour that is neither black nor white')
  return { ...before, ink: inkShade, paper: paperShade }
}

function shadeAt(shades: ArrayLike<number>, at: number): number {
  const shade = shades[at]
  if (shade !== 0 && shade !== 255) throw new Error('a module that is neither black nor white')
  return shade
}

/** Pixels of a module, side by side. */
const SCALE = 3

/** What a scanner that shares no code with the drawing reads. */
export function scan({ side, isDark }: Bitmap): string | undefined {
  const width = side * SCALE
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255)
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4
      if (isDark(Math.floor(x / SCALE), Math.floor(y / SCALE))) pixels.fill(0, at, at + 3)
    }
  }
  return jsqr.default(pixels, width, width, { inversionAttempts: 'dontInvert' })?.data
}

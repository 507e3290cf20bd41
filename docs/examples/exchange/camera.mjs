/** A camera in front of the terminal: reads the QR code that is drawn there with a library of its own. */

import jsQR from 'jsqr'

/** How many pixels a module takes, from the distances at which it is tried. */
const DISTANCES = [4, 3, 6]

/** The text of a QR code drawn with half blocks, black on white. */
export function scan(drawn) {
  const lines = drawn
    .replace(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .slice(0, -1)
  const modules = lines.flatMap(line => ['▀█', '▄█'].map(dark => [...line].map(block => dark.includes(block))))
  for (const size of DISTANCES) {
    const width = modules[0].length * size
    const code = jsQR(photograph(modules, size), width, modules.length * size, { inversionAttempts: 'dontInvert' })
    if (code !== null) return code.data
  }
  throw new Error('there is no QR code to be seen')
}

/** Pixels of four bytes: red, green, blue, opacity. */
function photograph(modules, size) {
  const width = modules[0].length * size
  const pixels = new Uint8ClampedArray(width * modules.length * size * 4).fill(255)
  for (let at = 0; at < pixels.length / 4; at++) {
    const row = modules[Math.floor(at / width / size)]
    if (row[Math.floor((at % width) / size)]) pixels.fill(0, at * 4, at * 4 + 3)
  }
  return pixels
}

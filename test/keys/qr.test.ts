import fc from 'fast-check'
import { encodeQR, _tests as library } from 'qr'
import { describe, expect, it } from 'vitest'
import { KeyError } from '../../src/errors.js'
import { formatCredentials, parseCredentials } from '../../src/http/credentials-uri.js'
import { credentialsToSvg, credentialsToTerminal } from '../../src/keys/qr.js'
import { handovers, largest } from '../http/handovers.js'
import { bitmapOfSvg, bitmapOfTerminal, scan } from './bitmap.js'

const SECRET = 'kls_test_0q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM1234567890aB'
const handover = {
  scheme: 'hmac-v1',
  credentials: { keyId: 'kl_test_4fzzzxjylrx0Yz7Qm1Kd0b2s', secret: SECRET },
  server: 'https://api.example.com',
  audience: 'api.example.com',
  label: 'Market maker <script>alert(1)</script> & "取引"',
}
const uri = formatCredentials(handover)
const other = formatCredentials({ ...handover, credentials: { ...handover.credentials, secret: SECRET.toLowerCase() } })
const least = 'keylattice:v1?scheme=x&keyId=k&secret=s'

const drawings = [
  ['SVG', credentialsToSvg, bitmapOfSvg],
  ['text for a terminal', credentialsToTerminal, bitmapOfTerminal],
] as const

describe.each(drawings)('Credentials drawn as %s', (_, draw, bitmapOf) => {
  it.each([
    ['a usual key', uri],
    ['another secret', other],
    ['the least there is', least],
    ['the most there can be', formatCredentials(largest)],
  ])('are read by a scanner: %s', (_what, given) => {
    const scanned = scan(bitmapOf(draw(given)))
    expect(scanned).toBe(given)
    expect(parseCredentials(scanned as string)).toEqual(parseCredentials(given))
  })

  it('are read by a scanner, whatever they are', () => {
    fc.assert(
      fc.property(handovers, given => {
        const text = formatCredentials(given)
        expect(scan(bitmapOf(draw(text)))).toBe(text)
      }),
      { numRuns: 25 },
    )
  })

  it('are not read when a corner is covered', () => {
    const { side, isDark } = bitmapOf(draw(uri))
    expect(scan({ side, isDark: (x, y) => isDark(x, y) && (x > 11 || y > 11) })).toBeUndefined()
  })

  it('have four light modules on every side, and dark ones next to those', () => {
    const { side, isDark } = bitmapOf(draw(uri))
    const all = Array.from({ length: side }, (_none, at) => at)
    const hasDark = (line: number) => all.map(at => [isDark(at, line), isDark(line, at)])
    for (const line of [0, 1, 2, 3, side - 1, side - 2, side - 3, side - 4]) {
      expect(hasDark(line).flat()).not.toContain(true)
    }
    for (const line of [4, side - 5]) expect(hasDark(line).flat()).toContain(true)
  })

  it('are the same whatever white space is around the URI', () => {
    expect(draw(`\n ${uri}\r\n`)).toBe(draw(uri))
    expect(draw(other)).not.toBe(draw(uri))
  })

  it('are nothing but credentials: any other text is refused, and not shown', () => {
    for (const text of ['', SECRET, `${uri}&x=1`, uri.replace('v1', 'v2'), 'https://example.com/', 5 as never]) {
      expect(() => draw(text)).toThrow(KeyError)
      expect(() => draw(text)).toThrow(expect.objectContaining({ code: 'ERR_INPUT_INVALID' }))
      expect(() => draw(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(SECRET) }))
    }
  })

  it('hold nothing of what was given as text', () => {
    const drawn = draw(uri)
    for (const text of [SECRET, 'kl_test', 'Market', 'script', 'example']) expect(drawn).not.toContain(text)
  })

  it('leave nothing behind in the library that drew them', () => {
    const version = (bitmapOf(draw(uri)).side - 8 - 17) / 4
    expect((bitmapOf(draw(other)).side - 8 - 17) / 4).toBe(version)
    // The library draws into the same memory each time, and gives it away here.
    const held = library.drawSymbol(version, 'medium', new Uint8Array(0)).v
    const leftBy = (drawing: () => unknown) => {
      drawing()
      return held.join()
    }
    expect(leftBy(() => draw(uri))).toBe(leftBy(() => draw(other)))
    // It would be noticed if they did.
    expect(leftBy(() => encodeQR(uri, 'raw', { version }))).not.toBe(leftBy(() => encodeQR(other, 'raw', { version })))
  })
})

describe('An SVG of credentials', () => {
  it('holds a view box, two paths in black and white, and nothing else', () => {
    const path = (fill: string) => `<path fill="${fill}" d="[Mhvz0-9 -]+"/>`
    const whole = `<svg xmlns="http://www\\.w3\\.org/2000/svg" viewBox="0 0 (\\d+) \\1" shape-rendering="crispEdges">`
    expect(credentialsToSvg(uri)).toMatch(new RegExp(`^${whole}${path('#fff')}${path('#000')}</svg>$`))
  })
})

describe('Credentials in a terminal', () => {
  it('are lines of equal width that set both colours and set them back', () => {
    const lines = credentialsToTerminal(uri).split('\n')
    expect(lines.pop()).toBe('')
    const side = lines.length * 2 - 1
    const line = new RegExp(`^\u001b\\[38;5;16;48;5;231m[ ▀▄█]{${side}}\u001b\\[0m$`)
    expect(lines.filter(text => !line.test(text))).toEqual([])
  })

  it('fit into 80 columns for a usual key', () => {
    expect(bitmapOfTerminal(credentialsToTerminal(uri)).side).toBeLessThanOrEqual(80)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFingerprinter, halfSipHash } from '../../src/stores/memory/fingerprint.js'

const SECRET = new Int32Array([0x03020100, 0x07060504])

function hashOf(text: string): string {
  const into = new Int32Array(2)
  halfSipHash(text, SECRET, into)
  return [...into].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

describe('halfSipHash', () => {
  // From the reference implementation, built with cROUNDS 1 and dROUNDS 3, over the text's UTF-16 bytes.
  it.each([
    ['', '21d0a5762af72023'],
    ['A', 'c112fafdc8586180'],
    ['AB', '4c17b21733fc1833'],
    ['AB\u2043', 'b21cdc6072c8749b'],
    ['AB\u2043D', 'ed4cc7226fb655de'],
    ['AB\u2043DE', '87f2e8f325e10c3a'],
    ['AB\u2043DE\u2046GH\u2049JK\u204cMN\u204fP', '5a456169a6957ad8'],
    ['AB\u2043DE\u2046GH\u2049JK\u204cMN\u204fPQ\u2052ST\u2055V', 'c20e4284f8b9d3c9'],
    ['AB\u2043DE\u2046GH\u2049JK\u204cMN\u204fPQ\u2052ST\u2055VW', '13b157c614722533'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZ'.repeat(12).slice(0, 300), '228ea857c49f296d'],
  ])('of %j is %s', (text, hash) => {
    expect(hashOf(text)).toBe(hash)
  })

  it('changes with every unit of the text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 50, unit: 'binary' }), fc.nat(), (text, at) => {
        const i = at % text.length
        const other = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1)
        expect(hashOf(other)).not.toBe(hashOf(text))
      }),
    )
  })

  it('is not extended by zeros', () => {
    const padded = Array.from({ length: 20 }, (_, i) => hashOf('a'.padEnd(i + 1, '\0')))
    expect(new Set(padded).size).toBe(20)
  })
})

describe('A fingerprinter', () => {
  it('gives one text one fingerprint, and under another secret another', () => {
    const [one, other] = [createFingerprinter(), createFingerprinter()]
    const prints = [one, one, other].map(fingerprinter => {
      const into = new Int32Array(2)
      fingerprinter.write('nonce', into)
      return [...into].join()
    })
    expect(prints[0]).toBe(prints[1])
    expect(prints[0]).not.toBe(prints[2])
  })
})

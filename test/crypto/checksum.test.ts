import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECKSUM_CHARACTERS, checksum, crc32 } from '../../src/crypto/checksum.js'
import { BASE62 } from '../../src/crypto/random.js'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the CRC-32', () => {
  it.each([
    ['', 0x00000000],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j is known', (text, crc) => {
    expect(crc32(ascii(text))).toBe(crc)
  })

  it('of zeros and of ones is known', () => {
    expect(crc32(new Uint8Array(32))).toBe(0x190a55ad)
    expect(crc32(new Uint8Array(32).fill(255))).toBe(0xff6cab0b)
  })

  it('is the one zlib computes', ({ skip }) => {
    if (typeof zlibCrc32 !== 'function') skip(`Node ${process.versions.node} has no zlib.crc32`)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(crc32(bytes)).toBe(zlibCrc32(bytes))
      }),
    )
  })
})

describe('a checksum', () => {
  /** The number that six base62 digits stand for. */
  const numberOf = (digits: string): number => [...digits].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0)

  it('is six base62 digits that stand for the CRC-32', () => {
    expect(checksum(new Uint8Array(0))).toBe('000000')
    expect(checksum(ascii('123456789'))).toBe('3jZRME')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
        const digits = checksum(bytes)
        expect(digits).toMatch(/^[0-9A-Za-z]{6}$/)
        expect(digits.length).toBe(CHECKSUM_CHARACTERS)
        expect(numberOf(digits)).toBe(crc32(bytes))
      }),
    )
  })

  it('changes with any one character, and with any two neighbours that change places', () => {
    const text = 'kl_live_0123456789ABCDEFGHIJKL'
    const right = checksum(ascii(text))
    for (let i = 0; i < text.length; i++) {
      for (const other of BASE62) {
        const typo = text.slice(0, i) + other + text.slice(i + 1)
        expect(checksum(ascii(typo)) === right).toBe(typo === text)
      }
      const [a = '', b = ''] = text.slice(i, i + 2)
      const swapped = text.slice(0, i) + b + a + text.slice(i + 2)
      expect(checksum(ascii(swapped)) === right).toBe(swapped === text)
    }
  })
})

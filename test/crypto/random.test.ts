import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BASE62, type Random, randomBytes, randomCharacters, randomText } from '../../src/crypto/random.js'
import { ConfigError } from '../../src/errors.js'

/** Gives the bytes of `script` over and over. */
function scripted(script: readonly number[]): Random {
  let at = 0
  return bytes => Uint8Array.from({ length: bytes }, () => script[at++ % script.length]!)
}

/** Every byte value equally often, in a shuffled but fixed order: what is left over is then bias and nothing else. */
function everyByte(): Random {
  return scripted(Array.from({ length: 256 }, (_, i) => (i * 167 + 13) & 255))
}

function counts(text: string): number[] {
  const byCharacter = new Map<string, number>()
  for (const character of text) byCharacter.set(character, (byCharacter.get(character) ?? 0) + 1)
  return [...BASE62].map(character => byCharacter.get(character) ?? 0)
}

function chiSquare(observed: readonly number[]): number {
  const expected = observed.reduce((sum, count) => sum + count, 0) / observed.length
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('random bytes', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('come in any amount that the platform gives at once, and in no other', () => {
    for (const amount of [0, 1, 32, 65_535, 65_536]) {
      const bytes = randomBytes(amount)
      expect(bytes.length).toBe(amount)
      if (amount > 60) expect(bytes.subarray(-32).some(byte => byte !== 0)).toBe(true)
    }
    expect(() => randomBytes(65_537)).toThrow()
  })

  it('come from the platform and from nowhere else', () => {
    const source = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation(array => {
      new Uint8Array((array as Uint8Array).buffer).fill(0xab)
      return array
    })
    expect(randomBytes(70).every(byte => byte === 0xab)).toBe(true)
    expect(source).toHaveBeenCalledTimes(1)
  })

  it('fail loudly without a platform source', () => {
    vi.stubGlobal('crypto', undefined)
    expect(() => randomBytes(8)).toThrow(TypeError)
    vi.unstubAllGlobals()
    expect(randomBytes(8).length).toBe(8)
  })
})

describe('random text', () => {
  it('has the length and the characters asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), length => {
        expect(randomText(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`))
      }),
    )
    expect(randomText(50, { alphabet: 'ab' })).toMatch(/^[ab]{50}$/)
  })

  it('favours no character: chi-square over 620,000 of them stays below its 10^-9 limit', () => {
    let text = ''
    for (let i = 0; i < 620; i++) text += randomText(1000)
    // 61 degrees of freedom: the chance of 160 or more is about 10^-10.
    expect(chiSquare(counts(text))).toBeLessThan(160)
  })

  it('would be caught by that limit if it took the remainder of a byte', () => {
    const bytes = Array.from({ length: 10 }, () => [...randomBytes(62_000)]).flat()
    const biased = bytes.map(byte => BASE62[byte % 62]).join('')
    expect(chiSquare(counts(biased))).toBeGreaterThan(160)
  })

  it('gives every character exactly as often when every byte comes as often', () => {
    const text = randomText(248, { random: bytes => everyByte()(bytes) })
    expect(text.length).toBe(248)
    expect(new Set(counts(text.slice(0, 248)))).toEqual(new Set([4]))
  })

  it('throws away the bytes that would favour the first characters', () => {
    expect(randomText(3, { random: scripted([248, 255, 61, 250, 0, 62, 249]) })).toBe('z00')
    expect(randomText(3, { random: scripted([61, 0, 62, 247]) })).toBe('z00')
    expect(randomText(4, { alphabet: 'abc', random: scripted([255, 254, 253]) })).toBe('cbcb')
  })

  it('stops at a source that gives nothing usable, or not what it was asked for', () => {
    const broken: Random[] = [scripted([255]), () => new Uint8Array(0), bytes => new Uint8Array(bytes - 1)]
    for (const random of broken) {
      expect(() => randomText(4, { random })).toThrow(ConfigError)
      expect(() => randomText(4, { random })).toThrow(expect.objectContaining({ field: 'random' }))
    }
  })

  it('refuses an alphabet that is too small, repeats itself or is not ASCII', () => {
    for (const alphabet of ['', 'a', 'aa', 'abca', 'abé', 'a😀', '\ud83d\ude00']) {
      expect(() => randomText(4, { alphabet })).toThrow(expect.objectContaining({ field: 'alphabet' }))
    }
    expect(randomText(4, { alphabet: String.fromCharCode(...Array(128).keys()) }).length).toBe(4)
  })

  it('overwrites the random bytes it used', () => {
    const given: Uint8Array[] = []
    const random: Random = bytes => {
      const fresh = new Uint8Array(bytes).fill(9)
      given.push(fresh)
      return fresh
    }
    expect(randomCharacters(10, { random })).toEqual(new Uint8Array(10).fill('9'.charCodeAt(0)))
    expect(given.length).toBe(1)
    expect(given[0]!.every(byte => byte === 0)).toBe(true)
  })
})

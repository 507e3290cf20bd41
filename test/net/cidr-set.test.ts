import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cidr, readCidr } from '../../src/net/cidr.js'
import { compileCidrSet } from '../../src/net/cidr-set.js'
import { addressNear, createDice, type Dice, lies, type Range, randomRange, ruleText, textOf } from './addresses.js'

function rules(texts: readonly string[]): readonly Cidr[] {
  return texts.map(text => {
    const cidr = readCidr(text)
    if ('flaw' in cidr) throw new Error(`${text} ${cidr.flaw}`)
    return cidr
  })
}

describe('a set of CIDR ranges', () => {
  it('holds nothing when it is empty', () => {
    const set = compileCidrSet([])
    expect(['0.0.0.0', '255.255.255.255', '::', '::1', '', 'x'].filter(text => set.has(text))).toEqual([])
    expect([set.count(4), set.count(6)]).toEqual([0n, 0n])
    expect(Object.isFrozen(set)).toBe(true)
  })

  it('keeps the families apart', () => {
    const all4 = compileCidrSet(rules(['0.0.0.0/0']))
    expect([all4.has('1.2.3.4'), all4.has('::ffff:1.2.3.4'), all4.has('::1.2.3.4')]).toEqual([true, true, false])
    const all6 = compileCidrSet(rules(['::/0']))
    expect([all6.has('::1.2.3.4'), all6.has('1.2.3.4'), all6.has('::ffff:1.2.3.4')]).toEqual([true, false, false])
  })

  it('does not hold what is not an address, even when it holds every address', () => {
    const all = compileCidrSet(rules(['0.0.0.0/0', '::/0']))
    const texts = ['', '010.0.0.1', '1.2.3', '1.2.3.4/32', 'fe80::1%eth0', ' 1.2.3.4', 'x'.repeat(1_000_000), '\0']
    expect(texts.filter(text => all.has(text))).toEqual([])
    expect(all.has('1.2.3.4')).toBe(true)
  })

  it('counts its addresses once, however they are split, nested or repeated', () => {
    expect(compileCidrSet(rules(['0.0.0.0/1', '128.0.0.0/1'])).count(4)).toBe(1n << 32n)
    expect(compileCidrSet(rules(['10.0.0.0/8', '10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/9'])).count(4)).toBe(1n << 24n)
    expect(compileCidrSet(rules(['::/1', '8000::/1', '::1'])).count(6)).toBe(1n << 128n)
    expect(compileCidrSet(rules(['10.0.0.1', '::ffff:10.0.0.1/128', '10.0.0.2'])).count(4)).toBe(2n)
  })

  it('counts and holds what enumeration finds, in a small world', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 24 }), fc.constantFrom(4, 6), (seed, size, family) => {
        const dice = createDice(seed)
        const ranges = Array.from({ length: size }, () => smallRange(dice, family as 4 | 6))
        const set = compileCidrSet(rules(ranges.map(ruleText)))
        const { network } = world(family as 4 | 6)
        let count = 0n
        for (let i = 0n; i < 256n; i++) {
          const held = ranges.some(range => lies(network + i, range))
          if (held) count++
          expect(set.has(textOf(family as 4 | 6, network + i))).toBe(held)
        }
        expect(set.count(family as 4 | 6)).toBe(count)
      }),
      { numRuns: 100 },
    )
  })

  it('holds what a linear scan finds, in a world of any size', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        const ranges = Array.from({ length: 1 + dice.roll(40) }, () => randomRange(dice, dice.pick([4, 6] as const)))
        const set = compileCidrSet(rules(ranges.map(ruleText)))
        for (let i = 0; i < 60; i++) {
          const near = dice.pick(ranges)
          const address = addressNear(dice, near)
          const expected = ranges.some(range => range.family === near.family && lies(address, range))
          if (set.has(textOf(near.family, address)) !== expected) throw new Error(textOf(near.family, address))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('does not depend on the order of its rules, and leaves the list alone', () => {
    const list = rules(['10.0.0.0/8', '10.0.0.0/16', '9.0.0.0/8', '10.255.255.255', '11.0.0.0/32'])
    const before = [...list]
    const forward = compileCidrSet(list)
    const backward = compileCidrSet([...list].reverse())
    expect(list).toEqual(before)
    for (const text of ['8.255.255.255', '9.0.0.0', '10.0.0.0', '10.255.255.255', '11.0.0.0', '11.0.0.1']) {
      expect(forward.has(text)).toBe(backward.has(text))
    }
    expect(forward.count(4)).toBe(backward.count(4))
  })

  it('holds the borders of a hundred thousand ranges, and not what lies between', () => {
    const list = Array.from({ length: 100_000 }, (_, i) => textOf(4, BigInt(i) * 4096n))
    const set = compileCidrSet(rules(list.map(text => `${text}/24`)))
    const wrong = list.filter((_, i) => {
      if (i % 4 > 0) return false
      const first = BigInt(i) * 4096n
      const inside = [first, first + 255n].map(address => set.has(textOf(4, address)))
      const outside = [first + 256n, first + 4095n].map(address => set.has(textOf(4, address)))
      return !inside.every(Boolean) || outside.some(Boolean)
    })
    expect(wrong).toEqual([])
    expect(set.count(4)).toBe(25_600_000n)
  })
})

/** 256 neighbouring addresses. */
function world(family: 4 | 6): Range {
  return family === 4
    ? { family, network: 0xc0000200n, prefix: 24 }
    : { family, network: 0x20010db8n << 96n, prefix: 120 }
}

function smallRange(dice: Dice, family: 4 | 6): Range {
  const { network, prefix } = world(family)
  const narrower = prefix + dice.roll(9)
  const host = BigInt(prefix + 8 - narrower)
  return { family, network: network + ((dice.number(8) >> host) << host), prefix: narrower }
}

import { isIP } from 'node:net'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { readAddress } from '../../src/net/address.js'
import { addressLikeText, addressOf, createDice, joined, textOf } from './addresses.js'

describe('an address', () => {
  it('is four decimal parts, or IPv6 text', () => {
    expect(addressOf('0.0.0.0')).toEqual({ family: 4, value: 0n })
    expect(addressOf('255.255.255.255')).toEqual({ family: 4, value: 0xffffffffn })
    expect(addressOf('192.0.2.1')).toEqual({ family: 4, value: 0xc0000201n })
    expect(addressOf('::')).toEqual({ family: 6, value: 0n })
    expect(addressOf('::1')).toEqual({ family: 6, value: 1n })
    expect(addressOf('2001:DB8::a:0')).toEqual({ family: 6, value: (0x20010db8n << 96n) | 0xa0000n })
    expect(addressOf('::0.0.0.0')).toEqual({ family: 6, value: 0n })
    expect(addressOf('::ffff:0.0.0.0')).toEqual({ family: 4, value: 0n })
    expect(addressOf('1:2:3:4:5:6:7::')).toEqual(addressOf('1:2:3:4:5:6:7:0'))
    expect(addressOf('::2:3:4:5:6:7:8')).toEqual(addressOf('0:2:3:4:5:6:7:8'))
    expect(addressOf('ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255')?.value).toBe((1n << 128n) - 1n)
  })

  it.each([
    ['octal', '0177.0.0.1', '010.8.8.8', '1.2.3.04', '00.0.0.0', '::ffff:0177.0.0.1', '::ffff:1.2.03.4'],
    ['hexadecimal', '0x7f.0.0.1', '0x7f000001', '192.168.7.0xa', '::ffff:0x7f.0.0.1'],
    ['short or a whole number', '127.1', '127.0.1', '2130706433', '0', '1234'],
    ['out of range', '256.0.0.1', '1.2.3.1000', '::ffff:1.2.3.256', '12345::', '::fffff', '99999999999.1.1.1'],
    ['cut off or too long', '', ':', '1', '1.', '1.2.3.', '.1.2.3', '1..2.3', '1.2.3.4.5', '1:2:3:4:5:6:7'],
    ['too many groups', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6::1.2.3.4'],
    ['dotted in the wrong place', '1.2.3.4::', '1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:1.2.3.4', '::1.2.3.4:5', '::.1.2.3'],
    ['with stray colons', ':::', '1:::2', '::1::', '1::2::3', ':1:2:3:4:5:6:7', '1:2:3:4:5:6:7:', '1::2:', ':1::2'],
    ['with blanks or line ends', ' 1.2.3.4', '1.2.3.4 ', '1. 2.3.4', '1.2.3.4\n', '::1\0', '\t::1'],
    ['with a zone', 'fe80::1%eth0', 'fe80::1%', '::ffff:1.2.3.4%1', '1.2.3.4%eth0'],
    ['with a port, brackets, prefix or quotes', '1.2.3.4:80', '[::1]', '[::1]:80', '1.2.3.4/32', '"1.2.3.4"'],
    ['of other digits', '١.٢.٣.٤', '１.2.3.4', '::ｆ', '1.2.3.٤'],
    ['not an address at all', 'unknown', '_hidden', 'localhost', 'bad::x', '-1.2.3.4', '+1.2.3.4', '1e1.2.3.4'],
    ['a megabyte', '1'.repeat(1_000_000), ':'.repeat(1_000_000), `${'0'.repeat(1_000_000)}1.2.3.4`],
  ])('is refused when it is %s', (_, ...texts) => {
    expect(texts.filter(text => addressOf(text) !== undefined)).toEqual([])
  })

  it.each(['::ffff:127.0.0.1', '::FFFF:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:127.0.0.1', '0::ffff:7f00:0001'])(
    'mapped from IPv4, as %s, is the IPv4 address',
    text => {
      expect(addressOf(text)).toEqual(addressOf('127.0.0.1'))
    },
  )

  it.each([
    ['the deprecated compatible form', '::127.0.0.1', 0x7f000001n],
    ['a translated address', '64:ff9b::127.0.0.1', (0x64ff9bn << 96n) | 0x7f000001n],
    ['6to4', '2002:7f00:1::', 0x20027f000001n << 80n],
    ['an IPv4-translated address', '::ffff:0:127.0.0.1', (0xffffn << 48n) | 0x7f000001n],
    ['a neighbour of the mapped block', '::fffe:127.0.0.1', (0xfffen << 32n) | 0x7f000001n],
    ['a mapped address moved by a group', '::ffff:7f00:1:0', 0xffff7f0000010000n],
    ['a mapped address with a bit before it', '1::ffff:7f00:1', (1n << 112n) | 0xffff7f000001n],
  ])('that carries an IPv4 address as %s stays IPv6', (_, text, value) => {
    expect(addressOf(text)).toEqual({ family: 6, value })
  })

  it('leaves nothing of one reading in the next', () => {
    const words = new Uint32Array(4).fill(0xffffffff)
    expect(readAddress('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', words)).toBe(6)
    expect(readAddress('1::', words)).toBe(6)
    expect([...words]).toEqual([0x10000, 0, 0, 0])
  })

  it('is accepted where node:net accepts it, and nowhere else, zones apart', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        for (let i = 0; i < 2500; i++) {
          const text = addressLikeText(dice)
          const zone = text.includes('%')
          const ours = addressOf(text)
          // A zone names an interface of one machine, so it is nothing a rule or a request can hold.
          if ((ours === undefined) !== (isIP(text) === 0 || zone)) throw new Error(`differs from node:net: ${text}`)
          if (ours !== undefined) accepted++
        }
      }),
      { numRuns: 80 },
    )
    expect(accepted).toBeGreaterThan(40_000)
  })

  it('is what ipaddr.js reads behind a strict gate', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        for (let i = 0; i < 1000; i++) {
          const text = addressLikeText(dice)
          if (gated(text) !== addressOf(text)?.value) throw new Error(`differs from ipaddr.js: ${text}`)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('has one value in whatever way it is written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n), fc.boolean(), (value, upper) => {
        const plain = textOf(6, value)
        const short = new ipaddr.IPv6(plain.split(':').map(group => Number.parseInt(group, 16))).toString()
        const low = value & 0xffffffffn
        const dotted = `${plain.split(':').slice(0, 6).join(':')}:${textOf(4, low)}`
        for (const text of [plain, short, dotted]) {
          expect(addressOf(upper ? text.toUpperCase() : text)).toEqual({ family: 6, value })
        }
      }),
    )
  })
})

/** The value by ipaddr.js, of texts that a strict gate lets through. */
function gated(text: string): bigint | undefined {
  if (!text.includes(':')) {
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? joined([ipv4(text)]) : undefined
  }
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  const tail = text.slice(text.lastIndexOf(':') + 1)
  // ipaddr.js takes `::a.b.c.d` for a mapped address; as two groups it does not.
  const plain = tail.includes('.') ? text.slice(0, -tail.length) + asGroups(ipv4(tail)) : text
  const { parts } = ipaddr.IPv6.parse(plain)
  const whole = parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n)
  return whole >> 32n === 0xffffn ? whole & 0xffffffffn : whole
}

function asGroups(value: number): string {
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
}

function ipv4(text: string): number {
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { type Cidr, formatCidr, readCidr } from '../../src/net/cidr.js'
import { compileCidrSet } from '../../src/net/cidr-set.js'
import {
  addressLikeText,
  addressNear,
  bits,
  createDice,
  joined,
  lies,
  randomRange,
  ruleText,
  textOf,
} from './addresses.js'

/** The rule, which must be one. */
function rule(text: string): Cidr {
  const cidr = readCidr(text)
  if ('flaw' in cidr) throw new Error(`${text} ${cidr.flaw}`)
  return cidr
}

function flaw(text: string): string | undefined {
  const cidr = readCidr(text)
  return 'flaw' in cidr ? cidr.flaw : undefined
}

function admits(range: string, address: string): boolean {
  return compileCidrSet([rule(range)]).has(address)
}

describe('a CIDR range', () => {
  it.each([
    ['192.0.2.1', 'holds one address without a prefix', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1/32', 'holds one address with a full prefix', '192.0.2.1', '192.0.2.0'],
    ['192.0.2.0/24', 'holds its block', '192.0.2.255', '192.0.3.0'],
    ['0.0.0.0/0', 'holds all of IPv4 and no IPv6', '8.8.8.8', '::808:808'],
    ['::/0', 'holds all of IPv6 and no IPv4, mapped or not', '2001:db8::1', '::ffff:8.8.8.8'],
    ['::ffff:10.0.0.0/104', 'is an IPv4 range when it is mapped', '10.255.0.1', '11.0.0.0'],
    ['::ffff:0:0/96', 'is all of IPv4 when it is the mapped block', '8.8.8.8', '::1'],
    ['64:ff9b::/96', 'of translated addresses holds no IPv4 address', '64:ff9b::a00:1', '10.0.0.1'],
    ['2001:db8::/32', 'holds its IPv6 block', '2001:db8:ffff::', '2001:db9::'],
    ['2001:db8::1', 'holds one IPv6 address', '2001:DB8:0::1', '2001:db8::2'],
    ['10.0.0.0/8', 'holds mapped spellings of its addresses', '::ffff:a00:1', '::10.0.0.1'],
  ])('%s %s', (range, _, inside, outside) => {
    expect(admits(range, inside)).toBe(true)
    expect(admits(range, outside)).toBe(false)
  })

  it.each([4, 6] as const)('of IPv%i begins and ends where its prefix says, for every prefix', family => {
    const size = bits(family)
    const dice = createDice(family)
    const all = (1n << BigInt(size)) - 1n
    for (let prefix = 0; prefix <= size; prefix++) {
      const range = randomRange(dice, family, prefix)
      const last = range.network | (all >> BigInt(prefix))
      const set = compileCidrSet([rule(ruleText(range))])
      expect(set.has(textOf(family, range.network))).toBe(true)
      expect(set.has(textOf(family, last))).toBe(true)
      expect(range.network > 0n && set.has(textOf(family, range.network - 1n))).toBe(false)
      expect(last < all && set.has(textOf(family, last + 1n))).toBe(false)
      expect(set.count(family)).toBe(1n << BigInt(size - prefix))
    }
  })

  it('admits exactly the addresses that share its leading bits', () => {
    let inside = 0
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        for (let i = 0; i < 1000; i++) {
          const range = randomRange(dice, dice.pick([4, 6] as const))
          const address = addressNear(dice, range)
          const expected = lies(address, range)
          const text = textOf(range.family, address)
          if (admits(ruleText(range), text) !== expected) throw new Error(`${ruleText(range)} and ${text}`)
          if (expected) inside++
        }
      }),
      { numRuns: 110 },
    )
    expect(inside).toBeGreaterThan(30_000)
    expect(inside).toBeLessThan(95_000)
  })

  it.each([
    'bad',
    '',
    '/',
    '/8',
    '10.0.0.0//8',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '10/8',
    '10.0/16',
    '0x0a.0.0.0/8',
    '1.257.1.1/24',
    '*',
    '10.0.0.*',
    '10.0.0.0-10.0.0.9',
    '10.0.0.1,10.0.0.2',
    ' 10.0.0.0/8',
    '10.0.0.0/8 ',
    '10.0.0.0 /8',
    'localhost',
    '[::1]/128',
    '1.2.3.4:80',
    `10.0.0.0/8${' '.repeat(100_000)}`,
    '::ffff:0177.0.0.1',
  ])('is refused when its address is none: %j', text => {
    expect(flaw(text)).toMatch(/^must (be an IPv4 address|have a prefix)/)
  })

  it.each([
    '',
    ' 8',
    '8 ',
    '+8',
    '-0',
    '-1',
    '08',
    '008',
    '00',
    '032',
    '1e1',
    '0x8',
    '8.0',
    '33',
    '999',
    '4294967304',
    'q',
    '255.0.0.0',
    '255.0.255.0',
    '10.255.255.255',
    '٨',
    '8\n',
    '24%eth0',
  ])('is refused when its prefix is %j', prefix => {
    expect(flaw(`0.0.0.0/${prefix}`)).toBe('must have a prefix from 0 to 32, in plain digits')
    expect(flaw('0.0.0.0/8')).toBeUndefined()
  })

  it.each(['129', '0128', '-1', '', '/64'])('of IPv6 is refused when its prefix is %j', prefix => {
    expect(flaw(`::/${prefix}`)).toBe('must have a prefix from 0 to 128, in plain digits')
    expect(flaw('::/128')).toBeUndefined()
  })

  it('of mapped addresses is refused when it is wider than IPv4, whose prefixes it would confuse', () => {
    for (let prefix = 0; prefix < 96; prefix++) {
      expect(flaw(`::ffff:10.0.0.0/${prefix}`)).toBe(
        'is an IPv4-mapped range wider than IPv4; write it as an IPv4 range',
      )
      expect(flaw(`::ffff:0:0/${prefix}`)).toBe('is an IPv4-mapped range wider than IPv4; write it as an IPv4 range')
    }
    expect(formatCidr(rule('::ffff:0:0/96'))).toBe('0.0.0.0/0')
    expect(formatCidr(rule('0:0:0:0:0:FFFF:a00:0/104'))).toBe('10.0.0.0/8')
    expect(flaw('::ffff:10.0.0.0/129')).toBe('must have a prefix from 96 to 128, in plain digits')
  })

  it.each([
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['192.168.1.255/31', '192.168.1.254/31'],
    ['2001:db8::1/64', '2001:db8::/64'],
    ['::1/0', '::/0'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::8.8.8.8/120', '::808:800/120'],
  ])('is refused with host bits, naming the network: %s is in %s', (text, network) => {
    expect(flaw(text)).toBe(`has host bits set; the network is ${network}`)
    expect(formatCidr(rule(network))).toBe(network)
  })

  it.each(['fe80::1%eth0', 'fe80::1%eth1/128', 'fe80::%1/64', '10.0.0.1%eth0', '::%'])(
    'is refused with a zone: %s',
    text => {
      expect(flaw(text)).toBe('must not name a zone')
    },
  )

  it.each([undefined, null, 8, {}, ['10.0.0.0/8'], new String('10.0.0.0/8')])('is text, not %j', value => {
    expect(readCidr(value as unknown as string)).toEqual({ flaw: 'must be text' })
  })
})

describe('the longest rule', () => {
  it('is accepted, and one with a character more is not', () => {
    const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128'
    expect(flaw(longest)).toBeUndefined()
    expect(flaw(`${longest}0`)).toMatch(/^must be an IPv4 address/)
  })
})

describe('the spelling of a rule', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1/32', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:A00:1/128', '10.0.0.1'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:0DB8:0:0:0:0:0:1/128', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:0/80', '2001:db8:0:0:1::/80'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::1.2.3.4', '::102:304'],
    ['::/128', '::'],
  ])('of %s is %s', (text, spelling) => {
    expect(formatCidr(rule(text))).toBe(spelling)
  })

  it('reads back as the same rule, and is the same for every way to write it', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        const range = randomRange(dice, dice.pick([4, 6] as const))
        const read = rule(ruleText(range))
        const spelling = formatCidr(read)
        expect(rule(spelling)).toEqual(read)
        expect(formatCidr(rule(spelling))).toBe(spelling)
        expect(formatCidr(rule(ruleText(range).toUpperCase()))).toBe(spelling)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a rule and a request', () => {
  it('read an address alike, though by different code', () => {
    let single = 0
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        for (let i = 0; i < 500; i++) {
          const text = addressLikeText(dice)
          const cidr = readCidr(text)
          const isRule = !('flaw' in cidr)
          if (isRule && !text.includes('/')) single++
          if (isRule && !text.includes('/') && !compileCidrSet([cidr]).has(text)) throw new Error(`unequal: ${text}`)
          if (!isRule && compileCidrSet([rule('0.0.0.0/0'), rule('::/0')]).has(text))
            throw new Error(`lenient: ${text}`)
        }
      }),
      { numRuns: 60 },
    )
    expect(single).toBeGreaterThan(5_000)
  })

  it('never ask ipaddr.js what an address is: its loose forms stay outside', () => {
    for (const loose of ['010.0.0.1', '10.1', '167772161', '0xa.0.0.1']) {
      expect(ipaddr.isValid(loose)).toBe(true)
      expect(flaw(loose)).toBeDefined()
      expect(flaw(`${loose}/32`)).toBeDefined()
    }
    expect(joined(rule('10.0.0.1').first)).toBe(0x0a000001n)
  })
})

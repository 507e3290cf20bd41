import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyError } from '../../src/errors.js'
import { type AllowlistLimits, checkAllowlist, compileAllowlist } from '../../src/policy/ip-allowlist.js'
import { addressNear, bits, createDice, lies, randomRange, ruleText, textOf } from '../net/addresses.js'

const unlimited: AllowlistLimits = { allowlistEntries: null, allowlistRanges: true, minIpv4Prefix: 0, minIpv6Prefix: 0 }

/** What calling this throws, as the parts that callers rely on. */
function refusal(run: () => unknown): Pick<KeyError, 'code' | 'field' | 'message'> | undefined {
  try {
    run()
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    const { code, field, message } = error
    return { code, field, message }
  }
  return undefined
}

/** Texts that are no address of anybody, or not even text. */
const NO_ADDRESSES = [
  undefined,
  null,
  '',
  ' ',
  'unknown',
  '0',
  'undefined',
  'null',
  '1.2.3',
  '010.0.0.1',
  '10.0.0.1 ',
  '10.0.0.1:80',
  '10.0.0.1/32',
  '10.0.0.1, 10.0.0.2',
  'fe80::1%eth0',
  '::ffff:010.0.0.1',
  'x'.repeat(1_000_000),
  7,
  {},
  ['10.0.0.1'],
] as unknown as (string | undefined)[]

describe('a compiled IP allowlist', () => {
  it('that is null lets every request pass, also one whose address is unknown', () => {
    const list = compileAllowlist(null)
    expect(['1.2.3.4', '::1', ...NO_ADDRESSES].every(ip => list.allows(ip))).toBe(true)
  })

  it('that is empty lets nobody pass', () => {
    const list = compileAllowlist([])
    expect(['1.2.3.4', '::1', '0.0.0.0', '::', ...NO_ADDRESSES].some(ip => list.allows(ip))).toBe(false)
  })

  it('that is missing is neither of the two', () => {
    for (const missing of [undefined, '', '10.0.0.1', {}, 0, false, new Set(['10.0.0.1'])]) {
      expect(refusal(() => compileAllowlist(missing as unknown as null))?.field).toBe('ipAllowlist')
    }
  })

  it('tells null and empty apart after a trip through JSON', () => {
    const back = (list: readonly string[] | null) => compileAllowlist(JSON.parse(JSON.stringify(list)))
    expect([back(null).allows('1.2.3.4'), back([]).allows('1.2.3.4')]).toEqual([true, false])
  })

  it('lets its addresses pass and no other', () => {
    const list = compileAllowlist(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32'])
    for (const ip of ['192.0.2.1', '10.0.0.0', '10.255.255.255', '2001:db8::1', '2001:0DB8:0::1']) {
      expect(list.allows(ip)).toBe(true)
    }
    for (const ip of ['192.0.2.0', '192.0.2.2', '9.255.255.255', '11.0.0.0', '2001:db7:ffff::', '2001:db9::', '::1']) {
      expect(list.allows(ip)).toBe(false)
    }
  })

  it('lets nothing pass that is not an address, before and after it let one pass', () => {
    const list = compileAllowlist(['0.0.0.0/0', '::/0'])
    expect(NO_ADDRESSES.filter(ip => list.allows(ip))).toEqual([])
    expect(list.allows('10.0.0.1')).toBe(true)
    expect(NO_ADDRESSES.filter(ip => list.allows(ip))).toEqual([])
  })

  it('treats a mapped address as the IPv4 address, in the rule and in the request', () => {
    for (const rule of ['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:a01:203/128', '10.1.2.0/24', '::ffff:10.1.2.0/120']) {
      const list = compileAllowlist([rule])
      for (const ip of ['10.1.2.3', '::ffff:10.1.2.3', '0:0:0:0:0:ffff:a01:203']) expect(list.allows(ip)).toBe(true)
      for (const ip of ['::10.1.2.3', '64:ff9b::10.1.2.3', '2002:a01:203::', '::ffff:0:10.1.2.3', '10.1.1.3']) {
        expect(list.allows(ip)).toBe(false)
      }
    }
  })

  it('answers the same however often and in whatever order it is asked', () => {
    const list = compileAllowlist(['10.0.0.0/31', '2001:db8::1'])
    const expected: readonly (readonly [string, boolean])[] = [
      ['10.0.0.0', true],
      ['10.0.0.1', true],
      ['10.0.0.2', false],
      ['::ffff:10.0.0.1', true],
      ['2001:db8::1', true],
      ['2001:db8::2', false],
      ['', false],
    ]
    const dice = createDice(1)
    for (let i = 0; i < 2000; i++) {
      const [ip, allowed] = dice.pick(expected)
      expect(list.allows(ip)).toBe(allowed)
    }
  })

  it('remembers what it let pass for itself alone', () => {
    const one = compileAllowlist(['10.0.0.1'])
    const other = compileAllowlist(['10.0.0.2'])
    expect([one.allows('10.0.0.1'), other.allows('10.0.0.1')]).toEqual([true, false])
    expect([other.allows('10.0.0.2'), one.allows('10.0.0.2')]).toEqual([true, false])
  })

  it('does not change when the list it was made from does', () => {
    const entries = ['10.0.0.1']
    const list = compileAllowlist(entries)
    entries[0] = '0.0.0.0/0'
    entries.push('::/0')
    expect([list.allows('10.0.0.1'), list.allows('8.8.8.8'), list.allows('::1')]).toEqual([true, false, false])
  })

  it('lets pass what a linear scan over its ranges would', () => {
    fc.assert(
      fc.property(fc.integer(), seed => {
        const dice = createDice(seed)
        const ranges = Array.from({ length: 1 + dice.roll(12) }, () => randomRange(dice, dice.pick([4, 6] as const)))
        const list = compileAllowlist(ranges.map(ruleText))
        for (let i = 0; i < 40; i++) {
          const near = dice.pick(ranges)
          const address = addressNear(dice, near)
          const expected = ranges.some(range => range.family === near.family && lies(address, range))
          expect(list.allows(textOf(near.family, address))).toBe(expected)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('refuses an entry that is not a rule, by its place', () => {
    for (const entry of ['', '10.0.0.1/8', '::ffff:10.0.0.0/8', 'fe80::1%eth0', '*', 'localhost', undefined, null, 7]) {
      const found = refusal(() => compileAllowlist(['10.0.0.1', '::1', entry as string]))
      expect([found?.code, found?.field]).toEqual(['ERR_INPUT_INVALID', 'ipAllowlist[2]'])
    }
    expect(refusal(() => compileAllowlist(['10.0.0.1', '::1', '10.0.0.2']))).toBeUndefined()
  })

  it('refuses a list with holes', () => {
    const sparse = ['10.0.0.1']
    sparse.length = 3
    expect(refusal(() => compileAllowlist(sparse))?.field).toBe('ipAllowlist[1]')
  })
})

describe('checking an IP allowlist', () => {
  it('takes single addresses only where the policy has no ranges, in whatever spelling', () => {
    const single = { ...unlimited, allowlistRanges: false }
    expect(checkAllowlist(['10.0.0.1', '10.0.0.2/32', '2001:db8::1'], single)).toHaveLength(3)
    expect(refusal(() => checkAllowlist(['10.0.0.1', '10.0.0.0/31'], single))).toMatchObject({
      field: 'ipAllowlist[1]',
    })
  })

  it('keeps null and empty as they are', () => {
    expect(checkAllowlist(null, unlimited)).toBeNull()
    expect(checkAllowlist([], unlimited)).toEqual([])
    expect(checkAllowlist([], { ...unlimited, allowlistEntries: 1, minIpv4Prefix: 32, minIpv6Prefix: 128 })).toEqual([])
  })

  it('gives every entry its one spelling, in the order given, and freezes the list', () => {
    const entries = ['::ffff:10.0.0.1/128', '10.1.0.0/16', '2001:DB8:0:0::/64', '::1/128']
    const checked = checkAllowlist(entries, unlimited)
    expect(checked).toEqual(['10.0.0.1', '10.1.0.0/16', '2001:db8::/64', '::1'])
    expect(checkAllowlist(checked, unlimited)).toEqual(checked)
    expect(Object.isFrozen(checked)).toBe(true)
    expect(entries[0]).toBe('::ffff:10.0.0.1/128')
  })

  it('says which entry is wrong, and why', () => {
    expect(refusal(() => checkAllowlist(['10.0.0.1', '::1', '10.0.0.1/8'], unlimited))).toEqual({
      code: 'ERR_INPUT_INVALID',
      field: 'ipAllowlist[2]',
      message: 'ipAllowlist[2] has host bits set; the network is 10.0.0.0/8',
    })
    expect(refusal(() => checkAllowlist(['10.0.0.1', '::1', '10.0.0.0/8'], unlimited))).toBeUndefined()
  })

  it('never prints the text it was given', () => {
    const canary = 'kls_live_canary'
    const places = [
      canary,
      `${canary}/8`,
      `10.0.0.0/${canary}`,
      `fe80::1%${canary}`,
      `::1 ${canary}`,
      canary.repeat(99),
    ]
    for (const text of places) {
      const found = refusal(() => checkAllowlist([text], unlimited))
      expect(found?.field).toBe('ipAllowlist[0]')
      expect(found?.message).not.toContain(canary)
    }
  })

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1/32'],
    ['10.0.0.1', '::ffff:10.0.0.1'],
    ['10.0.0.0/8', '::ffff:a00:0/104'],
    ['2001:db8::1', '2001:DB8:0:0::1/128'],
  ])('refuses a repeated entry, in whatever spelling: %s and %s', (entry, again) => {
    expect(refusal(() => checkAllowlist([entry, '9.9.9.9', again], unlimited))).toEqual({
      code: 'ERR_INPUT_INVALID',
      field: 'ipAllowlist[2]',
      message: 'ipAllowlist[2] says the same as ipAllowlist[0]',
    })
    expect(refusal(() => checkAllowlist([entry, '9.9.9.9'], unlimited))).toBeUndefined()
  })

  it('allows as many entries as the policy, and judges the number before it reads any', () => {
    const limits = { ...unlimited, allowlistEntries: 5 }
    const entries = Array.from({ length: 6 }, (_, i) => `10.0.0.${i}`)
    expect(checkAllowlist(entries.slice(0, 5), limits)).toHaveLength(5)
    expect(refusal(() => checkAllowlist(entries, limits))).toMatchObject({
      code: 'ERR_POLICY_VIOLATED',
      field: 'ipAllowlist',
    })
    const endless = Array.from({ length: 1_000_000 }, () => 'nonsense')
    expect(refusal(() => checkAllowlist(endless, limits))?.code).toBe('ERR_POLICY_VIOLATED')
  })

  it.each([
    [['0.0.0.0/0'], 1],
    [['0.0.0.0/1', '128.0.0.0/1'], 1],
    [['0.0.0.0/2', '64.0.0.0/2', '128.0.0.0/1'], 1],
    [['::ffff:0:0/96'], 1],
    [['10.0.0.0/23'], 24],
    [['10.0.0.0/24', '192.168.0.1'], 24],
    [['10.0.0.0/25', '10.0.0.128/25', '10.0.1.0'], 24],
    [['10.0.0.1', '10.0.0.2'], 32],
  ])('refuses %j where a policy wants a /%i of IPv4 at most', (entries, minIpv4Prefix) => {
    expect(refusal(() => checkAllowlist(entries, { ...unlimited, minIpv4Prefix }))).toEqual({
      code: 'ERR_POLICY_VIOLATED',
      field: 'ipAllowlist',
      message: `ipAllowlist may admit at most as many IPv4 addresses as one /${minIpv4Prefix} range, all entries together`,
    })
    expect(refusal(() => checkAllowlist(entries, { ...unlimited, minIpv6Prefix: 128 }))).toBeUndefined()
  })

  it.each([
    [['::/0'], 1],
    [['::/1', '8000::/1'], 1],
    [['2001:db8::/32', '2001:db9::/32'], 32],
    [['2001:db8::/48', '2001:db8:1::'], 48],
    [['::1', '::2'], 128],
  ])('refuses %j where a policy wants a /%i of IPv6 at most', (entries, minIpv6Prefix) => {
    expect(refusal(() => checkAllowlist(entries, { ...unlimited, minIpv6Prefix }))?.code).toBe('ERR_POLICY_VIOLATED')
    expect(refusal(() => checkAllowlist(entries, { ...unlimited, minIpv4Prefix: 32 }))).toBeUndefined()
  })

  it.each([
    [['10.0.0.0/24'], 24],
    [['10.0.0.0/25', '10.0.0.0/26', '192.168.0.0/25'], 24],
    [['10.0.0.0/24', '10.0.0.7', '10.0.0.128/25'], 24],
    [['0.0.0.0/0'], 0],
    [['10.0.0.1'], 32],
    [['10.0.0.1', '2001:db8::/32'], 32],
  ])('accepts %j where a policy wants a /%i of IPv4 at most', (entries, minIpv4Prefix) => {
    expect(checkAllowlist(entries, { ...unlimited, minIpv4Prefix })).toEqual(entries)
  })

  it('measures the union as enumeration does, at the exact border of the policy', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(4, 6), (seed, family) => {
        const dice = createDice(seed)
        const size = bits(family as 4 | 6)
        const ranges = Array.from({ length: 1 + dice.roll(8) }, () => {
          const prefix = size - 6 + dice.roll(7)
          const host = BigInt(size - prefix)
          return { family: family as 4 | 6, prefix, network: (1n << 24n) + ((dice.number(6) >> host) << host) }
        })
        const entries = [...new Set(ranges.map(ruleText))]
        let admitted = 0
        for (let i = 0n; i < 64n; i++) if (ranges.some(range => lies((1n << 24n) + i, range))) admitted++
        for (let prefix = size - 7; prefix <= size; prefix++) {
          const limits = family === 4 ? { minIpv4Prefix: prefix } : { minIpv6Prefix: prefix }
          const found = refusal(() => checkAllowlist(entries, { ...unlimited, ...limits }))
          expect(found === undefined).toBe(admitted <= 2 ** (size - prefix))
        }
      }),
      { numRuns: 200 },
    )
  })
})

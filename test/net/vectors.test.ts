import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { formatCidr, readCidr } from '../../src/net/cidr.js'
import { compileCidrSet } from '../../src/net/cidr-set.js'
import { describeUnless, vectorsFolder } from '../skips.js'
import { addressOf, textOf } from './addresses.js'

function load<T>(folder: string, file: string): T {
  return JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as T
}

/** The spelling of a rule, or nothing when it is refused. */
function spelling(text: string): string | undefined {
  const cidr = readCidr(text)
  return 'flaw' in cidr ? undefined : formatCidr(cidr)
}

function admits(range: string, address: string): boolean | 'refused' {
  const cidr = readCidr(range)
  return 'flaw' in cidr ? 'refused' : compileCidrSet([cidr]).has(address)
}

interface GoVectors {
  readonly parse: { readonly valid: { input: string; string: string }[]; readonly invalid: string[] }
  readonly prefix: {
    readonly contains: { prefix: string; contains: string[]; notContains: string[] }[]
    readonly invalid: string[]
  }
}

const go = vectorsFolder('ip-go')

describeUnless(go.absent, 'the addresses and prefixes of Go', () => {
  const { parse, prefix } = load<GoVectors>(go.path, 'netip.json')

  it('agree on what is an address, zones apart', () => {
    const refused = parse.valid.filter(({ input }) => addressOf(input) === undefined)
    expect(refused.every(({ input }) => input.includes('%'))).toBe(true)
    expect(refused).toHaveLength(3)
    expect(parse.invalid.filter(text => addressOf(text) !== undefined)).toEqual([])
    expect([parse.valid.length, parse.invalid.length]).toEqual([14, 31])
  })

  it('agree on the spelling, mapped addresses apart: they are IPv4 here', () => {
    const different = parse.valid.filter(({ input, string }) => !input.includes('%') && spelling(input) !== string)
    expect(different.map(({ input }) => [input, spelling(input)])).toEqual([
      ['::ffff:192.168.140.255', '192.168.140.255'],
    ])
  })

  it('agree on what a prefix contains', () => {
    for (const { prefix: range, contains, notContains } of prefix.contains) {
      expect(contains.filter(address => admits(range, address) !== true)).toEqual([])
      expect(notContains.filter(address => admits(range, address) !== false)).toEqual([])
    }
    expect(prefix.contains).toHaveLength(7)
  })

  it('agree on what is no prefix, except that an address alone is a rule here', () => {
    expect(prefix.invalid.filter(text => spelling(text) !== undefined)).toEqual(['192.168.0.0'])
    expect(prefix.invalid).toHaveLength(6)
  })
})

interface AdvisoryVectors {
  readonly addresses: { input: string; legacyMeaning: string | null; strict: string }[]
  readonly more: { kind: 'cidr' | 'address'; input: string; strict: string }[]
}

const advisories = vectorsFolder('ip-cve')

describeUnless(advisories.absent, 'the inputs of published advisories', () => {
  const { addresses, more } = load<AdvisoryVectors>(advisories.path, 'inputs.json')

  it('are refused as addresses and as rules where only a lenient parser reads them', () => {
    const rejects = addresses.filter(({ strict }) => strict === 'reject').map(({ input }) => input)
    expect(rejects.filter(text => addressOf(text) ?? spelling(text) ?? spelling(`${text}/32`))).toEqual([])
    expect(rejects).toHaveLength(26)
  })

  it('mean one address where they are only unusually written', () => {
    const accepts = addresses.filter(({ strict }) => strict === 'accept-canonical')
    for (const { input, legacyMeaning } of accepts) {
      expect(spelling(input)).toBe(legacyMeaning?.replace(/ \(.*/, ''))
    }
    expect(accepts).toHaveLength(6)
  })

  it('are refused as ranges and with zones, and `::a.b.c.d` is not mapped', () => {
    const refused = more.filter(({ strict }) => strict.startsWith('reject')).map(({ input }) => input)
    expect(refused.filter(text => addressOf(text) ?? spelling(text))).toEqual([])
    expect(refused).toHaveLength(7)
    expect(more.filter(({ strict }) => !strict.startsWith('reject')).map(({ input }) => addressOf(input))).toEqual([
      { family: 6, value: 0x08080808n },
    ])
  })
})

interface LibraryRow {
  readonly fn: string
  readonly input: string
  /** Of a `match` row, instead of `input`. */
  readonly addr: string
  readonly cidr: string
  readonly expect: unknown
  readonly throws: boolean
}

const library = vectorsFolder('ip-ipaddrjs')

/** Address and range in one shape, whatever the row calls them. */
function normalise(row: Partial<LibraryRow>): LibraryRow {
  const { fn = '', input = row.cidr ?? '', addr = '', cidr = input, throws = false } = row
  return { fn, input, addr, cidr, throws, expect: row.expect }
}

/** Where we differ from ipaddr.js, and why. The first reason that fits is the one. */
const REASONS: readonly (readonly [string, (row: LibraryRow) => boolean])[] = [
  ['zones are refused', row => row.input.includes('%')],
  ['isIPv4 and isIPv6 look at the shape only', row => /isIPv[46]$/.test(row.fn)],
  ['IPv4 is four decimal parts', row => !row.input.includes(':') && addressOf(row.input) === undefined],
  ['host bits are refused', row => /has host bits/.test(flawOf(row.cidr))],
  ['::a.b.c.d is not mapped', row => row.input.startsWith('::8.')],
]

function flawOf(text: string): string {
  const cidr = readCidr(text)
  return 'flaw' in cidr ? cidr.flaw : ''
}

function agrees({ fn, input, addr, cidr, expect: expected, throws }: LibraryRow): boolean {
  if (fn === 'match') return admits(cidr, addr) === expected
  if (fn.includes('subnetMask')) return spelling(`::/${input}`) === undefined
  if (fn.includes('CIDR')) return (input.includes('/') && spelling(input) !== undefined) === (expected === true)
  if (throws) return addressOf(input) === undefined
  if (fn.endsWith('.range')) return addressOf(input) !== undefined
  if (typeof expected === 'boolean') return (addressOf(input) !== undefined) === expected
  const found = addressOf(input)
  return found !== undefined && sameValue(found, expected as readonly number[])
}

/** Octets or groups against a value. */
function sameValue({ family, value }: { family: 4 | 6; value: bigint }, parts: readonly number[]): boolean {
  const texts = parts.map(part => part.toString(family === 4 ? 10 : 16))
  return texts.join(family === 4 ? '.' : ':') === textOf(family, value)
}

describeUnless(library.absent, 'the test rows of ipaddr.js', () => {
  it('agree, or differ for a reason with a name', () => {
    const counts = new Map<string, number>()
    const unexplained: string[] = []
    const { rows } = load<{ rows: Partial<LibraryRow>[] }>(library.path, 'cases.json')
    for (const row of rows.map(normalise)) {
      const reason = agrees(row) ? 'agree' : REASONS.find(([, fits]) => fits(row))?.[0]
      if (reason === undefined) unexplained.push(JSON.stringify(row))
      else counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    expect(unexplained).toEqual([])
    expect(Object.fromEntries(counts)).toEqual({
      agree: 134,
      'zones are refused': 12,
      'isIPv4 and isIPv6 look at the shape only': 3,
      'IPv4 is four decimal parts': 22,
      'host bits are refused': 11,
      '::a.b.c.d is not mapped': 1,
    })
  })
})

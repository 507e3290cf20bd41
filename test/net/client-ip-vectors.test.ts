import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import parseForwarded from 'forwarded-parse'
import { expect, it } from 'vitest'
import { type ClientIpOptions, clientIp } from '../../src/net/client-ip.js'
import { readForwarded } from '../../src/net/client-ip-forwarded.js'
import { describeUnless, vectorsFolder } from '../skips.js'

const proxyAddr = vectorsFolder('proxy-addr')
const forwardedParse = vectorsFolder('forwarded-rfc7239')

interface Named {
  readonly fn: 'all' | 'none' | 'trust10x'
}

interface ProxyAddrCase {
  readonly api: 'trust-ok' | 'trust-throws' | 'compile-throws' | 'client' | 'all'
  readonly trust: number | string | readonly string[] | Named | null
  readonly socket?: string | null
  readonly xff?: string | null
  readonly expect?: string | readonly string[] | null
}

/** Functions as lists. To trust everybody cannot be said here: the whole of IPv4 stands for it and is refused. */
const FUNCTIONS = { all: ['0.0.0.0/0', '::/0'], none: [], trust10x: ['10.0.0.0/8'] } as const

/** The list of a trust argument: one text is a list of one, and nothing trusts nobody. */
function listOf(trust: ProxyAddrCase['trust']): ClientIpOptions['trust'] {
  if (typeof trust === 'string') return [trust]
  if (trust === null) return []
  return typeof trust === 'object' && 'fn' in trust ? FUNCTIONS[trust.fn] : (trust as readonly string[])
}

describeUnless(proxyAddr.absent, 'The cases of proxy-addr', () => {
  const { cases } = read<{ cases: readonly ProxyAddrCase[] }>(`${proxyAddr.path}cases.json`)
  const define = (trust: ProxyAddrCase['trust']) => clientIp({ trust: listOf(trust), header: 'x-forwarded-for' })

  it('are all there', () => {
    expect(cases).toHaveLength(35)
  })

  it.each(cases.map((one, at) => [at, JSON.stringify(one), one] as const))('hold: %i %s', (_at, _text, one) => {
    if (one.api === 'trust-ok') return expect(() => define(one.trust)).not.toThrow()
    if (one.api === 'trust-throws' || one.api === 'compile-throws') return expect(() => define(one.trust)).toThrow()
    // The only case that differs: whoever trusts everybody is told so, and gets no resolver.
    if (isTrustInAll(one.trust)) return expect(() => define(one.trust)).toThrow(/not the internet/)
    const headers = { 'x-forwarded-for': one.xff ?? undefined }
    const { address, hops } = define(one.trust).explain(one.socket ?? undefined, headers)
    if (one.api === 'all') return expect(hops.map(({ text }) => text)).toEqual(one.expect)
    return expect(address ?? null).toBe(one.expect)
  })
})

function isTrustInAll(trust: ProxyAddrCase['trust']): boolean {
  return typeof trust === 'object' && trust !== null && 'fn' in trust && trust.fn === 'all'
}

interface ForwardedCase {
  readonly input: string
  readonly expect?: readonly Readonly<Record<string, string>>[]
  readonly error?: string
}

/** Blanks at the ends of a field value are no part of it (RFC 9110 section 5.5): HTTP parsers have removed them. */
const BLANK_AT_AN_END = [' for=192.0.2.43', 'foo=bar ', 'foo=""\t']

describeUnless(forwardedParse.absent, 'The cases of forwarded-parse', () => {
  const { cases } = read<{ cases: readonly ForwardedCase[] }>(`${forwardedParse.path}forwarded-parse.json`)

  it('are all there', () => {
    expect(cases).toHaveLength(22)
    expect(cases.filter(({ input }) => BLANK_AT_AN_END.includes(input))).toHaveLength(3)
  })

  it.each(cases)('hold: $input', ({ input, expect: expected }) => {
    const trimmed = BLANK_AT_AN_END.includes(input)
    expect(elementsOf(input)).toEqual(trimmed ? parseForwarded(input.trim()) : expected)
  })

  it('are no more than a sample: lists and damaged lists are read as forwarded-parse reads them', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab=;,"\\ \té§'), maxLength: 24 })
    const token = fc.string({ unit: fc.constantFrom(...'abAB1-_'), minLength: 1, maxLength: 4 })
    const quoted = text.map(content => `"${content.replaceAll(/["\\]/g, '\\$&')}"`)
    const pair = fc.tuple(token, fc.oneof(token, quoted)).map(([name, value]) => `${name}=${value}`)
    const element = fc.array(pair, { minLength: 1, maxLength: 3 }).map(pairs => pairs.join(';'))
    const list = fc.array(element, { minLength: 1, maxLength: 4 }).map(elements => elements.join(', '))
    const damaged = fc.tuple(list, text, fc.nat(40)).map(([good, bad, at]) => good.slice(0, at) + bad + good.slice(at))
    let agreed = 0
    fc.assert(
      fc.property(fc.oneof(list, damaged), input => {
        const trimmed = input.replaceAll(/^[ \t]+|[ \t]+$/g, '')
        if (differs(trimmed)) return
        agreed++
        expect(elementsOf(trimmed)).toEqual(readTheirs(trimmed))
      }),
      { numRuns: 5000 },
    )
    expect(agreed).toBeGreaterThan(2500)
  })
})

type Elements = readonly Readonly<Record<string, string>>[] | undefined

/** All elements, from the last to the first; `undefined` when one is malformed. */
function elementsOf(input: string): Elements {
  const elements: Record<string, string>[] = []
  let rest: string | undefined = input
  while (rest !== undefined) {
    const { pairs, start } = readForwarded(rest)
    if (pairs === undefined) return undefined
    elements.unshift(Object.fromEntries(pairs))
    rest = start === 0 ? undefined : rest.slice(0, start - 1)
  }
  return elements
}

/**
 * Where the two differ by intent: RFC 7239 section 4 allows a pair to be empty, which forwarded-parse refuses, and
 * forbids a parameter to come twice, of which forwarded-parse takes the last.
 */
function differs(input: string): boolean {
  const plain = input.replaceAll(/"(?:[^"\\]|\\.)*"/gs, 'q')
  const pairs = plain.split(',').map(element => element.split(';').map(pair => pair.trim()))
  const names = pairs.map(element => element.map(pair => pair.replace(/=.*$/s, '').toLowerCase()))
  return pairs.flat().includes('') || names.some(element => new Set(element).size < element.length)
}

function readTheirs(input: string): Elements {
  try {
    return parseForwarded(input)
  } catch {
    return undefined
  }
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

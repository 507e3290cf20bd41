import fc from 'fast-check'
import proxyAddr from 'proxy-addr'
import { describe, expect, it } from 'vitest'
import { type Cidr, formatCidr, readCidr } from '../../src/net/cidr.js'
import { compileCidrSet } from '../../src/net/cidr-set.js'
import { type ClientIpOptions, clientIp, type ForwardingHeaders } from '../../src/net/client-ip.js'
import { addressSpelling } from '../../src/net/client-ip-spelling.js'
import { addressLikeText, addressOf, createDice, textOf } from './addresses.js'

const PROXY = '10.0.0.2'
const CLIENT = '203.0.113.7'
const TRUST = ['10.0.0.0/24', '2001:db8:a::/48']

const plain = clientIp({ trust: TRUST, header: 'x-forwarded-for' })
const standard = clientIp({ trust: TRUST, header: 'forwarded' })
const single = clientIp({ trust: TRUST, header: 'x-real-ip' })

/** What a header from the trusted proxy makes of the client. */
const xff = (...lines: string[]) => plain.resolve(PROXY, { 'x-forwarded-for': lines })
const forwarded = (...lines: string[]) => standard.resolve(PROXY, { forwarded: lines })
const realIp = (line: string) => single.resolve(PROXY, { 'x-real-ip': line })

describe('The address of a client', () => {
  it('is the peer where the peer is no trusted proxy, whatever its headers say', () => {
    expect(plain.resolve(CLIENT, { 'x-forwarded-for': '10.0.0.9' })).toBe(CLIENT)
    expect(standard.resolve(CLIENT, { forwarded: 'for=10.0.0.9' })).toBe(CLIENT)
    expect(single.resolve(CLIENT, { 'x-real-ip': '10.0.0.9' })).toBe(CLIENT)
    expect(plain.resolve(PROXY, { 'x-forwarded-for': '192.0.2.9' })).toBe('192.0.2.9')
  })

  it('is the last element of the header that is not trusted', () => {
    expect(xff(CLIENT)).toBe(CLIENT)
    expect(xff(`198.51.100.1, ${CLIENT}`)).toBe(CLIENT)
    expect(xff(`198.51.100.1, ${CLIENT}, 10.0.0.7,2001:db8:a::7 `)).toBe(CLIENT)
    expect(forwarded(`for=198.51.100.1, for=${CLIENT};proto=https, for="[2001:db8:a::7]:443";by=_lb`)).toBe(CLIENT)
  })

  it('is the farthest where everybody on the way is trusted', () => {
    expect(xff('10.0.0.9, 10.0.0.8')).toBe('10.0.0.9')
    expect(forwarded('for=10.0.0.9, for=10.0.0.8')).toBe('10.0.0.9')
    expect(xff('10.0.1.9, 10.0.0.8')).toBe('10.0.1.9')
  })

  it('is read from several lines of a list as if they were one', () => {
    expect(xff('198.51.100.1', CLIENT)).toBe(CLIENT)
    expect(xff(`198.51.100.1, ${CLIENT}`, '10.0.0.7', '10.0.0.8, 10.0.0.9')).toBe(CLIENT)
    expect(forwarded(`for=${CLIENT}`, 'for=10.0.0.7')).toBe(CLIENT)
    expect(xff(CLIENT, '')).toBeUndefined()
  })

  it('is not known where a single address comes twice, on two lines or on one', () => {
    expect(single.resolve(PROXY, { 'x-real-ip': [CLIENT] })).toBe(CLIENT)
    expect(single.resolve(PROXY, { 'x-real-ip': [CLIENT, CLIENT] })).toBeUndefined()
    expect(realIp(`${CLIENT}, ${CLIENT}`)).toBeUndefined()
    expect(realIp(CLIENT)).toBe(CLIENT)
  })

  it('is that of a trusted address too, where the header holds one address', () => {
    expect(realIp('10.0.0.9')).toBe('10.0.0.9')
  })

  it('is not known where the trusted proxy sent no header: the peer is not the client', () => {
    for (const headers of [{}, { 'x-forwarded-for': undefined }, { 'x-forwarded-for': [] }]) {
      expect(plain.resolve(PROXY, headers)).toBeUndefined()
      expect(plain.resolve(CLIENT, headers)).toBe(CLIENT)
    }
  })

  it('is not known without the address of the peer, or with one that cannot be compared', () => {
    for (const peer of [undefined, '', 'unix', 'fe80::1%eth0', '010.0.0.2', `${PROXY} `]) {
      expect(plain.resolve(peer, { 'x-forwarded-for': CLIENT })).toBeUndefined()
    }
  })

  it('is read from the configured header and no other', () => {
    const headers = { forwarded: 'for=192.0.2.1', 'x-real-ip': '192.0.2.2', 'x-forwarded-for': CLIENT }
    expect(plain.resolve(PROXY, headers)).toBe(CLIENT)
    expect(plain.resolve(PROXY, { ...headers, 'x-forwarded-for': undefined })).toBeUndefined()
    const inherited = Object.create({ 'x-forwarded-for': CLIENT }) as ForwardingHeaders
    expect(plain.resolve(PROXY, inherited)).toBeUndefined()
  })

  it('has one spelling', () => {
    expect(plain.resolve('::ffff:203.0.113.7', {})).toBe(CLIENT)
    expect(plain.resolve('2001:DB8:0:0::1', {})).toBe('2001:db8::1')
    expect(plain.resolve('::ffff:10.0.0.2', { 'x-forwarded-for': '::FFFF:cb00:7107' })).toBe(CLIENT)
    expect(xff('2001:0DB8::0001')).toBe('2001:db8::1')
    expect(xff('::203.0.113.7')).toBe('::cb00:7107')
    expect(clientIp({ trust: ['::ffff:10.0.0.2'], header: 'x-real-ip' }).resolve(PROXY, { 'x-real-ip': CLIENT })).toBe(
      CLIENT,
    )
  })

  it('never makes the resolver throw, whatever stands for a header', () => {
    for (const value of [null, 7, {}, [null], [7, CLIENT], new String(CLIENT), [CLIENT, undefined]]) {
      const headers = { 'x-forwarded-for': value } as unknown as ForwardingHeaders
      expect(() => plain.explain(PROXY, headers)).not.toThrow()
    }
    expect(xff(...([7, CLIENT] as unknown as string[]))).toBe(CLIENT)
    expect(xff(...([CLIENT, 7] as unknown as string[]))).toBeUndefined()
  })
})

describe('An element of X-Forwarded-For', () => {
  it.each([
    [CLIENT, CLIENT],
    [`\t ${CLIENT} \t`, CLIENT],
    [`${CLIENT}:443`, CLIENT],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::1', '::1'],
  ])('may be %j', (element, address) => {
    expect(xff(element)).toBe(address)
    expect(xff(`unknown, ${element}, 10.0.0.7`)).toBe(address)
  })

  it.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    '203.0.113.07',
    '203.0.113',
    '0xcb.0.113.7',
    '203.0.113.7:',
    '203.0.113.7:x',
    '203.0.113.7:123456',
    '203.0.113.7:-1',
    '203.0.113.7 443',
    '[203.0.113.7]',
    '[2001:db8::1',
    '2001:db8::1]',
    '[2001:db8::1]443',
    '[2001:db8::1]]',
    '[]',
    '[]:1',
    ':1',
    '"203.0.113.7"',
    'for=203.0.113.7',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    'client.example',
    '203.0.113.0/24',
    '٢٠٣.0.113.7',
    '203.0.113.7\0',
    '203.0.113.7;',
  ])('that is %j leaves the address unknown, whatever stands before it', element => {
    expect(xff(element)).toBeUndefined()
    expect(xff(`${CLIENT}, ${element}`)).toBeUndefined()
    expect(xff(`${CLIENT}, ${element}, 10.0.0.7`)).toBeUndefined()
    expect(xff(`${element}, ${CLIENT}`)).toBe(CLIENT)
  })
})

describe('An element of Forwarded', () => {
  it.each([
    [`for=${CLIENT}`, CLIENT],
    [`For="${CLIENT}"`, CLIENT],
    [`for="${CLIENT}:443"`, CLIENT],
    [`for="${CLIENT}:_port"`, CLIENT],
    [`for="203.0.113\\.7"`, CLIENT],
    ['for="[2001:db8::1]"', '2001:db8::1'],
    ['for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['for="[::ffff:203.0.113.7]"', CLIENT],
    [`proto=http;by=203.0.113.43;FOR=${CLIENT};host="a,b;c\\"=\\\\"`, CLIENT],
    [`for=${CLIENT};;proto=https;`, CLIENT],
    [`;for=${CLIENT} ; ext="for=192.0.2.1, for=192.0.2.2"`, CLIENT],
  ])('may be %s', (element, address) => {
    expect(forwarded(element)).toBe(address)
    expect(forwarded(`for=192.0.2.9,${element} , for=10.0.0.7`)).toBe(address)
  })

  it.each([
    '',
    ';',
    'proto=https',
    'by=203.0.113.7',
    'for=unknown',
    'for=Unknown',
    'for="unknown:80"',
    'for=_hidden',
    'for="_hidden:80"',
    'for=203.0.113.7:443',
    'for=[2001:db8::1]',
    'for=2001:db8::1',
    'for="2001:db8::1"',
    'for="::1"',
    'for="203.0.113.7:"',
    'for="203.0.113.7:123456"',
    'for="203.0.113.7:_"',
    'for="[203.0.113.7]"',
    'for="[fe80::1%25eth0]"',
    'for=" 203.0.113.7"',
    'for=""',
    'for=203.0.113.7;for=203.0.113.7',
    'for=203.0.113.7;FOR=192.0.2.1',
    'for=203.0.113.7 for=203.0.113.7',
    'for=203.0.113.7;proto',
    'for=203.0.113.7;=x',
    'for =203.0.113.7',
    'for= 203.0.113.7',
    'for="203.0.113.7',
    'for=203.0.113.7"',
    'for="203.0.113.7\\"',
    '"for"=203.0.113.7',
    'for=203.0.113.7;x="\0"',
    'for=203.0.113.7;x="\n"',
    '203.0.113.7',
    '"',
    '=',
    '\\',
  ])('that is %j leaves the address unknown, whatever stands before it', element => {
    expect(forwarded(element)).toBeUndefined()
    expect(forwarded(`for=192.0.2.9, ${element}`)).toBeUndefined()
    expect(forwarded(`for=192.0.2.9, ${element}, for=10.0.0.7`)).toBeUndefined()
    expect(forwarded(`${element}, for=${CLIENT}`)).toBe(CLIENT)
  })

  it.each([
    ['for="_gazonk"', undefined],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['for=192.0.2.43, for=198.51.100.17', '198.51.100.17'],
    ['for=_hidden, for=_SEVKISEK', undefined],
    ['for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown', undefined],
    ['for=192.0.2.43, for="[2001:db8:cafe::17]"', '2001:db8:cafe::17'],
    ['for="192.0.2.43:47011"', '192.0.2.43'],
  ])('that RFC 7239 gives as an example is read: %s', (example, address) => {
    expect(forwarded(example)).toBe(address)
  })

  it('is read though an open quote stands somewhere before it, and never from inside a quote', () => {
    expect(forwarded(`for=192.0.2.9;x=", for=${CLIENT}`)).toBe(CLIENT)
    expect(forwarded(`for=192.0.2.9;x="\\, for="${CLIENT}"`)).toBe(CLIENT)
    expect(forwarded(`for=${CLIENT};x=", for=192.0.2.9"`)).toBe(CLIENT)
  })
})

describe('The limits', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i % 250}`).join(', ')

  it('admit 32 hops of the header, and no more of them', () => {
    expect(xff(`${CLIENT}, ${many(31)}`)).toBe(CLIENT)
    expect(xff(`${CLIENT}, ${many(32)}`)).toBeUndefined()
    expect(xff(...Array.from({ length: 1000 }, () => '10.0.0.7'))).toBeUndefined()
  })

  it('do not count what stands before the client, so nobody can shut others out with it', () => {
    expect(xff(`${'198.51.100.1,'.repeat(100_000)} ${CLIENT}`)).toBe(CLIENT)
    expect(forwarded(`${'"'.repeat(1_000_000)}, for=${CLIENT}`)).toBe(CLIENT)
    expect(xff(`${' '.repeat(1_000_000)},${CLIENT}`)).toBe(CLIENT)
  })

  it('admit elements of 512 characters, and none longer', () => {
    const padded = (length: number) => CLIENT.padStart(length)
    const quoted = (length: number) => `for=${CLIENT};x="${'"'.padStart(length - CLIENT.length - 8, 'x')}`
    expect(quoted(512)).toHaveLength(512)
    for (const before of ['', 'x,']) {
      expect(xff(before + padded(511))).toBe(CLIENT)
      expect(xff(before + padded(513))).toBeUndefined()
      expect(forwarded(before + quoted(511))).toBe(CLIENT)
      expect(forwarded(before + quoted(513))).toBeUndefined()
    }
    expect(realIp(' '.repeat(1_000_000))).toBeUndefined()
  })
})

describe('An untrusted client', () => {
  const address = fc.integer().map(seed => {
    const dice = createDice(seed)
    const family = dice.pick([4, 6] as const)
    return textOf(family, dice.number(family === 4 ? 32 : 128))
  })
  const trusted = compileCidrSet(TRUST.map(readCidr) as readonly Cidr[])
  const outside = address.filter(text => !trusted.has(text))
  const inside = fc.integer({ min: 0, max: 255 }).map(n => `10.0.0.${n}`)
  const said = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'",;=\\[]: \tfor10.') }),
    fc.integer().map(seed => addressLikeText(createDice(seed))),
    fc.array(fc.oneof(address, inside)).map(all => all.join(', ')),
    fc.array(fc.oneof(address, inside)).map(all => all.map(one => `for="[${one}]"`).join(', ')),
  )
  const written = (one: string) => `for="${one.includes(':') ? `[${one}]` : one}"`

  it('never chooses the answer by what it puts into the header', () => {
    fc.assert(
      fc.property(
        outside,
        fc.array(inside, { maxLength: 5 }),
        fc.array(said, { maxLength: 3 }),
        (client, hops, lies) => {
          const known = addressSpelling(client)
          const list = [client, ...hops]
          expect(xff([...lies, ...list].join(', '))).toBe(known)
          expect(xff(...lies, ...list)).toBe(known)
          expect(forwarded([...lies, ...list.map(written)].join(', '))).toBe(known)
          expect(forwarded(...lies, ...list.map(written))).toBe(known)
          for (const [resolver, header] of [
            [plain, 'x-forwarded-for'],
            [standard, 'forwarded'],
          ] as const) {
            expect(resolver.resolve(client, { [header]: lies })).toBe(known)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('or proxy gets no answer but the peer or an address that stands in the header, and explaining says the same', () => {
    let answered = 0
    fc.assert(
      fc.property(fc.oneof(outside, inside), fc.array(said, { maxLength: 3 }), (peer, lines) => {
        for (const [resolver, header] of [
          [plain, 'x-forwarded-for'],
          [standard, 'forwarded'],
        ] as const) {
          const answer = resolver.resolve(peer, { [header]: lines })
          const { address: explained, hops, reason } = resolver.explain(peer, { [header]: lines })
          expect(explained).toBe(answer)
          expect(hops.at(-1)).toMatchObject({ verdict: answer === undefined ? 'refused' : 'client', why: reason })
          if (answer === undefined) continue
          answered++
          const texts = [peer, ...lines.flatMap(line => line.split(/[^0-9a-fA-F:.]+/).flatMap(withAndWithoutPort))]
          expect(texts.map(addressSpelling)).toContain(answer)
        }
      }),
      { numRuns: 3000 },
    )
    expect(answered).toBeGreaterThan(1000)
  })

  function withAndWithoutPort(text: string): string[] {
    return [text, text.slice(0, Math.max(0, text.lastIndexOf(':')))]
  }

  it('is found where proxy-addr finds it, in every list of plain addresses', () => {
    const trust = proxyAddr.compile(TRUST)
    fc.assert(
      fc.property(fc.array(fc.oneof(address, inside), { minLength: 2, maxLength: 8 }), chain => {
        const [peer = '', ...rest] = chain.toReversed()
        const header = rest.toReversed().join(', ')
        const theirs = proxyAddr(
          { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': header } } as never,
          trust,
        )
        const ours = plain.resolve(peer, { 'x-forwarded-for': header })
        expect(addressOf(ours ?? '')).toEqual(addressOf(theirs))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('Explaining', () => {
  it('gives the verdict on every hop, nearest first, and nothing of what was not looked at', () => {
    const { address, reason, hops } = plain.explain(PROXY, { 'x-forwarded-for': `10.9.9.9, ${CLIENT}:80, 10.0.0.7` })
    expect(address).toBe(CLIENT)
    expect(reason).toBe('The trusted proxy had this request from here: the client.')
    expect(hops.map(({ from, text, verdict }) => [from, text, verdict])).toEqual([
      ['peer', PROXY, 'trusted'],
      ['x-forwarded-for', '10.0.0.7', 'trusted'],
      ['x-forwarded-for', `${CLIENT}:80`, 'client'],
    ])
  })

  it.each([
    ['The peer is none of the trusted proxies, so it is the client itself.', CLIENT, 'for=1'],
    ['The connection has no address.', undefined, 'for=1'],
    ['The peer is not an address that can be compared.', 'fe80::1%eth0', 'for=1'],
    ['The trusted proxy sent no such header.', PROXY, undefined],
    ['What the trusted proxy wrote says that the address is not known.', PROXY, 'for=unknown'],
    ['What the trusted proxy wrote is an identifier that hides the address.', PROXY, 'for=_x'],
    ['What the trusted proxy wrote has a zone, which has a meaning on one machine only.', PROXY, 'for="[fe80::1%1]"'],
    ['What the trusted proxy wrote is not an address in the form of this header.', PROXY, 'for=x'],
    ['What the trusted proxy wrote is not in the form of RFC 7239.', PROXY, 'for'],
    ["What the trusted proxy wrote has no parameter 'for'.", PROXY, 'by=_x'],
    ['Everybody on the way is trusted, so the client is somebody inside.', PROXY, 'for=10.0.0.9'],
    ['There are more than 32 trusted hops.', PROXY, 'for=10.0.0.9,'.repeat(33).slice(0, -1)],
    ['What the trusted proxy wrote is longer than 512 characters.', PROXY, ';'.repeat(513)],
  ])('says: %s', (reason, peer, header) => {
    expect(standard.explain(peer, { forwarded: header }).reason).toBe(reason)
  })

  it('says of a single address that came twice, and of an empty one, what is wrong', () => {
    expect(single.explain(PROXY, { 'x-real-ip': ['a', 'b'] }).reason).toBe(
      'The header came more than once; it holds one address.',
    )
    expect(single.explain(PROXY, { 'x-real-ip': '' }).reason).toBe('What the trusted proxy wrote is empty.')
  })

  it('shows what others wrote without control characters, and not all of a long text', () => {
    const hop = single.explain(PROXY, { 'x-real-ip': `\u001b[2J\r\n\u202e${'x'.repeat(100)}` }).hops.at(-1)
    expect(hop?.text).toMatch(/^\\u001b\[2J\\u000d\\u000a\\u202ex+$/)
    expect(hop?.text).toHaveLength(80)
  })
})

describe('Trust', () => {
  const define = (trust: unknown, header: unknown = 'x-forwarded-for') => clientIp({ trust, header } as ClientIpOptions)

  it.each([
    ['loopback', '127.9.9.9', '128.0.0.1'],
    ['loopback', '::1', '::2'],
    ['private', '10.255.0.1', '11.0.0.1'],
    ['private', '172.31.0.1', '172.32.0.1'],
    ['private', '192.168.9.9', '192.169.0.1'],
    ['private', 'fdff::1', 'fe80::1'],
  ])('by the name %s includes %s and not %s', (name, proxy, other) => {
    expect(define([name]).resolve(proxy, { 'x-forwarded-for': CLIENT })).toBe(CLIENT)
    expect(define([name]).resolve(other, { 'x-forwarded-for': CLIENT })).toBe(other)
  })

  it('in nobody makes everybody a client', () => {
    expect(define([]).resolve(PROXY, { 'x-forwarded-for': CLIENT })).toBe(PROXY)
  })

  it.each([
    ['all of IPv4', ['0.0.0.0/0']],
    ['all of IPv6', ['::/0']],
    ['all of mapped IPv4', ['::ffff:0:0/96']],
    ['two halves', ['0.0.0.0/1', '128.0.0.0/1']],
    ['256 networks', Array.from({ length: 256 }, (_, i) => `${i}.0.0.0/8`)],
    ['an eighth', ['64.0.0.0/3']],
    ['all global IPv6', ['2000::/3']],
    ['all IPv6 of a registry', ['2400::/12']],
  ])('in the internet is refused however it is written: %s', (_, trust) => {
    expect(() => define(trust)).toThrow(/option 'trust' must be proxies, not the internet/)
  })

  it('in as many public addresses as a provider may have is accepted, and in one more refused', () => {
    expect(() => define(['private', 'loopback', '68.0.0.0/6', '2a00::/16'])).not.toThrow()
    expect(() => define(['68.0.0.0/6', '72.0.0.0'])).toThrow(/not the internet/)
    expect(() => define(['2a00::/16', '2b00::'])).toThrow(/not the internet/)
  })

  it.each([
    [
      'blargh',
      /trust\[1\] must be an IPv4 address of four decimal parts, or an IPv6 address; or one of the names 'loo/,
    ],
    ['10.0.0.1/8', /trust\[1\] has host bits set; the network is 10\.0\.0\.0\/8/],
    ['fe80::1%eth0', /trust\[1\] must not name a zone/],
    ['::ffff:10.0.0.0/8', /trust\[1\] is an IPv4-mapped range wider than IPv4/],
    ['Loopback', /trust\[1\] must be/],
    ['constructor', /trust\[1\] must be/],
    [7, /trust\[1\] must be text/],
    [undefined, /trust\[1\] must be text/],
  ])('in %j is refused when the resolver is defined', (entry, message) => {
    expect(() => define(['10.0.0.1', entry])).toThrow(message)
    expect(() => define(['10.0.0.1'])).not.toThrow()
  })

  it.each([true, 1, 'loopback', undefined, null, {}, () => true])('is a list, not %j', trust => {
    expect(() => define(trust)).toThrow(/option 'trust'|options/)
  })

  it.each(['X-Forwarded-For', '', ' x-real-ip', 'x_real_ip', 'x-real-ip:', 7, null, ['x-real-ip']])(
    'needs the name of one header, not %j',
    header => {
      expect(() => define([], header)).toThrow(/option 'header'/)
    },
  )

  it('takes no option that it does not know, such as a number of hops', () => {
    expect(() => clientIp({ trust: [], header: 'forwarded', hops: 1 } as ClientIpOptions)).toThrow(/no option 'hops'/)
  })

  it('does not change with the list it was made from', () => {
    const trust = ['10.0.0.0/24']
    const resolver = define(trust)
    trust.push('203.0.113.0/24')
    expect(resolver.resolve(CLIENT, { 'x-forwarded-for': '192.0.2.1' })).toBe(CLIENT)
    expect(Object.isFrozen(resolver)).toBe(true)
  })
})

describe('The spelling of an address', () => {
  const bytes = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  const ipv6 = fc.array(bytes, { minLength: 8, maxLength: 8 })

  it('is the one that ipaddr.js gives it, of IPv6 and of IPv4', () => {
    fc.assert(
      fc.property(ipv6, groups => {
        const text = groups.map(group => group.toString(16)).join(':')
        expect(addressSpelling(text)).toBe(formatCidr(readCidr(text) as Cidr))
      }),
      { numRuns: 5000 },
    )
    expect(addressSpelling('::FFFF:c0a8:0001')).toBe('192.168.0.1')
    expect(addressSpelling('255.254.0.1')).toBe('255.254.0.1')
    expect(addressSpelling('::ffff:255.254.0.1')).toBe('255.254.0.1')
  })

  it('reads as the address that was sent, and nothing else has one', () => {
    let read = 0
    fc.assert(
      fc.property(fc.integer(), seed => {
        const text = addressLikeText(createDice(seed))
        const spelling = addressSpelling(text)
        if (spelling !== undefined) read++
        expect(spelling && addressOf(spelling)).toEqual(addressOf(text))
        expect(spelling && addressSpelling(spelling)).toBe(spelling)
      }),
      { numRuns: 5000 },
    )
    expect(read).toBeGreaterThan(500)
  })
})

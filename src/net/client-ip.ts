import { invalidOption, readOptions } from '../options.js'
import type { CidrSet } from './cidr-set.js'
import { type ReadElement, readForwardedElement, readPlainElement, readWholeLine } from './client-ip-elements.js'
import { addressSpelling } from './client-ip-spelling.js'
import { compileTrust } from './client-ip-trust.js'

/** Header fields by lower-case name. A field that came on several lines is an array. */
export type ForwardingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Headers that list everyone a request came by. */
export type ListHeader = 'x-forwarded-for' | 'forwarded'

/** Headers that hold one address, which the proxy overwrites. */
export type SingleHeader = 'x-real-ip' | 'cf-connecting-ip' | 'true-client-ip' | 'fastly-client-ip' | 'fly-client-ip'

export interface ClientIpOptions {
  /**
   * The proxies whose word counts: addresses, CIDR ranges, `loopback` (127.0.0.0/8, ::1), `private` (10.0.0.0/8,
   * 172.16.0.0/12, 192.168.0.0/16, fc00::/7). Public addresses are limited to as many as a /6 of IPv4 and a /16 of
   * IPv6 hold, all entries together.
   */
  readonly trust: readonly string[]
  /**
   * The one header that those proxies write, in lower case. Any but the two lists must hold exactly one address, on one
   * line, and be overwritten by the proxy, whatever the client has sent.
   */
  readonly header: ListHeader | SingleHeader | (string & Record<never, never>)
}

/** Finds out who a request came from, behind proxies. */
export interface ClientAddress {
  /**
   * Address of the client in its one spelling (RFC 5952, IPv4 where it is mapped); `undefined` when nobody trusted says
   * it. Always the peer, or an address that stands in the header. Never throws.
   * Hot path: for a peer that is no proxy, the header is not looked at.
   *
   * @param peer address of the other end of the connection, from the socket
   */
  resolve(peer: string | undefined, headers: ForwardingHeaders): string | undefined
  /** What `resolve` answers, with the verdict on every hop in words. Texts of the header come escaped and shortened. */
  explain(peer: string | undefined, headers: ForwardingHeaders): ClientIpDecision
}

/** What `resolve` answers, and why. */
export interface ClientIpDecision {
  readonly address: string | undefined
  /** A sentence. */
  readonly reason: string
  /** From the peer to the one that decided, nearest first. What stands further away was not looked at. */
  readonly hops: readonly ClientIpHop[]
}

export interface ClientIpHop {
  /** `peer`, or the name of the header. */
  readonly from: string
  /** As it came, printable and at most 80 characters long. */
  readonly text: string
  /** `trusted`: one of the proxies, so that the hop before it counts. `client`: the answer. `refused`: no answer. */
  readonly verdict: 'trusted' | 'client' | 'refused'
  /** A sentence. */
  readonly why: string
}

interface Resolver {
  readonly trusted: CidrSet
  readonly header: string
  readonly read: ReadElement
  /** Whether the header may come on several lines. */
  readonly isList: boolean
}

type Note = (hop: ClientIpHop) => void

const WHERE = 'clientIp'
const HEADER_NAME = /^[a-z][a-z0-9-]{0,63}$/
const MAX_HOPS = 32

/**
 * Builds a resolver of client addresses for a server behind proxies. The header is read from its right end, where the
 * nearest proxy wrote, as long as addresses are trusted; the first that is not is the client. What stands to the left of
 * it is anybody's text and is not looked at, so a client changes nothing by sending the header itself.
 *
 * Refused, hence without an address: a trusted proxy that sent no header or an element that is no address, more than 32
 * hops, a single address that came twice. If all hops are trusted, the client is the farthest: somebody inside.
 *
 * @throws {ConfigError} naming the option
 * @source RFC 7239; attacks: Davison 2019 (a header dropped by `Connection`), CVE-2026-90711 (mapped ranges)
 */
export function clientIp(options: ClientIpOptions): ClientAddress {
  const { trust, header } = readOptions(WHERE, options, { required: ['trust', 'header'], optional: [] })
  if (typeof header !== 'string' || !HEADER_NAME.test(header)) {
    throw invalidOption(WHERE, 'header', 'the name of a header in lower case')
  }
  const isList = header === 'x-forwarded-for' || header === 'forwarded'
  const readList = header === 'forwarded' ? readForwardedElement : readPlainElement
  const resolver = { trusted: compileTrust(WHERE, trust), header, read: isList ? readList : readWholeLine, isList }
  return Object.freeze<ClientAddress>({
    resolve: (peer, headers) => decide(resolver, { peer, headers }),
    explain(peer, headers) {
      const hops: ClientIpHop[] = []
      const address = decide(resolver, { peer, headers }, hop => hops.push(hop))
      return { address, reason: hops.at(-1)?.why ?? '', hops }
    },
  })
}

interface Arrival {
  readonly peer: string | undefined
  readonly headers: ForwardingHeaders
}

function decide(resolver: Resolver, { peer, headers }: Arrival, note?: Note): string | undefined {
  const { trusted, header, isList } = resolver
  if (typeof peer !== 'string') return refused(note, { from: 'peer', text: '' }, 'The connection has no address.')
  if (!trusted.has(peer)) {
    const address = addressSpelling(peer)
    const from = { from: 'peer', text: peer }
    if (address === undefined) return refused(note, from, 'The peer is not an address that can be compared.')
    note?.(hopOf(from, 'client', 'The peer is none of the trusted proxies, so it is the client itself.'))
    return address
  }
  note?.(hopOf({ from: 'peer', text: peer }, 'trusted', 'The peer is a trusted proxy, so its header counts.'))
  const lines = linesOf(headers, header)
  const from = { from: header, text: '' }
  if (lines.length === 0) return refused(note, from, 'The trusted proxy sent no such header.')
  if (lines.length > 1 && !isList) return refused(note, from, 'The header came more than once; it holds one address.')
  return walk(resolver, lines, note)
}

/** A line that is no text stands as an empty one, which is refused. */
function linesOf(headers: ForwardingHeaders, header: string): readonly string[] {
  const value = Object.hasOwn(headers, header) ? headers[header] : undefined
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? Array.from(value, (line: unknown) => (typeof line === 'string' ? line : '')) : []
}

/** From the last element of the last line to the first that is not trusted. */
function walk({ trusted, header, read }: Resolver, lines: readonly string[], note?: Note): string | undefined {
  let line = lines.length - 1
  let end = lines[line]!.length
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const { text, address, flaw, start } = read(lines[line]!, end)
    const from = { from: header, text }
    if (address === undefined) return refused(note, from, `What the trusted proxy wrote ${flaw}.`)
    const isFirst = start === 0 && line === 0
    if (!trusted.has(address)) {
      note?.(hopOf(from, 'client', 'The trusted proxy had this request from here: the client.'))
      return address
    }
    if (isFirst) {
      note?.(hopOf(from, 'client', 'Everybody on the way is trusted, so the client is somebody inside.'))
      return address
    }
    note?.(hopOf(from, 'trusted', 'A trusted proxy, so what it wrote counts.'))
    if (start === 0) line--
    end = start === 0 ? lines[line]!.length : start - 1
  }
  return refused(note, { from: header, text: '' }, `There are more than ${MAX_HOPS} trusted hops.`)
}

type Source = Pick<ClientIpHop, 'from' | 'text'>

function refused(note: Note | undefined, source: Source, why: string): undefined {
  note?.(hopOf(source, 'refused', why))
}

/** Longest text of others that is shown. */
const MAX_SHOWN = 80

function hopOf({ from, text }: Source, verdict: ClientIpHop['verdict'], why: string): ClientIpHop {
  const spelledOut = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  const shown = text
    .slice(0, MAX_SHOWN)
    .replaceAll(/[^ -~]/g, spelledOut)
    .slice(0, MAX_SHOWN)
  return { from, text: shown, verdict, why }
}

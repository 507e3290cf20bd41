import { readForwarded } from './client-ip-forwarded.js'
import { addressSpelling } from './client-ip-spelling.js'

/** An element of a forwarding header. */
export interface HeaderElement {
  /** As it stands there. */
  readonly text: string
  /** The address it names, in its one spelling. */
  readonly address: string | undefined
  /** Why it names none, as the end of a sentence; empty when it does. */
  readonly flaw: string
  /** Where in the line it begins: behind its comma, or 0. */
  readonly start: number
}

/** Reads the element of a line that ends at `end`, and nothing to the left of it. */
export type ReadElement = (line: string, end: number) => HeaderElement

/** Longest element, characters. What is to the left of the answer is never read, so the line may be of any length. */
const MAX_ELEMENT_CHARS = 512

/**
 * An element of `X-Forwarded-For`: an address; IPv4 may have a port, IPv6 brackets and then a port.
 *
 * @source no standard: MDN X-Forwarded-For; load balancers of Azure and AWS for the port
 */
export const readPlainElement: ReadElement = (line, end) => {
  const from = Math.max(0, end - MAX_ELEMENT_CHARS)
  const start = line.slice(from, end).lastIndexOf(',') + 1
  const text = withoutBlanks(line.slice(from + start, end))
  if (from > 0 && start === 0) return tooLong(text)
  const colon = text.indexOf(':')
  const hasPort = colon >= 0 && colon === text.lastIndexOf(':')
  return elementOf(text, from + start, hasPort || isBracketed(text) ? nameOfNode(text) : text)
}

/**
 * An element of `Forwarded`, of which the parameter `for` counts.
 *
 * @source RFC 7239 sections 4, 5.2 and 6
 */
export const readForwardedElement: ReadElement = (line, end) => {
  const from = Math.max(0, end - MAX_ELEMENT_CHARS)
  const { pairs, start } = readForwarded(line.slice(from, end))
  const text = withoutBlanks(line.slice(from + start, end))
  if (from > 0 && start === 0) return tooLong(text)
  if (pairs === undefined) return flawed(text, 'is not in the form of RFC 7239')
  const node = pairs.get('for')
  if (node === undefined) return flawed(text, "has no parameter 'for'")
  return elementOf(text, from + start, node.includes(':') ? nameOfNode(node) : node)
}

/** A line that is one address, and nothing beside it. */
export const readWholeLine: ReadElement = (line, end) => {
  return end > MAX_ELEMENT_CHARS ? tooLong(line.slice(0, MAX_ELEMENT_CHARS)) : elementOf(line, 0, line)
}

function elementOf(text: string, start: number, name: string): HeaderElement {
  const address = addressSpelling(name)
  return address === undefined ? flawed(text, flawOf(name)) : { text, address, flaw: '', start }
}

function flawed(text: string, flaw: string): HeaderElement {
  return { text, address: undefined, flaw, start: 0 }
}

function tooLong(text: string): HeaderElement {
  return flawed(text, `is longer than ${MAX_ELEMENT_CHARS} characters`)
}

function flawOf(name: string): string {
  if (name === '') return 'is empty'
  if (name.includes('%')) return 'has a zone, which has a meaning on one machine only'
  if (/^unknown$/i.test(name)) return 'says that the address is not known'
  if (/^_[A-Za-z0-9._-]+$/.test(name)) return 'is an identifier that hides the address'
  return 'is not an address in the form of this header'
}

const PORT = /^:(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)$/
/** What is no address, and so is refused as one. */
const NOBODY = '?'

/**
 * `192.0.2.1:80`, `unknown:80`, `[2001:db8::1]` and `[2001:db8::1]:80` without brackets and port.
 *
 * @source RFC 7239 section 6
 */
function nameOfNode(node: string): string {
  const end = isBracketed(node) ? node.indexOf(']') + 1 : node.indexOf(':')
  const port = node.slice(end)
  if (end === 0 || (port !== '' && !PORT.test(port))) return NOBODY
  if (!isBracketed(node)) return node.slice(0, end)
  const inside = node.slice(1, end - 1)
  return inside.includes(':') ? inside : NOBODY
}

function isBracketed(text: string): boolean {
  return text.startsWith('[')
}

/** @source RFC 9110 section 5.6.3 */
function withoutBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

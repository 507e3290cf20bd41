/** What an attacker has: requests they saw on the wire, a key of their own, and the documentation. */

import { hashes } from '#hash'
import { plainParts } from '../../src/crypto/parts.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, type Dialect, isMalformed } from '../../src/scheme.js'
import { latin1 } from '../laws/meaning.js'
import { isRequest, type Place, placesOf } from '../laws/message-parts.js'
import { claimFor, type Prover, plain, type SchemeCase } from '../laws/scheme-case.js'
import { findTag } from '../laws/spellings.js'
import type { Random } from './random.js'

const EMPTY = new Uint8Array(0)

/** A message as its signer made it. */
export interface Original<M> {
  readonly unsigned: M
  readonly signed: M
  readonly claim: Claim
  /** Where the signature stands, and its text. */
  readonly tag: { readonly text: string; readonly what: string }
  /** What the dialect itself wrote: names of headers and of other places. */
  readonly written: readonly string[]
}

/** One message to damage, and what may be of use for that. */
export interface Subject<M> {
  readonly random: Random
  readonly dialect: Dialect<M>
  /** As it is so far. */
  readonly message: M
  readonly original: Original<M>
  /** Another message of the same key. */
  readonly other: Original<M>
  /** A key id of somebody else's, in the same store. */
  readonly strangerId: string
  /** Credentials of another scheme that the server enables: a message of the attacker's own. */
  readonly foreign: M
}

/** Damages a message; `undefined` where there is nothing to damage in this way. */
export type Operator<M> = (subject: Subject<M>) => M | undefined

/** Signs messages like those of the case, each with values, a time and a nonce of its own. */
export async function makeOriginals<M>(
  subject: SchemeCase<M>,
  prover: Prover,
  { random, count }: { readonly random: Random; readonly count: number },
): Promise<readonly Original<M>[]> {
  const originals: Original<M>[] = []
  let lastNonce = ''
  for (let i = 0; i < count; i++) {
    const salt = random.below(2 ** 31)
    const recvWindowMs = random.pick([-1, -1, 1000, 4000])
    const claim = claimFor(subject, prover, { salt, laterMs: -random.below(300), recvWindowMs, lastNonce })
    const unsigned = derived(subject, vary(random.pick(subject.messages), random))
    const made = await sign(subject, prover, { unsigned, claim })
    const original = made ?? (await sign(subject, prover, { unsigned: random.pick(subject.messages), claim }))
    if (original === undefined) throw new Error(`${subject.name} cannot read what it writes`)
    lastNonce = claim.nonce
    originals.push(original)
  }
  return originals
}

/** `undefined` where the dialect does not take such a message. */
async function sign<M>(
  { dialect }: SchemeCase<M>,
  prover: Prover,
  { unsigned, claim }: { readonly unsigned: M; readonly claim: Claim },
): Promise<Original<M> | undefined> {
  const tag = await prover.sign(dialect.stringToSign(dialect.write(unsigned, claim, EMPTY), claim))
  const signed = plain(dialect.write(unsigned, claim, tag))
  const read = dialect.read(signed)
  if (read === undefined || isMalformed(read)) return undefined
  const { text, place } = findTag(signed, read.tag)
  const before = new Map(placesOf(unsigned).map(each => [each.what, each.text]))
  const written = placesOf(signed).filter(each => before.get(each.what) !== each.text)
  return { unsigned, signed, claim: read, tag: { text, what: place.what }, written: written.map(({ what }) => what) }
}

/** With the header fields that follow from the rest of it. */
function derived<M>({ scheme }: SchemeCase<M>, message: M): M {
  if (scheme.derive === undefined || !isRequest(message)) return message
  const fields = Object.entries(scheme.derive(message)).map(([name, parts]) => [
    name,
    plainParts(parts, hashes).join(''),
  ])
  return { ...message, headers: { ...message.headers, ...Object.fromEntries(fields) } }
}

/** Other values of the same parameters. */
function vary<M>(message: M, random: Random): M {
  if (!isRequest(message)) return message
  const { target, body } = message
  const text = latin1(body)
  const value = () => random.pick([random.word(1 + random.below(9)), String(random.below(1e6)), 'a%20b', '%C3%BC', ''])
  const varied = (form: string) => form.replace(/=[^&=]*/g, old => (random.chance(40) ? `=${value()}` : old))
  const [path = '', query] = target.split(/\?(.*)/s)
  const newPath = path.replace(/\d+$/, digits => (digits === '0' ? digits : String(1 + random.below(99_999))))
  const json = text.replace(/":"([^"\\]*)"/g, old =>
    random.chance(30) ? `":"${random.word(1 + random.below(9))}"` : old,
  )
  const newBody = /^[[{]/.test(text) ? json : text.includes('=') ? varied(text) : text
  return {
    ...message,
    target: query === undefined ? newPath : `${newPath}?${varied(query)}`,
    body: Uint8Array.from(newBody, character => character.charCodeAt(0)),
  }
}

/** A place of the message, by its name. */
export function placeOf<M>(message: M, what: string): Place<M> | undefined {
  return placesOf(message).find(place => place.what === what)
}

export function withHeader(
  request: WireRequest,
  name: string,
  value: string | readonly string[] | undefined,
): WireRequest {
  const { [name]: _, ...headers } = request.headers
  return { ...request, headers: value === undefined ? headers : { ...headers, [name]: value } }
}

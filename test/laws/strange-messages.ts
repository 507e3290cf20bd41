/** Messages that no client of the dialect would send, near what it sends and far from it. */

import fc from 'fast-check'
import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import type { LoginMessage } from '../../src/scheme.js'
import { latin1 } from './meaning.js'
import { isRequest, placesOf, withMember } from './message-parts.js'

const STRANGE = [
  ...['', ' ', '\0', '\n', '\ud800', '\u{1f4b6}', '0', '-1', '1e3', '9'.repeat(400), 'a'.repeat(100_000)],
  ...['Bearer', 'Bearer ', '%', '%zz', '&&==', '{', '[', '{"__proto__":1}', '[[[[', '=', '?', '..', '.'],
]

/** Near the signed message or far from it. */
export function arbitraryMessage(signed: unknown): fc.Arbitrary<unknown> {
  const near = fc.constantFrom(...placesOf(signed)).chain(place => strangeText(place.text).map(text => place.put(text)))
  return isRequest(signed)
    ? fc.oneof(near, arbitraryRequest(signed))
    : fc.oneof(near, nearLogin(signed as LoginMessage), arbitraryLogin(signed))
}

/** What is no text, and what throws when it is made one. */
const STRANGE_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1e300,
  [],
  {},
  { toString: 'x' },
  { length: 1 },
  [['a']],
  { toJSON: 1 },
]

function nearLogin(signed: LoginMessage): fc.Arbitrary<unknown> {
  const value = fc.oneof(fc.constantFrom(...STRANGE_VALUES), fc.jsonValue())
  return fc
    .tuple(fc.constantFrom(...placesOf(signed)), value)
    .map(([{ what }, strange]) => withMember(signed, what, strange))
}

function strangeText(like: string): fc.Arbitrary<string> {
  const cut = fc.nat({ max: like.length })
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom(...STRANGE),
    cut.map(at => like.slice(0, at)),
    fc
      .tuple(cut, fc.constantFrom(...STRANGE.slice(0, 9)))
      .map(([at, text]) => like.slice(0, at) + text + like.slice(at)),
    fc.constant(like + like),
  )
}

function arbitraryRequest(signed: WireRequest): fc.Arbitrary<WireRequest> {
  const texts = placesOf(signed).map(({ text }) => text)
  const text = fc.oneof(fc.constantFrom(...texts), fc.constantFrom(...texts).chain(strangeText))
  const value = fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 1, arbitrary: fc.array(text, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
  const names = [...Object.keys(signed.headers), 'content-type', 'authorization', '__proto__', 'constructor']
  const header = fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string()), value)
  const query = parametersLike(signed)
  return fc.record({
    method: fc.oneof(text, fc.constantFrom('GET', 'POST')),
    target: fc.oneof(
      text,
      fc.constant(signed.target),
      query.map(q => `/x?${q}`),
    ),
    headers: fc
      .tuple(fc.boolean(), fc.array(header, { maxLength: 8 }))
      .map(([keep, more]) => ({ ...(keep ? signed.headers : {}), ...Object.fromEntries(more) })),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constant(signed.body),
      query.map(encodeUtf8),
      fc.json().map(encodeUtf8),
      fc.constant(new Uint8Array(200_000)),
      // What a body parser in front would leave.
      fc.constant({ parsed: true } as unknown as Uint8Array),
    ),
  })
}

/** Parameters like those the message has, and pieces of parameters. */
function parametersLike({ target, body }: WireRequest): fc.Arbitrary<string> {
  const names = `${target}&${latin1(body)}`.split(/[^A-Za-z0-9_-]+/).filter(word => word !== '')
  const pieces = [...names, 'timestamp', 'recvWindow', 'signature', '%74imestamp', 'a', '=', '&', '?', '%', '+', '0']
  return fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map(words => words.join(''))
}

function arbitraryLogin(signed: unknown): fc.Arbitrary<unknown> {
  const names = Object.keys(signed as object)
  const value = fc.oneof(
    fc.constantFrom(...placesOf(signed).map(({ text }) => text)),
    fc.constantFrom(...STRANGE),
    fc.jsonValue(),
  )
  const members = fc.dictionary(fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor'), fc.string()), value)
  return fc.tuple(fc.boolean(), members).map(([keep, more]) => ({ ...(keep ? (signed as object) : {}), ...more }))
}

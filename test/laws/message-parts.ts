/** The texts a message is made of, each with the way to exchange it: the headers of a request, the members of a login. */

import type { WireRequest } from '../../src/http/request.js'
import type { Component, LoginMessage, Scheme } from '../../src/scheme.js'
import { fromLatin1, latin1 } from './meaning.js'

export interface Place<M> {
  readonly what: string
  readonly text: string
  /** The message with another text here. */
  put(text: string): M
}

export function isRequest(message: unknown): message is WireRequest {
  return (message as WireRequest).body instanceof Uint8Array && typeof (message as WireRequest).target === 'string'
}

/** Every text of a message: method, target, body and headers of a request, the leaves of a login. */
export function placesOf<M>(message: M): readonly Place<M>[] {
  return (isRequest(message) ? requestPlaces(message) : leavesOf(message, [])) as readonly Place<M>[]
}

function requestPlaces(request: WireRequest): readonly Place<WireRequest>[] {
  const { method, target, headers, body } = request
  const [path = '', query] = target.split(/\?(.*)/s)
  const places: Place<WireRequest>[] = [
    { what: 'method', text: method, put: text => ({ ...request, method: text }) },
    { what: 'path', text: path, put: text => ({ ...request, target: text + target.slice(path.length) }) },
  ]
  if (query !== undefined) {
    places.push({ what: 'query', text: query, put: text => ({ ...request, target: `${path}?${text}` }) })
  }
  if (body.length > 0) {
    places.push({ what: 'body', text: latin1(body), put: text => ({ ...request, body: fromLatin1(text) }) })
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue
    places.push({ what: name, text: value, put: text => ({ ...request, headers: { ...headers, [name]: text } }) })
  }
  return places
}

function leavesOf(message: unknown, path: readonly string[]): readonly Place<LoginMessage>[] {
  const value = path.reduce<unknown>((from, name) => (from as Record<string, unknown>)[name], message)
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).flatMap(name => leavesOf(message, [...path, name]))
  }
  const as = (text: string) => (typeof value === 'number' && /^-?\d+$/.test(text) ? Number(text) : text)
  return [{ what: path.join('.'), text: String(value), put: text => withLeaf(message, path, as(text)) as LoginMessage }]
}

/** A login with another JSON value at a place of it, which need be no text. */
export function withMember(message: LoginMessage, what: string, value: unknown): LoginMessage {
  return withLeaf(message, what.split('.'), value) as LoginMessage
}

/** A copy in which the value at the path is another one. */
function withLeaf(from: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const copy: unknown = Array.isArray(from) ? [...from] : { ...(from as object) }
  const members = copy as Record<string, unknown>
  members[name] = withLeaf(members[name], rest, value)
  return copy
}

/** The places that a signature must protect: what is covered, and what the dialect itself wrote. */
export function guardedPlaces<M>({ covers }: Scheme, unsigned: M, signed: M): readonly Place<M>[] {
  if (!isRequest(signed)) return placesOf(signed)
  const before = new Map(placesOf(unsigned).map(({ what, text }) => [what, text]))
  return placesOf(signed).filter(({ what, text }) => {
    if (['method', 'path', 'query', 'body', 'content-type'].includes(what)) return covers.includes(what as Component)
    return before.get(what) !== text
  })
}

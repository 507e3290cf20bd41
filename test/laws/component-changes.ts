import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'
import type { Component } from '../../src/scheme.js'
import { plain } from './scheme-case.js'

/** All but the nonce, which stands elsewhere in every dialect. */
export const COMPONENTS = ['method', 'host', 'path', 'query', 'content-type', 'body'] as const satisfies Component[]

/** The request with one component changed, in several ways, each of which means something else. */
export function changesOf(component: (typeof COMPONENTS)[number], request: WireRequest): WireRequest[] {
  const { method, target, headers, body } = request
  const [path = '', query] = target.split(/\?(.*)/s)
  const at = (newPath: string, newQuery: string | undefined) => ({
    ...request,
    target: newQuery === undefined ? newPath : `${newPath}?${newQuery}`,
  })
  const withHeader = (name: string, value: string | undefined) =>
    plain({ ...request, headers: { ...headers, [name]: value } })
  switch (component) {
    case 'method':
      return ['GET', 'POST', 'PUT', 'DELETE']
        .filter(other => other !== method)
        .map(other => ({ ...request, method: other }))
    case 'host':
      return [withHeader('host', 'evil.example.com')]
    case 'path':
      return [at(`${path}x`, query), at(`${path.slice(0, -1)}_`, query), at(`/v0${path}`, query)]
    case 'query':
      return query === undefined || query === ''
        ? [at(path, 'a=1')]
        : [at(path, `${query}&a=1`), at(path, `a=1&${query}`), at(path, undefined)]
    case 'content-type':
      return [undefined, 'text/plain', 'application/json; charset=utf-8']
        .filter(other => other !== headers['content-type'])
        .map(other => withHeader('content-type', other))
    case 'body':
      return bodyChanges(body).map(other => ({ ...request, body: other }))
  }
}

function bodyChanges(body: Uint8Array): Uint8Array[] {
  if (body.length === 0) return [encodeUtf8('{"a":1}'), encodeUtf8('a=1')]
  const last = body.slice()
  last[last.length - 1]! ^= 1
  const text = new TextDecoder().decode(body)
  const members = text.startsWith('{') ? encodeUtf8(text.replace('{', '{"a":1,').replace(',}', '}')) : last
  return [
    new Uint8Array([...body, 0x20]),
    new Uint8Array([...body, 0x31]),
    encodeUtf8(`${text}&a=1`),
    members,
    last,
    body.subarray(0, -1),
    new Uint8Array(0),
  ]
}

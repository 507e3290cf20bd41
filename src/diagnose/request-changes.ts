import { decodePercent } from '../http/percent.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { type Change, type ChangeGroup, signingOf } from './change.js'

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

/** Beginnings that paths of exchanges have. */
const PREFIXES: readonly string[] = ['/api', '/v1', '/v2', '/v3', '/api/v1', '/api/v2', '/api/v3', '/rest']

export const methodChanges: ChangeGroup = {
  level: 'request',
  changes({ request }) {
    const { method } = request
    const others = METHODS.filter(other => other !== method)
    return [
      signingOf(['method-case', 'method'], () => ({ request: { ...request, method: method.toLowerCase() } })),
      ...others.map(other =>
        signingOf(['method-other', 'method', `It was signed as ${other}.`], () => ({
          request: { ...request, method: other },
        })),
      ),
    ]
  },
}

export const pathChanges: ChangeGroup = {
  level: 'request',
  changes({ request }, { hosts, prefixes }) {
    const path = pathOf(request.target)
    const to = (changed: string) => (): { readonly request: WireRequest } => ({
      request: { ...request, target: changed + request.target.slice(path.length) },
    })
    const segments = path.split('/').slice(1)
    const first = (count: number) =>
      segments
        .slice(0, count)
        .map(segment => `/${segment}`)
        .join('')
    const shorter = [1, 2, 3].filter(count => count < segments.length)
    const host = headerOf(request, 'host') ?? ''
    const added = [...new Set([...shorter.map(first), ...prefixes, ...PREFIXES])]
    return [
      ...shorter.map(count =>
        signingOf(
          ['path-prefix-missing', 'path', `Without '${first(count)}' at its beginning, it matches.`],
          to(path.slice(first(count).length)),
        ),
      ),
      ...added.map(prefix =>
        signingOf(['path-prefix-added', 'path', `With '${prefix}' in front, it matches.`], to(prefix + path)),
      ),
      ...[host, ...hosts]
        .filter(name => name !== '')
        .flatMap(name =>
          ['https://', 'http://', ''].map(start => signingOf(['path-full-url', 'path'], to(start + name + path))),
        ),
      signingOf(['path-slash', 'path'], to(path.endsWith('/') ? path.slice(0, -1) : `${path}/`)),
      signingOf(['path-slash', 'path', 'The first slash is missing.'], to(path.slice(1))),
      signingOf(['path-encoding', 'path', 'It was signed decoded.'], to(decodePercent(path) ?? path)),
      signingOf(
        ['path-encoding', 'path', 'It was signed encoded once more.'],
        to(segments.map(segment => `/${encodeURIComponent(segment)}`).join('')),
      ),
    ]
  },
}

const TYPES: readonly string[] = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8',
  'application/json;charset=UTF-8',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded;charset=UTF-8',
  'text/plain',
  'text/plain;charset=UTF-8',
]

export const contentTypeChanges: ChangeGroup = {
  level: 'request',
  changes({ request }) {
    const { 'content-type': _, ...others } = request.headers
    const none = signingOf(['content-type', 'content-type', 'It was signed as if there were none.'], () => ({
      request: { ...request, headers: others },
    }))
    const typed = (type: string): Change =>
      signingOf(['content-type', 'content-type', `It was signed as '${type}'.`], () => ({
        request: { ...request, headers: { ...request.headers, 'content-type': type } },
      }))
    return [none, ...TYPES.map(typed)]
  },
}

const WINDOWS: readonly string[] = ['5000', '10000', '60000', '1000', '3000', '30000', '20000']

export const windowChanges: ChangeGroup = {
  level: 'request',
  changes: ({ claim }) => [
    signingOf(['recv-window', 'recv window', 'It was sent and not signed.'], () => ({
      claim: { ...claim, recvWindow: '' },
    })),
    ...WINDOWS.map(recvWindow =>
      signingOf(['recv-window', 'recv window', `It was signed as ${recvWindow}.`], () => ({
        claim: { ...claim, recvWindow },
      })),
    ),
  ],
}

/** The right key id in the string, where another was sent. */
export const keyIdChanges: ChangeGroup = {
  level: 'request',
  changes: ({ claim }, { keyId }) =>
    keyId === '' || keyId === claim.keyId
      ? []
      : [signingOf(['key-id-other', 'key id', 'The right one was signed.'], () => ({ claim: { ...claim, keyId } }))],
}

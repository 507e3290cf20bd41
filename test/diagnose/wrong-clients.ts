/**
 * Clients that make one mistake each, written as their authors would: apart from the code that finds them. Each changes
 * one thing of what is signed, and what is sent stays right, or of what is sent.
 */

import { createHash } from 'node:crypto'
import type { MistakeCode } from '../../src/diagnose/index.js'
import type { WireRequest } from '../../src/http/request.js'
import type { Claim, Scheme } from '../../src/scheme.js'
import type { VectorCredentials } from '../schemes/vectors.js'

export interface WrongClient {
  readonly code: MistakeCode
  readonly name: string
  /** What it sends, where only some requests leave room for the mistake. */
  sends?(request: WireRequest): WireRequest
  /** What is signed in place of what is sent; `undefined` where the client cannot make the mistake. */
  request?(request: WireRequest, claim: Claim): WireRequest | undefined
  claim?(claim: Claim): Claim | undefined
  string?(text: string, context: StringContext): string | undefined
  key?(secret: string, scheme: Scheme, credentials: VectorCredentials): Buffer | undefined
  /** What it makes of the key and the string in place of a MAC. */
  mac?(hash: string, key: Uint8Array, string: Uint8Array): Buffer
  hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  /** The signature's text, from its bytes. */
  tag?(text: string, bytes: Buffer): string | undefined
}

export interface StringContext {
  readonly request: WireRequest
  readonly claim: Claim
}

type Path = (path: string, query: string) => string | undefined

const onTarget =
  (change: Path): NonNullable<WrongClient['request']> =>
  request => {
    const [path = '', query] = request.target.split(/\?(.*)/s)
    const target = change(path, query ?? '')
    return target === undefined ? undefined : { ...request, target }
  }
const onPath = (change: (path: string) => string): NonNullable<WrongClient['request']> =>
  onTarget((path, query) => change(path) + (query === '' ? '' : `?${query}`))
const onQuery = (change: (query: string) => string): NonNullable<WrongClient['request']> =>
  onTarget((path, query) => (query === '' ? undefined : `${path}?${change(query)}`))
const onBody =
  (change: (body: string) => string | undefined): NonNullable<WrongClient['request']> =>
  request => {
    const changed = change(Buffer.from(request.body).toString())
    return changed === undefined ? undefined : { ...request, body: new Uint8Array(Buffer.from(changed)) }
  }
const onJson = (change: (value: unknown) => string) =>
  onBody(body => (/^[{[]/.test(body) ? change(JSON.parse(body)) : undefined))
const onText = (change: (body: string) => string) => onBody(body => (body === '' ? undefined : change(body)))
const withType =
  (type: string | undefined): NonNullable<WrongClient['request']> =>
  request => {
    const { 'content-type': _, ...headers } = request.headers
    return { ...request, headers: type === undefined ? headers : { ...headers, 'content-type': type } }
  }
/** The text of a time in the string, in whatever unit: only where it stands there as it was sent. */
const onTime =
  (change: (ms: number) => string): NonNullable<WrongClient['string']> =>
  (text, { claim }) =>
    claim.timestamp.length < 8 ? undefined : retimed(text, claim, change(claim.timestampMs))
const python = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(python).join(', ')}]`
    : typeof value === 'object' && value !== null
      ? `{${Object.entries(value)
          .map(([name, member]) => `${JSON.stringify(name)}: ${python(member)}`)
          .join(', ')}}`
      : JSON.stringify(value).replace(/[\u0080-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
/** Line feeds between the parts, and none of those in the body. */
const onLines =
  (mark: string): NonNullable<WrongClient['string']> =>
  (text, { request }) => {
    const body = Buffer.from(request.body).toString() || '\0'
    return text
      .split(body)
      .map(piece => piece.replaceAll('\n', mark))
      .join(body)
  }
const digestOf = (body: Buffer, hash: string): Buffer => createHash(hash).update(body).digest()
const other = (hash: string): string => (hash === 'sha256' ? 'sha512' : 'sha256')
/** The digest of the body in hex, where that stands in the string. */
const onDigest =
  (change: (body: Buffer, hash: string) => string): NonNullable<WrongClient['string']> =>
  (text, { request }) => {
    const body = Buffer.from(request.body)
    const hash = ['sha256', 'sha512'].find(name => text.includes(digestOf(body, name).toString('hex')))
    return hash && text.replace(digestOf(body, hash).toString('hex'), () => change(body, hash))
  }
const encoding =
  (of: 'hex' | 'base64' | 'base64url', change = (text: string) => text): NonNullable<WrongClient['tag']> =>
  (text, bytes) =>
    change(bytes.toString(of)) === text ? undefined : change(bytes.toString(of))

export const WRONG_CLIENTS: readonly WrongClient[] = [
  { code: 'method-case', name: 'lower case', request: r => ({ ...r, method: r.method.toLowerCase() }) },
  { code: 'method-other', name: 'PUT', request: r => ({ ...r, method: 'PUT' }) },
  { code: 'path-prefix-missing', name: 'one segment', request: onPath(path => path.replace(/^\/[^/]+(?=\/)/, '')) },
  { code: 'path-prefix-added', name: 'twice', request: onPath(path => path.replace(/^\/[^/]+(?=\/)/, '$&$&')) },
  { code: 'path-prefix-added', name: '/api/v1', request: onPath(path => `/api/v1${path}`) },
  { code: 'path-prefix-added', name: 'of a gateway', request: onPath(path => `/gateway${path}`) },
  {
    code: 'path-full-url',
    name: 'https',
    request: r => onPath(path => `https://${r.headers['host']}${path}`)(r, {} as Claim),
  },
  { code: 'path-slash', name: 'one more or less', request: onPath(p => (p.endsWith('/') ? p.slice(0, -1) : `${p}/`)) },
  { code: 'path-encoding', name: 'decoded', sends: escapedPath, request: onPath(path => decodeURIComponent(path)) },
  {
    code: 'path-encoding',
    name: 'encoded twice',
    sends: escapedPath,
    request: onPath(path => path.replaceAll('%', '%25')),
  },
  { code: 'query-left-out', name: 'path alone', request: onTarget((path, query) => (query === '' ? undefined : path)) },
  { code: 'query-decoded', name: 'once', request: onQuery(query => decodeURIComponent(query)) },
  {
    code: 'query-encoded',
    name: 'values twice',
    request: onQuery(q => q.replace(/=([^&]*)/g, (_, v) => `=${encodeURIComponent(v)}`)),
  },
  { code: 'query-space', name: 'plus', request: onQuery(query => query.replaceAll('%20', '+')) },
  { code: 'query-escapes', name: 'lower case', request: onQuery(q => q.replace(/%../g, code => code.toLowerCase())) },
  { code: 'query-order', name: 'sorted', request: onQuery(query => query.split('&').sort().join('&')) },
  { code: 'query-order', name: 'last first', request: onQuery(query => query.split('&').reverse().join('&')) },
  {
    code: 'query-mark',
    name: 'none',
    string: (t, { request: r }) => (/\?./.test(r.target) && t.includes('?') ? t.replace('?', '') : undefined),
  },
  {
    code: 'query-mark',
    name: 'two',
    string: (t, { request: r }) => (/\?./.test(r.target) && t.includes('?') ? t.replace('?', '??') : undefined),
  },
  { code: 'parameter-left-out', name: 'the first', request: onQuery(query => query.replace(/^[^&]*&/, '')) },
  {
    code: 'query-body-swapped',
    name: 'query as body',
    request: r => {
      const [path = '', query = ''] = r.target.split(/\?(.*)/s)
      return query === '' || r.body.length > 0
        ? undefined
        : { ...r, target: path, body: new Uint8Array(Buffer.from(query)) }
    },
  },
  {
    code: 'query-body-swapped',
    name: 'body as query',
    request: r => {
      const body = Buffer.from(r.body).toString()
      if (!/^\w+=/.test(body) || r.target.includes('?')) return undefined
      return { ...r, target: `${r.target}?${body}`, body: new Uint8Array(0) }
    },
  },
  { code: 'body-left-out', name: 'nothing', request: onText(() => '') },
  { code: 'body-added', name: 'an object', request: onBody(body => (body === '' ? '{}' : undefined)) },
  { code: 'body-added', name: 'null', request: onBody(body => (body === '' ? 'null' : undefined)) },
  { code: 'body-reserialised', name: 'two blanks', request: onJson(value => JSON.stringify(value, null, 2)) },
  { code: 'body-reserialised', name: 'four blanks', request: onJson(value => JSON.stringify(value, null, 4)) },
  { code: 'body-reserialised', name: 'Python', request: onJson(python) },
  {
    code: 'body-form-json',
    name: 'form',
    request: onJson(v => new URLSearchParams(Object.entries(v as object)).toString()),
  },
  {
    code: 'body-form-json',
    name: 'JSON',
    request: onBody(b => (/^\w+=/.test(b) ? JSON.stringify(Object.fromEntries(new URLSearchParams(b))) : undefined)),
  },
  { code: 'body-digest', name: 'none', string: onDigest(body => body.toString()) },
  { code: 'body-digest', name: 'base64', string: onDigest((body, hash) => digestOf(body, hash).toString('base64')) },
  {
    code: 'body-digest',
    name: 'of another hash',
    string: onDigest((body, hash) => digestOf(body, other(hash)).toString('hex')),
  },
  { code: 'body-newline', name: 'echo', request: onText(body => `${body}\n`) },
  {
    code: 'body-charset',
    name: 'Latin-1',
    request: r => ({ ...r, body: new Uint8Array(Buffer.from(Buffer.from(r.body).toString(), 'latin1')) }),
  },
  { code: 'content-type', name: 'none', request: withType(undefined) },
  { code: 'content-type', name: 'plain', request: withType('text/plain') },
  { code: 'recv-window', name: 'not signed', claim: c => (c.recvWindow === '' ? undefined : { ...c, recvWindow: '' }) },
  {
    code: 'recv-window',
    name: 'another',
    claim: c => (c.recvWindow === '' ? undefined : { ...c, recvWindow: '10000' }),
  },
  { code: 'timestamp-unit', name: 'signed in seconds', string: onTime(ms => String(Math.floor(ms / 1000))) },
  { code: 'timestamp-unit', name: 'signed in ms', string: onTime(ms => String(ms)) },
  { code: 'timestamp-unit', name: 'signed in µs', string: onTime(ms => `${ms}000`) },
  { code: 'timestamp-unit', name: 'signed in ISO', string: onTime(ms => new Date(ms).toISOString()) },
  {
    code: 'timestamp-differs',
    name: '7 ms',
    string: (t, { claim: c }) => (/^\d{13}$/.test(c.timestamp) ? retimed(t, c, String(c.timestampMs + 7)) : undefined),
  },
  {
    code: 'nonce-differs',
    name: 'the next',
    string: (t, { claim: c }) => (/^\d{13,}$/.test(c.nonce) ? renumbered(t, c) : undefined),
  },
  {
    code: 'part-left-out',
    name: 'the time',
    string: (t, { claim: c }) => (c.timestamp.length < 8 ? undefined : retimed(t, c, '')),
  },
  { code: 'part-left-out', name: 'the key id', string: (t, { claim: c }) => t.replace(c.keyId, '') },
  {
    code: 'part-left-out',
    name: 'the path',
    string: (t, { request: r }) => t.replace(r.target.split('?')[0] ?? '', ''),
  },
  { code: 'part-separator', name: 'nothing', string: onLines('') },
  { code: 'part-separator', name: 'a backslash and an n', string: onLines('\\n') },
  { code: 'part-separator', name: 'CR and LF', string: onLines('\r\n') },
  {
    code: 'part-order',
    name: 'time behind method',
    string: (t, { request: r, claim: c }) => t.replace(c.timestamp + r.method, r.method + c.timestamp),
  },
  {
    code: 'part-added',
    name: 'method in front',
    string: (t, { request: r }) => (t.includes(r.method) ? undefined : r.method + t),
  },
  { code: 'string-newline', name: 'echo', string: t => `${t}\n` },
  { code: 'string-case', name: 'lower case', string: t => t.toLowerCase() },
  { code: 'string-encoded', name: 'base64', string: t => Buffer.from(t).toString('base64') },
  { code: 'string-hashed', name: 'SHA-256 in hex', string: t => createHash('sha256').update(t).digest('hex') },
  { code: 'secret-not-decoded', name: 'text', key: (s, { proof }) => (isBase64(proof) ? Buffer.from(s) : undefined) },
  {
    code: 'secret-decoded',
    name: 'base64',
    key: (s, { proof }) =>
      isBase64(proof) || s.length % 4 > 0 || /[^A-Za-z0-9+/=]/.test(s) ? undefined : Buffer.from(s, 'base64'),
  },
  {
    code: 'secret-decoded',
    name: 'hex',
    key: (s, { proof }) =>
      isBase64(proof) || !/^(..)+$/.test(s) || /[^0-9a-f]/i.test(s) ? undefined : Buffer.from(s, 'hex'),
  },
  {
    code: 'secret-blank',
    name: 'a line feed',
    key: (s, { proof }) => (isBase64(proof) ? undefined : Buffer.from(`${s}\n`)),
  },
  {
    code: 'secret-blank',
    name: 'quotes',
    key: (s, { proof }) => (isBase64(proof) ? undefined : Buffer.from(`"${s}"`)),
  },
  { code: 'secret-key-id', name: 'key id', key: (_, __, { keyId }) => Buffer.from(keyId) },
  {
    code: 'secret-passphrase',
    name: 'passphrase',
    key: (_, __, { passphrase }) => (passphrase === undefined ? undefined : Buffer.from(passphrase)),
  },
  {
    code: 'hash-not-mac',
    name: 'secret first',
    mac: (hash, key, string) => createHash(hash).update(key).update(string).digest(),
  },
  {
    code: 'hash-not-mac',
    name: 'secret last',
    mac: (hash, key, string) => createHash(hash).update(string).update(key).digest(),
  },
  { code: 'hash-not-mac', name: 'no secret', mac: (hash, _, string) => createHash(hash).update(string).digest() },
  { code: 'hash-other', name: 'sha1', hash: 'sha1' },
  { code: 'hash-other', name: 'sha256', hash: 'sha256' },
  { code: 'hash-other', name: 'sha384', hash: 'sha384' },
  { code: 'hash-other', name: 'sha512', hash: 'sha512' },
  { code: 'signature-encoding', name: 'hex', tag: encoding('hex') },
  { code: 'signature-encoding', name: 'upper-case hex', tag: encoding('hex', text => text.toUpperCase()) },
  { code: 'signature-encoding', name: 'base64', tag: encoding('base64') },
  { code: 'signature-encoding', name: 'base64url', tag: encoding('base64url') },
]

/** A path that has something to be escaped. */
function escapedPath(request: WireRequest): WireRequest {
  const [path = '', ...query] = request.target.split(/(?=\?)/)
  return { ...request, target: [`${path.replace(/\/$/, '')}/a%20b`, ...query].join('') }
}

function isBase64(proof: Scheme['proof']): boolean {
  return proof.kind !== 'mac' || proof.secretEncoding.name === 'base64'
}

/** Where nothing else is unique, a number made from the time comes first, and the time last. */
function retimed(text: string, { timestamp, nonce }: Claim, to: string): string {
  const at = nonce === '' ? text.lastIndexOf(timestamp) : text.indexOf(timestamp)
  return at < 0 ? text : text.slice(0, at) + to + text.slice(at + timestamp.length)
}

/** A nonce made from the time stands behind the time. */
function renumbered(text: string, { nonce }: Claim): string {
  const at = text.lastIndexOf(nonce)
  return at < 0 ? text : text.slice(0, at) + (BigInt(nonce) + 1n) + text.slice(at + nonce.length)
}

import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, isTarget, KEY_ID } from '../http/field.js'
import { headerOf, REPEATED, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectText, readOptions } from '../options.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { milliseconds } from '../time.js'

export interface BitstampOptions {
  /** Host name that requests are made for, in lower case, with the port unless it is 443, e.g. `www.bitstamp.net`. */
  readonly host: string
}

const WHERE = 'bitstamp'
const AUTH = 'x-auth'
const NONCE = 'x-auth-nonce'
const TIMESTAMP = 'x-auth-timestamp'
const VERSION = 'x-auth-version'
const SIGNATURE = 'x-auth-signature'
const NAMES: readonly string[] = [AUTH, NONCE, TIMESTAMP, VERSION, SIGNATURE]

const PREFIX = 'BITSTAMP '
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NONCE_BEGUN = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[0-9]/
const CONTENT_TYPES: readonly string[] = ['application/x-www-form-urlencoded', 'application/json']

/**
 * Bitstamp v2: HMAC-SHA256 over `BITSTAMP <key>` + method + host + path and query + content type + nonce + time + `v2` +
 * body, with nothing in between. Everything is covered. So that two requests cannot share a string, more is asked than
 * Bitstamp asks:
 *
 * - a nonce is a lower-case UUID, and no target has one that a digit follows;
 * - a request without a body has no content type, and one with a body has `application/x-www-form-urlencoded` or
 *   `application/json`, without parameters.
 *
 * Every request of ccxt and of Bitstamp's examples passes. They have no query; here it is signed as sent, with its
 * question mark, as the independent clients that have one do. A request is valid for 150 seconds to either side, its nonce
 * once.
 *
 * @source https://www.bitstamp.net/api/ "Authentication"; https://blog.bitstamp.net/post/api-key-implementation/; ccxt
 * 4.5.84 `bitstamp.js`, `sign`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function bitstamp(options: BitstampOptions): Scheme<'bitstamp'> {
  const { host } = readOptions(WHERE, options, { required: ['host'], optional: [] })
  expectText(WHERE, ['host', host], /^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$/)
  return Object.freeze({
    id: 'bitstamp',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: within(150_000, 'nonce'),
    covers: ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce'],
    read,
    stringToSign(request, { keyId, nonce, timestamp }) {
      const type = headerOf(request, 'content-type') ?? ''
      return [`${PREFIX}${keyId}${request.method}${host}${request.target}${type}${nonce}${timestamp}v2`, request.body]
    },
    stamp,
    write,
  } satisfies Scheme<'bitstamp'>)
}

/** Random bits in the form of a UUID. */
function stamp({ keyId, nowMs, randomNonce }: Stamp): Claim {
  const nonce = randomNonce().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return claimOf({ keyId, timestampMs: nowMs, timestamp: String(nowMs), nonce })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const [auth, nonce = '', timestamp = '', version, signature = ''] = NAMES.map(name => headerOf(request, name))
  if (!isOurs(request, auth)) return undefined
  const keyId = auth?.startsWith(PREFIX) ? auth.slice(PREFIX.length) : undefined
  if (!isField(keyId, KEY_ID)) return { malformed: AUTH }
  if (!UUID.test(nonce)) return { malformed: NONCE }
  const timestampMs = milliseconds.parse(timestamp)
  if (timestampMs < 0) return { malformed: TIMESTAMP }
  if (version !== 'v2') return { malformed: VERSION }
  const part = unsignable(request)
  if (part !== undefined) return { malformed: part }
  const tag = decodeHex(signature, 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, timestampMs, timestamp, nonce })
}

/** Other houses have the same names, and another word before the key. */
function isOurs(request: WireRequest, auth: string | undefined): boolean {
  if (auth === undefined) return NAMES.some(name => headerOf(request, name) !== undefined)
  return auth === REPEATED || auth.startsWith('BITSTAMP')
}

function unsignable(request: WireRequest): string | undefined {
  const { method, target, body } = request
  if (!isPlainMethod(method)) return 'method'
  if (!isTarget(target) || NONCE_BEGUN.test(target)) return 'target'
  if (!(body instanceof Uint8Array)) return 'body'
  const type = headerOf(request, 'content-type')
  const fits = type === undefined ? body.length === 0 : body.length > 0 && CONTENT_TYPES.includes(type)
  return fits ? undefined : 'content-type'
}

function write(request: WireRequest, { keyId, nonce, timestamp }: Claim, tag: Uint8Array): WireRequest {
  return {
    ...request,
    headers: {
      ...request.headers,
      [AUTH]: PREFIX + keyId,
      [NONCE]: nonce,
      [TIMESTAMP]: timestamp,
      [VERSION]: 'v2',
      [SIGNATURE]: encodeHex(tag) || undefined,
    },
  }
}

const FORBIDDEN: AnswerLine<string> = [403, 'API0003', 'No permission found']

/**
 * Answers as Bitstamp gives them. ccxt takes `API0005` for a wrong signature whatever the reason says.
 *
 * @source ccxt 4.5.84 `bitstamp.js`, `exceptions` and `handleErrors`
 */
export const bitstampAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, 'API0020', 'Invalid request'],
    request_too_large: [400, 'API0020', 'Invalid request'],
    missing_credentials: [403, 'API0000', 'Missing key, signature and nonce parameters'],
    malformed_credentials: [403, 'API0001', 'Authentication failed'],
    timestamp_outside_window: [403, 'API0017', 'Invalid nonce'],
    replayed: [403, 'API0004', 'Invalid nonce'],
    invalid_credentials: [403, 'API0005', 'Invalid signature'],
    ip_not_allowed: [403, 'API0002', 'IP address not allowed'],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [403, 'API0001', 'API key not found'],
  },
  (code, reason) => ({ status: 'error', reason, code }),
)

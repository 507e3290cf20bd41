import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { headerDialect } from '../dialect/header-credentials.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { hexTag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { isObject, memberOf } from '../http/json.js'
import { decodedTarget } from '../http/query.js'
import { pathOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { type Claim, claimOf, type LoginMessage, type Malformed, type Scheme } from '../scheme.js'
import { seconds } from '../time.js'

const WINDOW_MS = 60_000

/**
 * Gate v4: HMAC-SHA512 over five lines: method, path, query, hex SHA-512 of the body, time; the query as it is before it
 * is percent-encoded, in the order in which it is sent. So that two requests cannot share a string, more is asked than
 * Gate asks:
 *
 * - a query is percent-encoded UTF-8 without control characters; every parameter is `name=value`; no name has a `&` or
 *   `=` in it, and no value an `=` after a `&`;
 * - `+` is refused: Gate's clients do not agree whether it is signed as a blank or as a plus. A blank is sent as `%20`,
 *   a plus as `%2B`.
 *
 * Every request of ccxt passes, but for a `POST` with a query of its own, which it leaves unsigned. The time is in
 * seconds, with up to nine decimals as Gate's own clients send them, and is signed as sent. Host and content type are not
 * covered. A request is valid for 60 seconds to either side, and its tag is remembered, but for a `GET`: within one
 * second a client reads the same twice with one signature. The login is the request of a channel such as `spot.login`,
 * which takes no parameters: `req_param` is `{}` or left out.
 *
 * @source https://www.gate.com/docs/developers/apiv4/en/ "Authentication"; gateio/gateapi-python and gate/gateapi-nodejs;
 * ccxt 4.5.84 `gate.js`, `sign`, and `pro/gate.js`, `requestPrivate`
 */
export function gate(): Scheme<'gate'> {
  const credentials = headerDialect({
    key: 'key',
    timestamp: 'timestamp',
    signature: 'sign',
    time: seconds,
    tag: TAG,
    unsignable,
  })
  return Object.freeze({
    id: 'gate',
    proof: { kind: 'mac', hash: 'sha512', secretEncoding: utf8Secret },
    freshness: within(WINDOW_MS, 'tag-except-reads'),
    covers: ['method', 'path', 'query', 'body'],
    ...credentials,
    stringToSign,
    login: {
      freshness: within(WINDOW_MS, 'tag'),
      read: readLogin,
      stringToSign: loginLines,
      stamp: credentials.stamp,
      write: writeLogin,
    },
  } satisfies Scheme<'gate'>)
}

const TAG = /* @__PURE__ */ hexTag(64)

function unsignable({ method, target, body }: WireRequest): string | undefined {
  if (!isPlainMethod(method)) return 'method'
  if (!(body instanceof Uint8Array)) return 'body'
  return decodedTarget(target, 'encoded') === undefined ? 'target' : undefined
}

function stringToSign({ method, target, body }: WireRequest, { timestamp }: Claim): readonly Part[] {
  const path = pathOf(target)
  const query = decodedTarget(target, 'encoded')?.slice(path.length + 1) ?? ''
  return [`${method}\n${path}\n${query}\n`, { digest: 'sha512', of: [body], as: 'hex' }, `\n${timestamp}`]
}

const CHANNEL = /^[a-z_]{1,32}\.login$/

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  if (textIn(message, 'event') !== 'api' || !CHANNEL.test(textIn(message, 'channel'))) return undefined
  const payload = memberOf(message, 'payload')
  const keyId = textIn(payload, 'api_key')
  if (!isField(keyId, KEY_ID)) return { malformed: 'api_key' }
  const timestamp = textIn(payload, 'timestamp')
  const timestampMs = seconds.parse(timestamp)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  // It is sent twice and signed once.
  if (Object.hasOwn(message, 'time') && numberIn(message, 'time') !== timestamp) return { malformed: 'time' }
  if (loginParameters(message) === undefined) return { malformed: 'req_param' }
  const tag = TAG.parse(textIn(payload, 'signature'))
  return tag === undefined ? { malformed: 'signature' } : claimOf({ keyId, tag, timestampMs, timestamp })
}

function loginLines(message: LoginMessage, { timestamp }: Claim): readonly Part[] {
  return [`api\n${textIn(message, 'channel')}\n${loginParameters(message) ?? ''}\n${timestamp}`]
}

/** Their JSON text: empty when they are left out; `undefined` when there are any. */
function loginParameters(message: LoginMessage): string | undefined {
  const payload = memberOf(message, 'payload')
  const given = isObject(payload) ? memberOf(payload, 'req_param') : undefined
  if (given === undefined) return ''
  return isObject(given) && Object.keys(given).length === 0 ? '{}' : undefined
}

function writeLogin(message: LoginMessage, { keyId, timestamp }: Claim, tag: Uint8Array): LoginMessage {
  const { channel = 'spot.login', payload } = message
  const signature = TAG.format(tag) || undefined
  return {
    ...message,
    time: Number(timestamp),
    channel,
    event: 'api',
    payload: { ...(isObject(payload) && payload), timestamp, api_key: keyId, signature, req_param: {} },
  }
}

const FORBIDDEN: AnswerLine<string> = [403, 'FORBIDDEN', 'Request was prohibited']

/**
 * Answers as Gate gives them.
 *
 * @source https://www.gate.com/docs/developers/apiv4/en/ "label list"
 */
export const gateAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, 'BAD_REQUEST', 'Invalid request'],
    request_too_large: [400, 'INVALID_REQUEST_BODY', 'Request body is too large'],
    missing_credentials: [401, 'MISSING_REQUIRED_HEADER', 'Missing required header: KEY'],
    malformed_credentials: [401, 'INVALID_CREDENTIALS', 'Invalid authentication headers'],
    timestamp_outside_window: [403, 'REQUEST_EXPIRED', 'gap between request Timestamp and server time exceeds 60'],
    replayed: [403, 'REQUEST_EXPIRED', 'request was accepted before'],
    invalid_credentials: [401, 'INVALID_SIGNATURE', 'Signature mismatch'],
    ip_not_allowed: [403, 'IP_FORBIDDEN', 'Request IP not in whitelist'],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [401, 'INVALID_KEY', 'Invalid key provided'],
  },
  (label, message) => ({ label, message }),
)

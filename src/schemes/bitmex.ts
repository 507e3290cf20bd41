import { utf8Secret } from '../crypto/secret-encoding.js'
import { headerDialect } from '../dialect/header-credentials.js'
import { textIn } from '../dialect/member-text.js'
import { numberText } from '../dialect/number-text.js'
import { unsignable } from '../dialect/request-text.js'
import { hexTag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { formOf } from '../http/form.js'
import { memberOf } from '../http/json.js'
import type { WireRequest } from '../http/request.js'
import { expectInteger, readOptions } from '../options.js'
import {
  type Claim,
  claimOf,
  type Freshness,
  type LoginMessage,
  type Malformed,
  type Scheme,
  type Stamp,
} from '../scheme.js'
import { parseDecimal, seconds } from '../time.js'

export interface BitmexOptions {
  /** How far ahead the end that a client chooses may lie, ms. Default 60,000: BitMEX says no limit. */
  readonly maxAheadMs?: number
}

const WHERE = 'bitmex'
/** What a login signs in place of a request, and therefore no target may begin with. */
const REALTIME = '/realtime'
/** How long a request is good for unless the client says otherwise, ms: as ccxt and BitMEX's own Python client. */
const USUAL_MS = 5_000

const SECOND_DIGITS = 10
const MS_DIGITS = 13
const LONG_NUMBER = /[0-9]{10}/
/** A form that no other part of a request can run into, and in which no JSON begins. */
const FORM = /^[A-Za-z_][^{[]*$/

/**
 * BitMEX: HMAC-SHA256 over method + path and query + end + body, with nothing in between. `api-expires` is when the
 * request ends, in Unix seconds. So that two requests cannot share a string (`/x1` + `518064236…` is `/x` +
 * `1518064236…`), more is asked than BitMEX asks:
 *
 * - the end has 10 digits;
 * - a `GET` has no body;
 * - the target of any other request holds no `{` and no `[`, and its body is empty, or begins with one of them, or is a
 *   form that begins with a letter and holds neither; unless it is JSON, the target holds no ten digits in a row;
 * - no target begins with `/realtime`, which stands for the login.
 *
 * Every request of ccxt passes. Host and content type are not covered. The end may lie `maxAheadMs` ahead; the tag is
 * remembered until then, but for a `GET`: within one second a client reads the same twice with one signature. A login
 * whose end has 13 digits was made by ccxt, which writes the time of signing there, in milliseconds: it is good for half
 * of `maxAheadMs` from then, where BitMEX would take it for a year far ahead.
 *
 * @source https://www.bitmex.com/app/apiKeysUsage; BitMEX/api-connectors `official-ws/python`; ccxt 4.5.81 `bitmex.js`,
 * `sign`, and `pro/bitmex.js`, `authenticate`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function bitmex(options: BitmexOptions = {}): Scheme<'bitmex'> {
  const { maxAheadMs = 60_000 } = readOptions(WHERE, options, { required: [], optional: ['maxAheadMs'] })
  expectInteger(WHERE, ['maxAheadMs', maxAheadMs], { min: USUAL_MS, max: 86_400_000 })
  const freshnessWith = (replay: 'tag' | 'tag-except-reads'): Freshness => ({ kind: 'deadline', maxAheadMs, replay })
  return Object.freeze({
    id: 'bitmex',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: freshnessWith('tag-except-reads'),
    covers: ['method', 'path', 'query', 'body'],
    ...headerDialect({
      key: 'api-key',
      timestamp: 'api-expires',
      signature: 'api-signature',
      time: { parse: parseEnd, format: seconds.format },
      tag: TAG,
      unsignable: unsignableHere,
    }),
    stringToSign: ({ method, target, body }, { timestamp }) => [method + target + timestamp, body],
    stamp,
    login: {
      freshness: freshnessWith('tag'),
      read: message => readLogin(message, maxAheadMs),
      stringToSign: (_, { timestamp }) => [`GET${REALTIME}${timestamp}`],
      stamp,
      write: (message, { keyId, timestamp }, tag) => ({
        ...message,
        op: 'authKeyExpires',
        args: [keyId, Number(timestamp), ...(tag.length === 0 ? [] : [TAG.format(tag)])],
      }),
    },
  } satisfies Scheme<'bitmex'>)
}

const TAG = /* @__PURE__ */ hexTag(32)

function stamp({ keyId, nowMs, recvWindowMs }: Stamp): Claim {
  const end = Math.floor(nowMs / 1000) + Math.ceil((recvWindowMs < 0 ? USUAL_MS : recvWindowMs) / 1000)
  return claimOf({ keyId, timestampMs: end * 1000, timestamp: String(end) })
}

function parseEnd(text: string): number {
  const end = text.length === SECOND_DIGITS ? parseDecimal(text, SECOND_DIGITS) : -1
  return end < 0 ? -1 : end * 1000
}

function unsignableHere(request: WireRequest): string | undefined {
  const { method, target, body } = request
  if (target.startsWith(REALTIME)) return 'target'
  const part = unsignable(request, target)
  const isForm = part === 'body' && method !== 'GET' && FORM.test(formOf(body) ?? '')
  if (part !== undefined && !isForm) return part
  const isBare = method !== 'GET' && (isForm || body.length === 0)
  return isBare && LONG_NUMBER.test(target) ? 'target' : undefined
}

function readLogin(message: LoginMessage, maxAheadMs: number): Claim | Malformed | undefined {
  if (textIn(message, 'op') !== 'authKeyExpires') return undefined
  const args = memberOf(message, 'args')
  if (!Array.isArray(args) || args.length !== 3) return { malformed: 'args' }
  const [keyId, end, signature] = args
  if (typeof keyId !== 'string' || !isField(keyId, KEY_ID)) return { malformed: 'args.0' }
  const timestamp = numberText(end)
  const isTime = timestamp.length === MS_DIGITS
  const timestampMs = isTime ? parseDecimal(timestamp, MS_DIGITS) + Math.floor(maxAheadMs / 2) : parseEnd(timestamp)
  if (timestampMs < 0) return { malformed: 'args.1' }
  const tag = TAG.parse(typeof signature === 'string' ? signature : '')
  return tag === undefined ? { malformed: 'args.2' } : claimOf({ keyId, tag, timestampMs, timestamp })
}

const FORBIDDEN: AnswerLine<undefined> = [403, undefined, 'Access Denied']

/**
 * Answers as BitMEX gives them.
 *
 * @source ccxt 4.5.81 `bitmex.js`, `exceptions` and `handleErrors`
 */
export const bitmexAnswer: Answer = /* @__PURE__ */ answersOf<undefined>(
  {
    malformed_request: [400, undefined, 'Invalid request.'],
    request_too_large: [400, undefined, 'Request body is too large.'],
    missing_credentials: [401, undefined, 'Invalid API Key.'],
    malformed_credentials: [401, undefined, 'Signature not valid: invalid authentication headers.'],
    timestamp_outside_window: [401, undefined, 'This request has expired - `expires` is in the past.'],
    recv_window_too_large: [401, undefined, '`expires` is too far in the future.'],
    replayed: [401, undefined, 'This request has expired - it was accepted before.'],
    invalid_credentials: [401, undefined, 'Signature not valid.'],
    key_inactive: [403, undefined, 'This key is disabled.'],
    ip_not_allowed: FORBIDDEN,
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [401, undefined, 'Invalid API Key.'],
  },
  (_, message) => ({ error: { message, name: 'HTTPError' } }),
)

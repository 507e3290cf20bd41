import { decodeHex, encodeHex } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { parseMs } from '../dialect/number-text.js'
import { misplacedPart } from '../dialect/query-or-body.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { parametersOf, sortedForm } from '../http/form.js'
import { isObject, memberOf } from '../http/json.js'
import { headerOf, queryOf, type WireRequest } from '../http/request.js'
import {
  type Claim,
  claimOf,
  type Dialect,
  type LoginMessage,
  type Malformed,
  type Scheme,
  type Stamp,
} from '../scheme.js'

const KEY = 'apikey'
const TIME = 'request-time'
const SIGNATURE = 'signature'

const FRESHNESS = {
  kind: 'timestamp',
  recvWindowMs: 10_000,
  maxRecvWindowMs: 10_000,
  // Not documented for contracts; that of MEXC's spot API.
  futureMs: 999,
  replay: 'tag',
} as const

/**
 * MEXC contract v1: HMAC-SHA256 over key + time + parameters, with nothing in between; the parameters are the query,
 * sorted by name and encoded as sent, or the JSON body. So that what is signed is all there is, and two requests cannot
 * share a string, more is asked than MEXC asks:
 *
 * - `GET`, `HEAD` and `DELETE` have no body, any other has no query;
 * - a body is empty or begins with `{` or `[`; every parameter of a query is `name=value`, with a plain name that comes once
 *   and begins with neither;
 * - `Request-Time` has 13 digits.
 *
 * Neither method, host nor path is covered: the tag is remembered for the window. `Recv-Window`, which nobody signs, is
 * ignored: the window is 10 seconds.
 *
 * The login is `{ method: 'login', param: { apiKey, reqTime, signature } }`, signed as a request without parameters.
 *
 * @source https://mexcdevelop.github.io/apidocs/contract_v1_en "Authentication method" and "Login"; ccxt 4.5.84 `mexc.js`,
 * `sign`, and `pro/mexc.js`, `watchSwapPrivate`
 */
export function mexcContract(): Scheme<'mexc-contract'> {
  return Object.freeze({
    id: 'mexc-contract',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: FRESHNESS,
    covers: ['query', 'body'],
    read,
    stringToSign,
    stamp,
    write,
    login,
  } satisfies Scheme<'mexc-contract'>)
}

const FORBIDDEN: AnswerLine<number> = [403, 511, 'You do not have access to the interface.']
const EXPIRED: AnswerLine<number> = [401, 402, 'API Key expired, please apply again.']
const UNSIGNED: AnswerLine<number> = [401, 602, 'Signature verification failed.']
const OUTSIDE: AnswerLine<number> = [400, 700003, 'Timestamp for this request is outside of the recvWindow.']

/** Answers as MEXC gives them: `{ success, code, message }`. */
export const mexcContractAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: [400, 513, 'Invalid request, please try again later.'],
    request_too_large: [400, 513, 'Invalid request, please try again later.'],
    missing_credentials: [401, 401, 'No authority.'],
    malformed_credentials: UNSIGNED,
    timestamp_outside_window: OUTSIDE,
    recv_window_too_large: OUTSIDE,
    invalid_credentials: UNSIGNED,
    key_inactive: EXPIRED,
    key_revoked: EXPIRED,
    key_expired: EXPIRED,
    ip_not_allowed: [403, 406, 'Accessing IP is not in the whitelist.'],
    replayed: OUTSIDE,
    otherwise: FORBIDDEN,
  },
  (code, message) => ({ success: false, code, message }),
)

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const timestamp = headerOf(request, TIME)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? timestamp) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  const timestampMs = parseMs(timestamp)
  if (timestamp === undefined || timestampMs < 0) return { malformed: TIME }
  const wrong = misplacedPart(request) ?? (queryText(request) === undefined ? 'parameters' : undefined)
  if (wrong !== undefined) return { malformed: wrong }
  const tag = decodeHex(signature ?? '', 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, timestampMs, timestamp })
}

/** The query as it is signed; `undefined` when a parameter is not in order. */
function queryText({ target }: WireRequest): string | undefined {
  const parameters = parametersOf(queryOf(target))
  return parameters && sortedForm(parameters)
}

function stringToSign(request: WireRequest, { keyId, timestamp }: Claim): readonly Part[] {
  return [`${keyId}${timestamp}${queryText(request) ?? ''}`, request.body]
}

function stamp({ keyId, nowMs }: Stamp): Claim {
  return claimOf({ keyId, timestampMs: nowMs, timestamp: String(nowMs) })
}

function write(request: WireRequest, { keyId, timestamp }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [TIME]: timestamp, [SIGNATURE]: signature } }
}

const login: Dialect<LoginMessage> = {
  freshness: FRESHNESS,
  read: readLogin,
  stringToSign: (_, { keyId, timestamp }) => [keyId + timestamp],
  stamp,
  write(message, { keyId, timestamp }, tag) {
    const param = memberOf(message, 'param')
    const credentials = { apiKey: keyId, signature: encodeHex(tag) || undefined, reqTime: timestamp }
    return { ...message, method: 'login', param: { ...(isObject(param) && param), ...credentials } }
  },
}

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  if (memberOf(message, 'method') !== 'login') return undefined
  const param = memberOf(message, 'param')
  const keyId = textIn(param, 'apiKey')
  if (!isField(keyId, KEY_ID)) return { malformed: 'apiKey' }
  const timestamp = numberIn(param, 'reqTime')
  const timestampMs = parseMs(timestamp)
  if (timestampMs < 0) return { malformed: 'reqTime' }
  const tag = decodeHex(textIn(param, 'signature'), 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, timestampMs, timestamp })
}

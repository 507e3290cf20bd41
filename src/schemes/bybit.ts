import { keyPairsOf } from '#key-pairs'
import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { numberText, parseMs } from '../dialect/number-text.js'
import { misplacedPart } from '../dialect/query-or-body.js'
import { parseWindow, stampWindow } from '../dialect/recv-window.js'
import { readSignature, writeSignature } from '../dialect/signature-text.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { type Field, isField, KEY_ID } from '../http/field.js'
import { memberOf } from '../http/json.js'
import { decodePercent } from '../http/percent.js'
import { headerOf, queryOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Dialect, type LoginMessage, type Malformed, type Scheme } from '../scheme.js'

const KEY = 'x-bapi-api-key'
const TIME = 'x-bapi-timestamp'
const WINDOW = 'x-bapi-recv-window'
const SIGNATURE = 'x-bapi-sign'

/** How long a login is good for unless the client says otherwise, ms: as in ccxt. */
const LOGIN_MS = 10_000

/** What the URL Standard never leaves in a query as it is. */
const UNESCAPED: Field = { min: 0, max: 16_384, foreign: /["'<>]/ }
/** Escapes that a client did not write, but its URL library: what no URL holds as it is. */
const BY_LIBRARY = /^(?:[^%]|%2[027]|%3[CE]|%[89A-F][0-9A-F])*$/

/**
 * Bybit v5: time + key + receive window + query or JSON body, with nothing in between, by HMAC-SHA256 (hex) or
 * RSASSA-PKCS1-v1_5 with SHA-256 (base64). Which of the two, the key says. So that what is signed is all there is, and
 * two requests cannot share a string, more is asked than Bybit asks:
 *
 * - `GET`, `HEAD` and `DELETE` have no body, any other has no query;
 * - a body is empty or begins with `{` or `[`, a query is empty or begins with a letter; so no multipart uploads;
 * - the timestamp has 13 digits, the window no leading zero;
 * - a query holds none of `"`, `'`, `<` and `>`, which URL libraries escape.
 *
 * Some clients sign the query as it is sent, others what they had before their URL library escaped blanks, quotes, `<`,
 * `>` and whatever is beyond ASCII. A query in which nothing else is escaped is signed without these escapes; any other,
 * such as one with a cursor that holds `%3A`, exactly as it is sent.
 *
 * Neither method, host nor path is covered: the tag is remembered for the window, which may be 60 seconds at most, since
 * Bybit documents no limit.
 *
 * The login is `{ op: 'auth', args: [key, expires, signature] }`, signed over `GET/realtime` + expires, the time in
 * milliseconds until which it is good: one minute ahead at most.
 *
 * @source https://bybit-exchange.github.io/docs/v5/guide "Authentication", /docs/v5/ws/connect "Authentication"; ccxt
 * 4.5.84 `bybit.js`, `sign`, and `pro/bybit.js`, `authenticate`; the npm package bybit-api signs queries as sent
 */
export function bybit(): Scheme<'bybit'> {
  return Object.freeze({
    id: 'bybit',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret, keyPairs: keyPairsOf(['rsa-v1_5-sha256']) },
    // Bybit: timestamp < serverTime + 1000.
    freshness: { kind: 'timestamp', recvWindowMs: 5_000, maxRecvWindowMs: 60_000, futureMs: 999, replay: 'tag' },
    covers: ['query', 'body'],
    read,
    stringToSign,
    stamp: stampWindow,
    write,
    login,
  } satisfies Scheme<'bybit'>)
}

const INVALID_KEY: AnswerLine<number> = [200, 10003, 'API key is invalid.']
const EXPIRED: AnswerLine<number> = [200, 33004, 'Your api key has expired.']
const PARAMETERS: AnswerLine<number> = [200, 10001, 'Parameter error.']
const OUTSIDE: AnswerLine<number> = [
  200,
  10002,
  'The request time exceeds the time window range; please check your timestamp and recv_window.',
]

/** Answers as Bybit gives them: status 200, `{ retCode, retMsg, … }`. */
export const bybitAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: PARAMETERS,
    request_too_large: PARAMETERS,
    missing_credentials: [200, 10007, 'User authentication failed.'],
    malformed_credentials: INVALID_KEY,
    timestamp_outside_window: OUTSIDE,
    recv_window_too_large: OUTSIDE,
    invalid_credentials: [200, 10004, 'Error sign, please check your signature generation algorithm.'],
    key_inactive: INVALID_KEY,
    key_revoked: INVALID_KEY,
    key_expired: EXPIRED,
    ip_not_allowed: [200, 10010, 'Unmatched IP, please check your API key\u2019s bound IP addresses.'],
    replayed: [200, 10014, 'Invalid duplicate request.'],
    otherwise: [200, 10005, 'Permission denied, please check your API key permissions.'],
  },
  (retCode, retMsg, { at }) => ({ retCode, retMsg, result: {}, retExtInfo: {}, time: at }),
)

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const timestamp = headerOf(request, TIME)
  const recvWindow = headerOf(request, WINDOW)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? timestamp ?? recvWindow ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  const timestampMs = parseMs(timestamp)
  if (timestamp === undefined || timestampMs < 0) return { malformed: TIME }
  const recvWindowMs = parseWindow(recvWindow)
  if (recvWindowMs === 0) return { malformed: WINDOW }
  const wrong = misplacedPart(request) ?? (signedQuery(request) === undefined ? 'target' : undefined)
  if (wrong !== undefined) return { malformed: wrong }
  const tag = readSignature(signature ?? '')
  if (tag === undefined) return { malformed: SIGNATURE }
  return claimOf({ keyId, tag, timestampMs, timestamp, recvWindow: recvWindow ?? '', recvWindowMs })
}

/** The query as it is signed; `undefined` where it could be taken for something else. */
function signedQuery({ target }: WireRequest): string | undefined {
  const query = queryOf(target)
  if (query === '') return ''
  if (!/^[A-Za-z]/.test(query) || !isField(query, UNESCAPED)) return undefined
  return BY_LIBRARY.test(query) ? decodePercent(query) : query
}

function stringToSign(request: WireRequest, { keyId, timestamp, recvWindow }: Claim): readonly Part[] {
  return [timestamp + keyId + recvWindow + (signedQuery(request) ?? ''), request.body]
}

function write(request: WireRequest, { keyId, timestamp, recvWindow }: Claim, tag: Uint8Array): WireRequest {
  const headers = {
    ...request.headers,
    [KEY]: keyId,
    [TIME]: timestamp,
    [WINDOW]: recvWindow || undefined,
    [SIGNATURE]: writeSignature(tag) || undefined,
  }
  return { ...request, headers }
}

const login: Dialect<LoginMessage> = {
  freshness: { kind: 'deadline', maxAheadMs: 60_000, replay: 'tag' },
  read: readLogin,
  stringToSign: (_, { timestamp }) => [`GET/realtime${timestamp}`],
  stamp({ keyId, nowMs, recvWindowMs }) {
    const timestampMs = nowMs + (recvWindowMs < 0 ? LOGIN_MS : recvWindowMs)
    return claimOf({ keyId, timestampMs, timestamp: String(timestampMs) })
  },
  write(message, { keyId, timestamp }, tag) {
    return { ...message, op: 'auth', args: [keyId, timestamp, writeSignature(tag)] }
  },
}

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  if (memberOf(message, 'op') !== 'auth') return undefined
  const args = memberOf(message, 'args')
  if (!Array.isArray(args) || args.length !== 3) return { malformed: 'args' }
  const [keyId, expires, signature] = args as readonly unknown[]
  if (typeof keyId !== 'string' || !isField(keyId, KEY_ID)) return { malformed: 'key' }
  const timestamp = numberText(expires)
  const timestampMs = parseMs(timestamp)
  if (timestampMs < 0) return { malformed: 'expires' }
  const tag = readSignature(typeof signature === 'string' ? signature : '')
  return tag === undefined ? { malformed: 'signature' } : claimOf({ keyId, tag, timestampMs, timestamp })
}

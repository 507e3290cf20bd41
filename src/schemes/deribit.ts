import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { isObject, memberOf } from '../http/json.js'
import { headerOf, REPEATED, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { type Claim, claimOf, type LoginMessage, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { milliseconds } from '../time.js'

const HEADER = 'authorization'
const SCHEME = 'deri-hmac-sha256'
/** Longer values are refused by length. */
const MAX_CHARS = 512
const NONCE: Field = { min: 1, max: 64, foreign: /[^A-Za-z0-9_-]/ }
/** Text of a login. Without line breaks, so that it is never a request. */
const DATA: Field = { min: 0, max: 1024, foreign: /[^ -~]/ }

/**
 * Deribit: HMAC-SHA256 over the lines time, nonce, method, path and query, body; each ends in a line feed, and all but the
 * body hold none, so that distinct requests have distinct strings. All of it stands in one header:
 * `deri-hmac-sha256 id=…,ts=…,sig=…,nonce=…`, in any order, as Deribit's own examples differ in it.
 *
 * Host and content type are not covered. A request is valid for 60 seconds to either side. What is remembered is the tag
 * and not the nonce, since clients send the time as nonce: two requests of one millisecond are two unless they are the
 * same.
 *
 * The login is `public/auth` with `client_signature`, over time, nonce and `data`, each on a line; `data` is visible ASCII
 * and blanks, so that no signature of a request logs in. `scope` and `state` are not covered.
 *
 * @source https://docs.deribit.com/ "Authentication"; ccxt 4.5.84 `deribit.js`, `sign`, and `pro/deribit.js`, `authenticate`
 */
export function deribit(): Scheme<'deribit'> {
  const freshness = within(60_000, 'tag')
  return Object.freeze({
    id: 'deribit',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness,
    covers: ['method', 'path', 'query', 'body', 'nonce'],
    read,
    stringToSign: ({ method, target, body }, { timestamp, nonce }) => [
      `${timestamp}\n${nonce}\n${method}\n${target}\n`,
      body,
      '\n',
    ],
    stamp,
    write,
    login: {
      freshness,
      read: readLogin,
      stringToSign: (message, { timestamp, nonce }) => [
        `${timestamp}\n${nonce}\n${textIn(memberOf(message, 'params'), 'data')}`,
      ],
      stamp,
      write: writeLogin,
    },
  } satisfies Scheme<'deribit'>)
}

/** The time is the nonce, as with ccxt, unless it was the last one. */
function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  const nonce = String(Math.max(nowMs, Number(lastNonce) + 1))
  return claimOf({ keyId, timestampMs: nowMs, timestamp: String(nowMs), nonce })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const value = headerOf(request, HEADER)
  if (value === undefined || !(value === REPEATED || value.startsWith(SCHEME))) return undefined
  const members = membersOf(value)
  const [keyId, timestamp = '', signature = '', nonce] = ['id', 'ts', 'sig', 'nonce'].map(name => members.get(name))
  const timestampMs = milliseconds.parse(timestamp)
  const tag = decodeHex(signature, 32)
  if (!isField(keyId, KEY_ID) || !isField(nonce, NONCE) || timestampMs < 0 || tag === undefined) {
    return { malformed: HEADER }
  }
  if (!isPlainMethod(request.method)) return { malformed: 'method' }
  if (!isTarget(request.target)) return { malformed: 'target' }
  if (!(request.body instanceof Uint8Array)) return { malformed: 'body' }
  return claimOf({ keyId, tag, timestampMs, timestamp, nonce })
}

/** Each of the four once; none at all when the value is anything else. */
function membersOf(value: string): ReadonlyMap<string, string> {
  if (value.length > MAX_CHARS || value.charAt(SCHEME.length) !== ' ') return new Map()
  const pairs = value.slice(SCHEME.length + 1).split(/, ?/)
  const members = new Map(pairs.map(pair => pair.split(/=(.*)/s, 2) as [string, string]))
  return pairs.length === 4 && members.size === 4 ? members : new Map()
}

function write(request: WireRequest, { keyId, timestamp, nonce }: Claim, tag: Uint8Array): WireRequest {
  const value = `${SCHEME} id=${keyId},ts=${timestamp},sig=${encodeHex(tag)},nonce=${nonce}`
  return { ...request, headers: { ...request.headers, [HEADER]: value } }
}

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  const params = memberOf(message, 'params')
  if (textIn(message, 'method') !== 'public/auth' || textIn(params, 'grant_type') !== 'client_signature') {
    return undefined
  }
  const keyId = textIn(params, 'client_id')
  if (!isField(keyId, KEY_ID)) return { malformed: 'client_id' }
  const timestamp = numberIn(params, 'timestamp')
  const timestampMs = milliseconds.parse(timestamp)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const nonce = textIn(params, 'nonce')
  if (!isField(nonce, NONCE)) return { malformed: 'nonce' }
  if (!isData(params)) return { malformed: 'data' }
  const tag = decodeHex(textIn(params, 'signature'), 32)
  return tag === undefined ? { malformed: 'signature' } : claimOf({ keyId, tag, timestampMs, timestamp, nonce })
}

/** Absent or text, which is what is signed. */
function isData(params: unknown): boolean {
  const data = isObject(params) ? memberOf(params, 'data') : undefined
  return data === undefined || (typeof data === 'string' && isField(data, DATA))
}

function writeLogin(message: LoginMessage, { keyId, timestamp, nonce }: Claim, tag: Uint8Array): LoginMessage {
  const given = memberOf(message, 'params')
  const rest = isObject(given) ? given : {}
  const params = {
    ...rest,
    grant_type: 'client_signature',
    client_id: keyId,
    timestamp: Number(timestamp),
    signature: encodeHex(tag) || undefined,
    nonce,
    data: memberOf(rest, 'data') ?? '',
  }
  return { jsonrpc: '2.0', ...message, method: 'public/auth', params }
}

const FORBIDDEN: AnswerLine<number> = [400, 13021, 'forbidden']

/**
 * Answers as Deribit gives them: JSON-RPC errors.
 *
 * @source https://docs.deribit.com/ "RPC Error Codes"
 */
export const deribitAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, 11050, 'bad_request'],
    request_too_large: [400, 11050, 'bad_request'],
    missing_credentials: [400, 10000, 'authorization_required'],
    malformed_credentials: [400, 13009, 'unauthorized'],
    timestamp_outside_window: [400, 13009, 'unauthorized'],
    replayed: [400, 13009, 'unauthorized'],
    invalid_credentials: [400, 13004, 'invalid_credentials'],
    ip_not_allowed: FORBIDDEN,
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [400, 13009, 'unauthorized'],
  },
  (code, message, { at }) => ({
    jsonrpc: '2.0',
    error: { code, message },
    usIn: at * 1000,
    usOut: at * 1000,
    usDiff: 0,
  }),
)

import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { textIn } from '../dialect/member-text.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, isTarget, KEY_ID } from '../http/field.js'
import { type Parameter, parametersOf, sortedForm } from '../http/form.js'
import { memberOf } from '../http/json.js'
import { decodePercent } from '../http/percent.js'
import { pathOf, queryOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectText, readOptions } from '../options.js'
import {
  type Claim,
  claimOf,
  type Freshness,
  type LoginMessage,
  type Malformed,
  type ReplayRule,
  type Scheme,
  type Stamp,
} from '../scheme.js'
import { isoMilliseconds } from '../time.js'

export interface HtxOptions {
  /** Host name of the API as its clients sign it, e.g. `api.huobi.pro`: lower case, with a port only where it has one. */
  readonly host: string
}

const KEY = 'AccessKeyId'
const METHOD = 'SignatureMethod'
const VERSION = 'SignatureVersion'
const TIME = 'Timestamp'
const SIGNATURE = 'Signature'

const PRESENT = /(?:^|&)(?:AccessKeyId|Signature)=/
const TAG = /* @__PURE__ */ base64Tag(32)

/**
 * HTX, formerly Huobi, signature version 2: HMAC-SHA256 over four lines: method, host, path, and the parameters of the
 * query but `Signature`, sorted by name and encoded as sent. Lines cannot hold a line break, so distinct requests have
 * distinct strings. Beyond what HTX asks:
 *
 * - every parameter is `name=value`; names are sent plain, but for brackets, and come once;
 * - `Timestamp` is `YYYY-MM-DDThh:mm:ss` in UTC with its colons as `%3A`, `Signature` percent-encoded in upper case;
 * - `SignatureMethod` is `HmacSHA256`, `SignatureVersion` is `2`.
 *
 * The order of parameters changes nothing. The body is not covered, which is all that a `POST` says: prefer any other
 * dialect. The host signed is that of the option, whatever the `Host` header says. A request may be 5 minutes old, and 30
 * seconds ahead, for which HTX documents no limit of its own. Times are in seconds, and a client reads the same twice
 * within one, so signatures of `GET` and `HEAD` are not remembered. Any other passes once: one `POST` per key, path and
 * second, whatever its body, since whoever saw it could send it with another.
 *
 * The login is that of WebSocket v2, signed as `GET` `/ws/v2` at the same host: one per key and second.
 *
 * @source https://huobiapi.github.io/docs/spot/v1/en/#authentication and its "Websocket Asset and Order"; ccxt 4.5.84
 * `htx.js`, `sign`, and `pro/htx.js`, `authenticate`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function htx(options: HtxOptions): Scheme<'htx'> {
  const { host } = readOptions('htx', options, { required: ['host'], optional: [] })
  expectText('htx', ['host', host], /^[a-z0-9.-]{1,253}(?::[0-9]{1,5})?$/)
  return Object.freeze({
    id: 'htx',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: freshnessWith('tag-except-reads'),
    covers: ['method', 'host', 'path', 'query'],
    read,
    stringToSign: request => stringToSign(request, host),
    stamp,
    write,
    login: {
      freshness: freshnessWith('tag'),
      read: readLogin,
      stringToSign: (_, { keyId, timestamp }) => [
        `GET\n${host}\n/ws/v2\naccessKey=${keyId}&signatureMethod=HmacSHA256&signatureVersion=2.1`,
        `&timestamp=${encodeURIComponent(timestamp)}`,
      ],
      stamp,
      write: writeLogin,
    },
  } satisfies Scheme<'htx'>)
}

function freshnessWith(replay: ReplayRule): Freshness {
  return { kind: 'timestamp', recvWindowMs: 300_000, maxRecvWindowMs: 300_000, futureMs: 30_000, replay }
}

const INVALID = 'api-signature-not-valid'
const REFUSED: AnswerLine<string> = [200, INVALID, 'Signature not valid: API key has no permission [API Key没有权限]']
const UNKNOWN: AnswerLine<string> = [200, INVALID, 'Signature not valid: Incorrect Access key [Access key错误]']
const UNREADABLE: AnswerLine<string> = [200, 'bad-request', 'Bad request.']

/** Answers as HTX gives them: status 200, `{ status: 'error', 'err-code', 'err-msg', data: null }`. */
export const htxAnswer: Answer = /* @__PURE__ */ answersOf<string>(
  {
    malformed_request: UNREADABLE,
    request_too_large: UNREADABLE,
    permission_denied: REFUSED,
    account_not_allowed: REFUSED,
    address_not_allowed: REFUSED,
    ip_not_allowed: [200, INVALID, 'Signature not valid: Incorrect IP address [IP地址错误]'],
    route_not_declared: REFUSED,
    timestamp_outside_window: [200, INVALID, 'Signature not valid: Timestamp is out of the window.'],
    replayed: [200, INVALID, 'Signature not valid: This request was accepted before.'],
    otherwise: UNKNOWN,
  },
  (code, message) => ({ status: 'error', 'err-code': code, 'err-msg': message, data: null }),
)

function read({ method, target }: WireRequest): Claim | Malformed | undefined {
  const query = queryOf(target)
  if (!PRESENT.test(query)) return undefined
  if (!isPlainMethod(method)) return { malformed: 'method' }
  if (!isTarget(target)) return { malformed: 'target' }
  const parameters = parametersOf(query)
  if (parameters === undefined || sortedForm(parameters) === undefined) return { malformed: 'parameters' }
  const value = (wanted: string) => parameters.find(({ name }) => name === wanted)?.value ?? ''
  const keyId = value(KEY)
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  if (value(METHOD) !== 'HmacSHA256') return { malformed: METHOD }
  if (value(VERSION) !== '2') return { malformed: VERSION }
  const timestamp = plainText(value(TIME))
  const timestampMs = parseSeconds(timestamp)
  if (timestampMs < 0) return { malformed: TIME }
  const tag = TAG.parse(plainText(value(SIGNATURE)))
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, timestampMs, timestamp })
}

/** What was percent-encoded in the one way there is; empty for anything else. */
function plainText(encoded: string): string {
  const text = decodePercent(encoded) ?? ''
  return encodeURIComponent(text) === encoded ? text : ''
}

function parseSeconds(text: string): number {
  return text.length === 19 ? isoMilliseconds.parse(`${text}.000Z`) : -1
}

function stringToSign({ method, target }: WireRequest, host: string): readonly Part[] {
  return [`${method}\n${host}\n${pathOf(target)}\n${sortedForm(unsignedOf(target)) ?? ''}`]
}

function unsignedOf(target: string): readonly Parameter[] {
  return (parametersOf(queryOf(target)) ?? []).filter(({ name }) => name !== SIGNATURE)
}

function stamp({ keyId, nowMs }: Stamp): Claim {
  const timestampMs = Math.floor(nowMs / 1000) * 1000
  return claimOf({ keyId, timestampMs, timestamp: isoMilliseconds.format(timestampMs).slice(0, 19) })
}

/** All parameters in the order in which they are signed, and the signature last, as in ccxt. */
function write(request: WireRequest, { keyId, timestamp }: Claim, tag: Uint8Array): WireRequest {
  const { target } = request
  const credentials = [
    `${KEY}=${keyId}&${METHOD}=HmacSHA256&${VERSION}=2&${TIME}=${encodeURIComponent(timestamp)}`,
    queryOf(target),
  ]
  const query = credentials.filter(text => text !== '').join('&')
  const sorted = sortedForm(parametersOf(query) ?? []) || query
  const signature = tag.length > 0 ? `&${SIGNATURE}=${encodeURIComponent(TAG.format(tag))}` : ''
  return { ...request, target: `${pathOf(target)}?${sorted}${signature}` }
}

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  if (memberOf(message, 'action') !== 'req' || memberOf(message, 'ch') !== 'auth') return undefined
  const params = memberOf(message, 'params')
  const keyId = textIn(params, 'accessKey')
  if (!isField(keyId, KEY_ID)) return { malformed: 'accessKey' }
  if (textIn(params, 'authType') !== 'api') return { malformed: 'authType' }
  if (textIn(params, 'signatureMethod') !== 'HmacSHA256') return { malformed: 'signatureMethod' }
  if (textIn(params, 'signatureVersion') !== '2.1') return { malformed: 'signatureVersion' }
  const timestamp = textIn(params, 'timestamp')
  const timestampMs = parseSeconds(timestamp)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const tag = TAG.parse(textIn(params, 'signature'))
  return tag === undefined ? { malformed: 'signature' } : claimOf({ keyId, tag, timestampMs, timestamp })
}

function writeLogin(message: LoginMessage, { keyId, timestamp }: Claim, tag: Uint8Array): LoginMessage {
  const words = { authType: 'api', accessKey: keyId, signatureMethod: 'HmacSHA256', signatureVersion: '2.1' }
  const params = { ...words, timestamp, signature: TAG.format(tag) || undefined }
  return { ...message, params, action: 'req', ch: 'auth' }
}

import { keyPairsOf } from '#key-pairs'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { textIn } from '../dialect/member-text.js'
import { parseWindow, stampWindow } from '../dialect/recv-window.js'
import { readSignature, writeSignature } from '../dialect/signature-text.js'
import { readSignedParameters, signedParts, writeParameters } from '../dialect/signed-parameters.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { isObject, type Members, memberOf } from '../http/json.js'
import { decodePercent } from '../http/percent.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { invalidOption, readOptions } from '../options.js'
import { type Claim, claimOf, type Dialect, type LoginMessage, type Malformed, type Scheme } from '../scheme.js'
import { parseDecimal } from '../time.js'

export interface BinanceOptions {
  /**
   * Methods of the WebSocket API whose signed messages are taken for a login. Of two that are named here, one message can
   * be made the other. Default: `session.logon` and `userDataStream.subscribe.signature`.
   */
  readonly loginMethods?: readonly string[]
}

const HEADER = 'x-mbx-apikey'
const LOGIN_METHODS: readonly string[] = ['session.logon', 'userDataStream.subscribe.signature']

/** Of a WebSocket message: what joins parameters stands in no value, and what begins a value in no name. */
const NAME = /^\w+$/
const VALUE = /^[^&\p{Cc}\p{Cs}]*$/u

// Binance: timestamp < serverTime + 1000.
const FRESHNESS = {
  kind: 'timestamp',
  recvWindowMs: 5_000,
  maxRecvWindowMs: 60_000,
  futureMs: 999,
  replay: 'tag',
} as const

/**
 * Binance spot REST: the query followed by the body, both without `signature`, nothing in between, by HMAC-SHA256 (hex of
 * either case), Ed25519 or RSASSA-PKCS1-v1_5 with SHA-256 (base64, percent-encoded). Which of the three, the key says.
 * So that two requests cannot share a string (`q=1` + `0&p=2` is `q=10` + `&p=2`), more is asked than Binance asks:
 *
 * - all parameters, `signature` too, stand in the query or all in the body, so no clash needs a rule;
 * - every parameter is `name=value`; names are sent plain, but for brackets;
 * - `timestamp`, `recvWindow` and `signature` stand once at most, and `signature` last.
 *
 * Neither method, host nor path is covered, and moving all parameters between query and body goes unnoticed: the tag
 * is remembered for the window, so that a request cannot be repeated elsewhere. `timestamp` is in milliseconds, or in
 * microseconds when it has 16 digits. A fraction of `recvWindow` is cut off, towards the narrower window.
 *
 * The login is a message of the WebSocket API, one of `loginMethods`: `params` but `signature`, sorted by name, as they
 * are, not encoded. Values are texts without `&`, numbers, `true` or `false`. Which of the methods it is, nobody signs.
 * Binance takes `session.logon` with Ed25519 only; here, any key of the scheme may.
 *
 * @source https://github.com/binance/binance-spot-api-docs `rest-api.md`, "Request Security" and "Timing security";
 * `web-socket-api.md`, "Request security"; ccxt 4.5.84 `binance.js` and `pro/binance.js`, `sign` and `signParams`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function binance(options: BinanceOptions = {}): Scheme<'binance'> {
  const { loginMethods = LOGIN_METHODS } = readOptions('binance', options, { required: [], optional: ['loginMethods'] })
  if (!Array.isArray(loginMethods) || !loginMethods.every(method => typeof method === 'string')) {
    throw invalidOption('binance', 'loginMethods', 'a list of texts')
  }
  return Object.freeze({
    id: 'binance',
    proof: {
      kind: 'mac',
      hash: 'sha256',
      secretEncoding: utf8Secret,
      keyPairs: keyPairsOf(['ed25519', 'rsa-v1_5-sha256']),
    },
    freshness: FRESHNESS,
    covers: ['query', 'body'],
    read,
    stringToSign: signedParts,
    stamp: stampWindow,
    write,
    login: loginWith(loginMethods),
  } satisfies Scheme<'binance'>)
}

const OUTSIDE: AnswerLine<number> = [400, -1021, 'Timestamp for this request is outside of the recvWindow.']
const ILLEGAL: AnswerLine<number> = [400, -1100, 'Illegal characters found in a parameter.']

/** Answers as Binance gives them: `{ code, msg }`. */
export const binanceAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: ILLEGAL,
    request_too_large: ILLEGAL,
    missing_credentials: [401, -2014, 'API-key format invalid.'],
    malformed_credentials: [401, -2014, 'API-key format invalid.'],
    timestamp_outside_window: OUTSIDE,
    recv_window_too_large: [400, -1131, 'recvWindow must be less than 60000.'],
    invalid_credentials: [400, -1022, 'Signature for this request is not valid.'],
    replayed: OUTSIDE,
    otherwise: [401, -2015, 'Invalid API-key, IP, or permissions for action.'],
  },
  (code, msg) => ({ code, msg }),
)

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, HEADER)
  if (keyId === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: HEADER }
  const found = readSignedParameters(request)
  if ('malformed' in found) return found
  const { timestamp = '', recvWindow, signature = '' } = found
  // One spelling of the escapes.
  const plain = decodePercent(signature) ?? ''
  const tag = encodeURIComponent(plain) === signature ? tagOf(plain) : undefined
  return claimFrom({ keyId, timestamp, recvWindow }, tag)
}

interface Texts {
  readonly keyId: string
  readonly timestamp: string
  readonly recvWindow: string | undefined
}

function claimFrom({ keyId, timestamp, recvWindow }: Texts, tag: Uint8Array | undefined): Claim | Malformed {
  const timestampMs =
    timestamp.length === 16 ? Math.floor(parseDecimal(timestamp, 16) / 1000) : parseDecimal(timestamp, 15)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const recvWindowMs = recvWindow === undefined ? -1 : wholeMs(recvWindow)
  if (recvWindowMs === 0) return { malformed: 'recvWindow' }
  if (tag === undefined) return { malformed: 'signature' }
  return claimOf({ keyId, tag, timestampMs, timestamp, recvWindow: recvWindow ?? '', recvWindowMs })
}

/** A positive number with up to three decimals, cut to whole milliseconds; 0 for anything else. */
function wholeMs(text: string): number {
  const [, whole = text] = /^([0-9]+)\.[0-9]{1,3}$/.exec(text) ?? []
  return parseWindow(whole)
}

/** Hex digits of either case are the same bytes, and the bytes are what is compared and remembered. */
function tagOf(signature: string): Uint8Array | undefined {
  return readSignature(signature.length === 64 ? signature.toLowerCase() : signature)
}

/** Same order as ccxt. */
function write(request: WireRequest, { keyId, timestamp, recvWindow }: Claim, tag: Uint8Array): WireRequest {
  const signed = writeParameters(request, parameters => {
    const parts = [`timestamp=${timestamp}`]
    if (parameters !== '') parts.push(parameters)
    if (recvWindow !== '') parts.push(`recvWindow=${recvWindow}`)
    if (tag.length > 0) parts.push(`signature=${encodeURIComponent(writeSignature(tag))}`)
    return parts.join('&')
  })
  return { ...signed, headers: { ...request.headers, [HEADER]: keyId } }
}

function loginWith(methods: readonly unknown[]): Dialect<LoginMessage> {
  return {
    freshness: FRESHNESS,
    read: message => (methods.includes(memberOf(message, 'method')) ? readLogin(paramsOf(message)) : undefined),
    stringToSign: message => [loginText(paramsOf(message)) ?? ''],
    stamp: stampWindow,
    write: writeLogin,
  }
}

function readLogin(params: Members): Claim | Malformed {
  const keyId = textIn(params, 'apiKey')
  if (!isField(keyId, KEY_ID)) return { malformed: 'apiKey' }
  if (loginText(params) === undefined) return { malformed: 'params' }
  const [timestamp = '', recvWindow] = ['timestamp', 'recvWindow'].map(name => valueText(memberOf(params, name)))
  return claimFrom({ keyId, timestamp, recvWindow }, tagOf(textIn(params, 'signature')))
}

function paramsOf(message: LoginMessage): Members {
  const params = memberOf(message, 'params')
  return isObject(params) ? params : {}
}

/** The parameters but the signature, sorted by name; `undefined` when one has no place in a text. */
function loginText(params: Members): string | undefined {
  const names = Object.keys(params).filter(name => name !== 'signature')
  if (!names.every(name => NAME.test(name) && VALUE.test(valueText(params[name]) ?? '&'))) return undefined
  const parameters = names.sort().map(name => `${name}=${params[name]}`)
  return parameters.join('&')
}

function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Number.isFinite(value) || typeof value === 'boolean' ? String(value) : undefined
}

/** Sorted, as in ccxt. */
function writeLogin(message: LoginMessage, { keyId, timestamp, recvWindow }: Claim, tag: Uint8Array): LoginMessage {
  const times = { timestamp: Number(timestamp), ...(recvWindow !== '' && { recvWindow: Number(recvWindow) }) }
  const sorted = Object.entries({ ...paramsOf(message), apiKey: keyId, ...times }).sort(([a], [b]) => (a < b ? -1 : 1))
  const params = { ...Object.fromEntries(sorted), signature: writeSignature(tag) || undefined }
  return { ...message, method: memberOf(message, 'method') ?? LOGIN_METHODS[0], params }
}

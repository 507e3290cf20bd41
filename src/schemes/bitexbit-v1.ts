import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Answer, answersOf } from '../http/answer.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

const KEY = 'x-key'
const NONCE = 'x-nonce'
const SIGNATURE = 'x-sign'

/** Digits of the largest nonce that a number of JavaScript holds, 2^53−1. */
const NONCE_DIGITS = 16
/** Late requests that may still pass once each. */
const WINDOW = 256
const MAX_BODY_BYTES = 65_536

/** Names stand in the string as they are, so they are such as no encoding would change. */
const NAME: Field = { min: 1, max: 128, foreign: /[^A-Za-z0-9_.-]/ }
/** A form is percent-encoded, hence ASCII without blanks; `&` and `=` part its pieces. */
const FORM_VALUE: Field = { min: 0, max: MAX_BODY_BYTES, foreign: /[^!-%'-<>-~]/ }

/**
 * bitexbit HTTP API v1: HMAC-SHA256 over the key and the parameters of the body, sorted by name. A form's parameters are
 * signed as they stand in the body (`+` or `%20`, as its client encodes); those of a JSON object as `encodeURIComponent`
 * writes them. Names stand once each, without anything to encode, and values of JSON are texts or whole numbers.
 *
 * The order of parameters, and white space between those of JSON, change nothing.
 *
 * This is the weakest of the dialects: neither method, host, path, query nor nonce is covered, so whoever sees a request
 * can repeat it with a higher nonce, anywhere. Read requests all have the same signature. Prefer v2.
 *
 * @source https://bitexbit.github.io/api-docs-v1, "Authorization"
 */
export function bitexbitV1(): Scheme<'bitexbit-v1'> {
  return Object.freeze({
    id: 'bitexbit-v1',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: { kind: 'rising-nonce', window: WINDOW },
    covers: ['body'],
    read,
    stringToSign: ({ body }, { keyId }) => [keyId + (parametersOf(body) ?? '')],
    stamp,
    write,
  } satisfies Scheme<'bitexbit-v1'>)
}

/** Answers as bitexbit gives them: HTTP statuses with the detail in the body. */
export const bitexbitV1Answer: Answer = /* @__PURE__ */ answersOf<undefined>(
  {
    malformed_request: [400, undefined, 'Bad request.'],
    request_too_large: [400, undefined, 'The request is too large.'],
    replayed: [401, undefined, 'The nonce must be greater than that of the last call.'],
    ip_not_allowed: [403, undefined, 'You do not have access to do the operation from this address.'],
    address_not_allowed: [403, undefined, 'You do not have access to do the operation with this address.'],
    account_not_allowed: [403, undefined, 'You do not have access to do the operation.'],
    permission_denied: [403, undefined, 'You do not have access to do the operation.'],
    route_not_declared: [403, undefined, 'You do not have access to do the operation.'],
    otherwise: [401, undefined, 'The authentication headers are not valid.'],
  },
  (_, detail) => ({ detail }),
)

function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  return claimOf({ keyId, nonce: String(Math.max(nowMs, Number(lastNonce) + 1)) })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const nonce = headerOf(request, NONCE)
  const signature = headerOf(request, SIGNATURE)
  // The same names as in bitexbit's gateway, which has a timeout instead.
  if ((keyId ?? nonce ?? signature) === undefined || headerOf(request, 'x-timeout') !== undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  if (nonce === undefined || parseDecimal(nonce, NONCE_DIGITS) < 1) return { malformed: NONCE }
  if (!isTarget(request.target)) return { malformed: 'target' }
  if (parametersOf(request.body) === undefined) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, nonce })
}

/** The parameters as they are signed; `undefined` when the body is neither empty, a form nor a flat JSON object. */
function parametersOf(body: Uint8Array): string | undefined {
  if (!(body instanceof Uint8Array) || body.length > MAX_BODY_BYTES) return undefined
  if (body.length === 0) return ''
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const pairs = text.startsWith('{') ? pairsOfJson(text) : pairsOfForm(text)
  if (pairs === undefined || new Set(pairs.map(([name]) => name)).size < pairs.length) return undefined
  const sorted = pairs.sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([name, value]) => `${name}=${value}`).join('&')
}

type Pair = readonly [name: string, value: string]

function pairsOfForm(text: string): Pair[] | undefined {
  const pairs = text.split('&').map((piece): Pair => {
    const equals = piece.indexOf('=')
    return equals < 0 ? ['', ''] : [piece.slice(0, equals), piece.slice(equals + 1)]
  })
  return pairs.every(([name, value]) => isField(name, NAME) && isField(value, FORM_VALUE)) ? pairs : undefined
}

/** `JSON.parse` keeps the last of equal names, which then are fewer than the text has: told by their colons. */
function pairsOfJson(text: string): Pair[] | undefined {
  const object = parseJson(text)
  if (object === undefined) return undefined
  const entries = Object.entries(object)
  if (!entries.every(([name, value]) => isField(name, NAME) && isPlain(value)) || entries.length !== membersOf(text)) {
    return undefined
  }
  return entries.map(([name, value]) => [name, encodeURIComponent(String(value))])
}

function parseJson(text: string): object | undefined {
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' ? value.isWellFormed() : Number.isSafeInteger(value)
}

/** How many members a flat JSON object has as text: its colons outside of texts. */
function membersOf(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}

function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [NONCE]: nonce, [SIGNATURE]: signature } }
}

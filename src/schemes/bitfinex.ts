import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isJsonLike } from '../http/body.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { memberOf } from '../http/json.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type LoginMessage, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

const KEY = 'bfx-apikey'
const NONCE = 'bfx-nonce'
const SIGNATURE = 'bfx-signature'

/** Digits of a nonce in microseconds, and of the largest nonce there is, 2^53−1. */
const MICROSECOND_DIGITS = 16
/** Digits of the shortest nonce of a login, in milliseconds: written twice, none is as short as another written once. */
const MILLISECOND_DIGITS = 13
/** Late requests that may still pass once each. */
const WINDOW = 256

/** The characters of a path in RFC 3986: no `{` and no `[`, which begin a body. */
const PATH: Field = { min: 1, max: 16_384, foreign: /[^!$-;=@-Z_a-z~]/ }

/**
 * Bitfinex REST v2: HMAC-SHA384 over `/api` + path + nonce + body, with nothing in between. So that two requests cannot
 * share a string (`/x1` + `23` is `/x` + `123`), more is asked than Bitfinex asks:
 *
 * - a body is empty or begins with `{` or `[`, and no path holds either: the nonce ends there;
 * - a nonce is 1 to 2^53−1 without leading zeros;
 * - a path that ends in digits, not all of them zeros, needs a nonce of 16 digits (microseconds).
 *
 * Every endpoint of Bitfinex and every request of ccxt passes, except a path that ends in such digits signed with a
 * nonce in milliseconds. The query, the method and the host are not covered.
 *
 * The login is `{ event: 'auth', apiKey, authNonce, authPayload, authSig }` and signs `authPayload`, which Bitfinex leaves
 * to the client. Here it is `AUTH` and the nonce, once as in ccxt or twice as in Bitfinex's own library, and the nonce has
 * 13 digits at least. It rises apart from that of requests.
 *
 * @source https://docs.bitfinex.com/docs/rest-auth and /docs/ws-auth; ccxt 4.5.84 `bitfinex.js`, `sign`, and
 * `pro/bitfinex.js`, `authenticate`; bitfinexcom/bfx-api-node-util `lib/gen_auth_sig.js`. The nonce's maximum is the one
 * documented for the WebSocket login, as quoted in Crypto-toolbox/btfxwss#164.
 */
export function bitfinex(): Scheme<'bitfinex'> {
  return Object.freeze({
    id: 'bitfinex',
    proof: { kind: 'mac', hash: 'sha384', secretEncoding: utf8Secret },
    freshness: { kind: 'rising-nonce', window: WINDOW },
    covers: ['path', 'body', 'nonce'],
    read,
    stringToSign: (request, { nonce }) => [`/api${pathOf(request.target)}${nonce}`, request.body],
    stamp,
    write,
    login: {
      freshness: { kind: 'rising-nonce', window: WINDOW },
      read: readLogin,
      stringToSign: message => [textIn(message, 'authPayload')],
      stamp,
      write: writeLogin,
    },
  } satisfies Scheme<'bitfinex'>)
}

const UNKNOWN: AnswerLine<number> = [500, 10100, 'apikey: invalid']
const INVALID: AnswerLine<number> = [500, 10020, 'request: invalid']

/** Answers as Bitfinex gives them: status 500, `['error', code, message]`. */
export const bitfinexAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: INVALID,
    request_too_large: INVALID,
    missing_credentials: UNKNOWN,
    malformed_credentials: UNKNOWN,
    invalid_credentials: UNKNOWN,
    key_inactive: UNKNOWN,
    key_revoked: UNKNOWN,
    key_expired: UNKNOWN,
    replayed: [500, 10114, 'nonce: small'],
    otherwise: [500, 10001, 'api_key: permission invalid'],
  },
  (code, message) => ['error', code, message],
)

/** Microseconds since 1970, or one more than the last. */
function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  return claimOf({ keyId, nonce: String(Math.max(nowMs * 1000, Number(lastNonce) + 1)) })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const nonce = headerOf(request, NONCE)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? nonce ?? signature) === undefined) return undefined
  if (keyId === undefined || !isField(keyId, KEY_ID)) return { malformed: KEY }
  if (nonce === undefined || parseDecimal(nonce, MICROSECOND_DIGITS) < 1) return { malformed: NONCE }
  const path = isTarget(request.target) ? pathOf(request.target) : ''
  if (!isField(path, PATH)) return { malformed: 'target' }
  if (nonce.length !== MICROSECOND_DIGITS && endsInNumber(path)) return { malformed: NONCE }
  if (!isJsonLike(request.body)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 48)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, nonce })
}

/** Whether the digits at the end of the path hold any but zeros; a nonce cannot begin with a zero, so those are the path's. */
function endsInNumber(path: string): boolean {
  let at = path.length
  while (path.charCodeAt(at - 1) === 48) at--
  const code = path.charCodeAt(at - 1)
  return code >= 49 && code <= 57
}

function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [NONCE]: nonce, [SIGNATURE]: signature } }
}

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  if (memberOf(message, 'event') !== 'auth') return undefined
  const keyId = textIn(message, 'apiKey')
  if (!isField(keyId, KEY_ID)) return { malformed: 'apiKey' }
  const nonce = numberIn(message, 'authNonce')
  if (nonce.length < MILLISECOND_DIGITS || parseDecimal(nonce, MICROSECOND_DIGITS) < 0)
    return { malformed: 'authNonce' }
  const payload = textIn(message, 'authPayload')
  if (payload !== `AUTH${nonce}` && payload !== `AUTH${nonce}${nonce}`) return { malformed: 'authPayload' }
  const tag = decodeHex(textIn(message, 'authSig'), 48)
  return tag === undefined ? { malformed: 'authSig' } : claimOf({ keyId, tag, nonce })
}

function writeLogin(message: LoginMessage, { keyId, nonce }: Claim, tag: Uint8Array): LoginMessage {
  const authSig = encodeHex(tag) || undefined
  const authNonce = Number(nonce)
  return { ...message, apiKey: keyId, authSig, authNonce, authPayload: `AUTH${nonce}`, event: 'auth' }
}

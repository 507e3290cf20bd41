import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { parseWindow, stampWindow } from '../dialect/recv-window.js'
import { readSignedParameters, signedParts, writeParameters } from '../dialect/signed-parameters.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme } from '../scheme.js'
import { parseDecimal } from '../time.js'

const HEADER = 'x-mexc-apikey'

/**
 * MEXC spot v3: HMAC-SHA256 over the query followed by the body, both without `signature`, nothing in between. So that
 * two requests cannot share a string (`q=1` + `0&p=2` is `q=10` + `&p=2`), more is asked than MEXC asks:
 *
 * - all parameters, `signature` too, stand in the query or all in the body;
 * - a body is empty or a form, whatever its content type says: what MEXC calls broker endpoints, which take JSON that
 *   nobody signs, are not spoken;
 * - every parameter is `name=value`; names are sent plain, but for brackets;
 * - `timestamp`, `recvWindow` and `signature` stand once at most, and `signature` last, in lower case.
 *
 * Neither method, host nor path is covered, and moving all parameters between query and body goes unnoticed: the tag
 * is remembered for the window, so that a request cannot be repeated elsewhere.
 *
 * @source https://mexcdevelop.github.io/apidocs/spot_v3_en "Signed" and "Timing security"; ccxt 4.5.84 `mexc.js`, `sign`.
 * The first two examples of the documentation print two signatures for one message; the one beginning with `fd3e4e85` is
 * right.
 */
export function mexcSpot(): Scheme<'mexc-spot'> {
  return Object.freeze({
    id: 'mexc-spot',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    // MEXC: timestamp < serverTime + 1000.
    freshness: { kind: 'timestamp', recvWindowMs: 5_000, maxRecvWindowMs: 60_000, futureMs: 999, replay: 'tag' },
    covers: ['query', 'body'],
    read,
    stringToSign: signedParts,
    stamp: stampWindow,
    write,
  } satisfies Scheme<'mexc-spot'>)
}

const FORBIDDEN: AnswerLine<number> = [403, 700007, 'No permission to access the endpoint.']
const KEY_FORMAT: AnswerLine<number> = [400, 700001, 'API-key format invalid.']
const OUTSIDE: AnswerLine<number> = [400, 700003, 'Timestamp for this request is outside of the recvWindow.']
const ILLEGAL: AnswerLine<number> = [400, 700008, 'Illegal characters found in parameter.']

/** Answers as MEXC gives them: `{ code, msg }`. */
export const mexcSpotAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: ILLEGAL,
    request_too_large: ILLEGAL,
    missing_credentials: KEY_FORMAT,
    malformed_credentials: KEY_FORMAT,
    timestamp_outside_window: OUTSIDE,
    recv_window_too_large: [400, 700005, 'recvWindow must less than 60000.'],
    invalid_credentials: [400, 700002, 'Signature for this request is not valid.'],
    key_inactive: KEY_FORMAT,
    key_revoked: KEY_FORMAT,
    key_expired: KEY_FORMAT,
    ip_not_allowed: [403, 700006, 'IP non white list.'],
    replayed: OUTSIDE,
    otherwise: FORBIDDEN,
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
  const timestampMs = parseDecimal(timestamp, 15)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const recvWindowMs = parseWindow(recvWindow)
  if (recvWindowMs === 0) return { malformed: 'recvWindow' }
  const tag = decodeHex(signature, 32)
  if (tag === undefined) return { malformed: 'signature' }
  return claimOf({ keyId, tag, timestampMs, timestamp, recvWindow: recvWindow ?? '', recvWindowMs })
}

/** Same order as ccxt. */
function write(request: WireRequest, { keyId, timestamp, recvWindow }: Claim, tag: Uint8Array): WireRequest {
  const signed = writeParameters(request, parameters => {
    const parts = parameters === '' ? [] : [parameters]
    parts.push(`timestamp=${timestamp}`)
    if (recvWindow !== '') parts.push(`recvWindow=${recvWindow}`)
    if (tag.length > 0) parts.push(`signature=${encodeHex(tag)}`)
    return parts.join('&')
  })
  return { ...signed, headers: { ...request.headers, [HEADER]: keyId } }
}

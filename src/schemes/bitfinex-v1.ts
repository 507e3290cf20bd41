import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { agreesWith, readPayload, writePayload } from '../dialect/json-payload.js'
import { numberText } from '../dialect/number-text.js'
import { isNonce, NONCE_WINDOW, nextNonce } from '../dialect/rising-nonce.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { textOfBytes } from '../http/body.js'
import { isField, isTarget, KEY_ID } from '../http/field.js'
import { memberOf, prependMembers } from '../http/json.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'

const KEY = 'x-bfx-apikey'
const PAYLOAD = 'x-bfx-payload'
const SIGNATURE = 'x-bfx-signature'

/**
 * Bitfinex REST v1, the legacy one: HMAC-SHA384 over the base64 text of a JSON object in a header, which holds path and
 * query as `request`, the `nonce` and all parameters. Its members are what counts; take parameters from there. Beyond what
 * Bitfinex asks:
 *
 * - the method is `POST`, and `request` is path and query as sent;
 * - no object has a name twice; the nonce is 1 to 2^64−1 in plain digits, as a JSON number 2^53−1 at most;
 * - the body, which nobody signs, is empty or repeats members of the payload with the same values: clients send the text
 *   of the payload once more.
 *
 * Host and content type are not covered, nor is the body: it can be left out, and say nothing else. The nonce must rise
 * per key; the 256 highest are remembered, so that late ones pass once. Bitfinex's own client counts microseconds, ccxt
 * milliseconds: the latter is locked out of a key that the former has used.
 *
 * @source https://docs.bitfinex.com/v1/docs/rest-auth; ccxt 4.2.98 `bitfinex.js`, `sign`
 */
export function bitfinexV1(): Scheme<'bitfinex-v1'> {
  return Object.freeze({
    id: 'bitfinex-v1',
    proof: { kind: 'mac', hash: 'sha384', secretEncoding: utf8Secret },
    freshness: { kind: 'rising-nonce', window: NONCE_WINDOW },
    covers: ['method', 'path', 'query', 'nonce'],
    read,
    stringToSign: request => [headerOf(request, PAYLOAD) ?? ''],
    stamp,
    write,
  } satisfies Scheme<'bitfinex-v1'>)
}

const UNKNOWN: AnswerLine<string> = [400, 'Could not find a key matching the given X-BFX-APIKEY.', '']

/** Answers as Bitfinex gives them: status 400, `{ message }`. */
export const bitfinexV1Answer: Answer = /* @__PURE__ */ answersOf<string>(
  {
    malformed_request: [400, 'Invalid json.', ''],
    request_too_large: [400, 'Invalid json.', ''],
    missing_credentials: UNKNOWN,
    malformed_credentials: [400, 'Invalid X-BFX-SIGNATURE.', ''],
    invalid_credentials: [400, 'Invalid X-BFX-SIGNATURE.', ''],
    key_inactive: UNKNOWN,
    key_revoked: UNKNOWN,
    key_expired: UNKNOWN,
    replayed: [400, 'Nonce is too small.', ''],
    otherwise: [400, 'This API key does not have permission for this action', ''],
  },
  message => ({ message }),
)

/** Microseconds since 1970, or one more than the last. */
function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  return claimOf({ keyId, nonce: nextNonce(nowMs * 1000, lastNonce) })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const base64 = headerOf(request, PAYLOAD)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? base64 ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  const payload = readPayload(base64)
  if (payload === undefined) return { malformed: PAYLOAD }
  if (request.method !== 'POST') return { malformed: 'method' }
  if (!isTarget(request.target) || memberOf(payload.members, 'request') !== request.target) {
    return { malformed: 'target' }
  }
  const nonce = numberText(memberOf(payload.members, 'nonce'))
  if (!isNonce(nonce)) return { malformed: 'nonce' }
  if (!agreesWith(request.body, payload)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 48)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, nonce })
}

/** The members of the body follow the nonce and the path, and the body is the same object, as in ccxt. */
function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const first = `"nonce":"${nonce}","request":${JSON.stringify(request.target)}`
  const text = prependMembers(first, textOfBytes(request.body) ?? '\ufffd')
  const signature = encodeHex(tag) || undefined
  const credentials = { [KEY]: keyId, [PAYLOAD]: writePayload(text), [SIGNATURE]: signature }
  return { ...request, headers: { ...request.headers, ...credentials }, body: encodeUtf8(text) }
}

import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { agreesWith, readPayload, writePayload } from '../dialect/json-payload.js'
import { numberText } from '../dialect/number-text.js'
import { isNonce, NONCE_WINDOW, nextNonce } from '../dialect/rising-nonce.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { textOfBytes } from '../http/body.js'
import { isField, isTarget, KEY_ID } from '../http/field.js'
import { memberOf, prependMembers } from '../http/json.js'
import { EMPTY_BODY, headerOf, pathOf, type WireRequest } from '../http/request.js'
import { invalidOption, readOptions } from '../options.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

export interface GeminiOptions {
  /**
   * What the nonces of the keys are. `rising`: a number that rises per key, which is the default. `seconds`: Gemini's
   * "time based nonce", the time in seconds, accepted within 30 seconds to either side.
   */
  readonly nonce?: 'rising' | 'seconds'
}

const KEY = 'x-gemini-apikey'
const PAYLOAD = 'x-gemini-payload'
const SIGNATURE = 'x-gemini-signature'

/** Digits of a time in seconds: from the year 2001 to 2286. */
const SECOND_DIGITS = 10

/**
 * Gemini: HMAC-SHA384 over the base64 text of a JSON object in a header, which holds the path as `request`, the `nonce`
 * and all parameters. Its members are what counts; whoever routes must take parameters from there. Beyond what Gemini
 * asks:
 *
 * - `request` is the path of the request; only a `GET` may have a query, which the WebSocket handshake has;
 * - no object has a name twice; the nonce is 1 to 2^64−1 in plain digits, as a JSON number 2^53−1 at most;
 * - the body, which nobody signs, is empty or repeats members of the payload with the same values, as ccxt sends it.
 *
 * Method, host, content type and the query of a handshake are not covered, nor is the body: it can be left out, and
 * say nothing else. The WebSocket is logged in by these headers on its handshake, which is judged as any request, so
 * there is no login message. Of rising nonces the 256 highest are remembered, so that late ones pass once; with times
 * for nonces, the tag is.
 *
 * @source https://developer.gemini.com/authentication/api-key; ccxt 4.5.84 `gemini.js`, `sign`, and `pro/gemini.js`,
 * `authenticate`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function gemini(options: GeminiOptions = {}): Scheme<'gemini'> {
  const { nonce = 'rising' } = readOptions('gemini', options, { required: [], optional: ['nonce'] })
  if (nonce !== 'rising' && nonce !== 'seconds') throw invalidOption('gemini', 'nonce', `'rising' or 'seconds'`)
  const nonces = nonce === 'rising' ? RISING : SECONDS
  return Object.freeze({
    id: 'gemini',
    proof: { kind: 'mac', hash: 'sha384', secretEncoding: utf8Secret },
    freshness: nonces.freshness,
    covers: nonces.covers,
    partial: {
      query: 'A GET may have one, and only there it is not signed; any other request that has one is refused.',
    },
    read: request => read(request, nonces),
    stringToSign: request => [headerOf(request, PAYLOAD) ?? ''],
    stamp: nonces.stamp,
    write,
  } satisfies Scheme<'gemini'>)
}

/** What the option decides. */
interface Nonces extends Pick<Scheme, 'freshness' | 'covers'> {
  stamp(stamp: Stamp): Claim
  /** The part of the claim that is the nonce; `undefined` for what is none. */
  read(nonce: string): Partial<Claim> | undefined
}

const RISING: Nonces = {
  freshness: { kind: 'rising-nonce', window: NONCE_WINDOW },
  covers: ['path', 'nonce'],
  stamp: ({ keyId, nowMs, lastNonce }) => claimOf({ keyId, nonce: nextNonce(nowMs, lastNonce) }),
  read: nonce => (isNonce(nonce) ? { nonce } : undefined),
}

const SECONDS: Nonces = {
  freshness: within(30_000, 'tag'),
  covers: ['path'],
  stamp({ keyId, nowMs }) {
    const seconds = Math.floor(nowMs / 1000)
    return claimOf({ keyId, timestampMs: seconds * 1000, timestamp: String(seconds) })
  },
  read(timestamp) {
    const seconds = timestamp.length === SECOND_DIGITS ? parseDecimal(timestamp, SECOND_DIGITS) : -1
    return seconds < 0 ? undefined : { timestamp, timestampMs: seconds * 1000 }
  },
}

type Line = AnswerLine<string>

const KEY_WRONG: Line = [400, 'InvalidApiKey', 'Invalid API key.']
const NONCE_WRONG: Line = [400, 'InvalidNonce', 'The nonce was not greater than the previously used nonce.']
const JSON_WRONG: Line = [400, 'InvalidJson', 'The JSON provided is invalid.']

/** Answers as Gemini gives them: `{ result: 'error', reason, message }`. */
export const geminiAnswer: Answer = /* @__PURE__ */ answersOf<string>(
  {
    malformed_request: JSON_WRONG,
    request_too_large: JSON_WRONG,
    missing_credentials: [400, 'MissingApikeyHeader', 'The X-GEMINI-APIKEY header was missing.'],
    malformed_credentials: [400, 'InvalidSignature', 'The signature is not valid.'],
    timestamp_outside_window: NONCE_WRONG,
    invalid_credentials: [400, 'InvalidSignature', 'The signature is not valid.'],
    key_inactive: KEY_WRONG,
    key_revoked: KEY_WRONG,
    key_expired: KEY_WRONG,
    replayed: NONCE_WRONG,
    otherwise: [403, 'MissingRole', 'The API key does not have the role that this endpoint needs.'],
  },
  (reason, message) => ({ result: 'error', reason, message }),
)

function read(request: WireRequest, nonces: Nonces): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const base64 = headerOf(request, PAYLOAD)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? base64 ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  const payload = readPayload(base64)
  if (payload === undefined) return { malformed: PAYLOAD }
  const { target, method } = request
  const path = isTarget(target) ? pathOf(target) : ''
  if (memberOf(payload.members, 'request') !== path || (method !== 'GET' && path !== target)) {
    return { malformed: 'target' }
  }
  const nonce = nonces.read(numberText(memberOf(payload.members, 'nonce')))
  if (nonce === undefined) return { malformed: 'nonce' }
  if (!agreesWith(request.body, payload)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 48)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, ...nonce })
}

/** The members of the body follow the path and the nonce, as in ccxt. A `GET` is sent without its body. */
function write(request: WireRequest, { keyId, nonce, timestamp }: Claim, tag: Uint8Array): WireRequest {
  const { method, target, headers, body } = request
  const first = `"request":${JSON.stringify(pathOf(target))},"nonce":"${nonce || timestamp}"`
  const payload = writePayload(prependMembers(first, textOfBytes(body) ?? '\ufffd'))
  const credentials = { [KEY]: keyId, [PAYLOAD]: payload, [SIGNATURE]: encodeHex(tag) || undefined }
  return { ...request, headers: { ...headers, ...credentials }, body: method === 'GET' ? EMPTY_BODY : body }
}

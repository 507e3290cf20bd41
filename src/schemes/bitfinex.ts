import { sha384 } from '#hash'
import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { EMPTY_BODY, headerOf, pathOf, type WireRequest } from '../http/request.js'
import type { Claim, Malformed, Scheme, Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

const KEY = 'bfx-apikey'
const NONCE = 'bfx-nonce'
const SIGNATURE = 'bfx-signature'

/** Digits of a nonce in microseconds, and of the largest nonce there is, 2^53−1. */
const MICROSECOND_DIGITS = 16
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
 * @source https://docs.bitfinex.com/docs/rest-auth; ccxt 4.5.84 `bitfinex.js`, `sign`. The nonce's maximum is the one
 * documented for the WebSocket login, as quoted in Crypto-toolbox/btfxwss#164.
 */
export function bitfinex(): Scheme<'bitfinex'> {
  return Object.freeze({
    id: 'bitfinex',
    proof: { kind: 'mac', hash: sha384, secretEncoding: utf8Secret },
    freshness: { kind: 'rising-nonce', window: WINDOW },
    covers: ['path', 'body'],
    read,
    stringToSign: (request, { nonce }) => [`/api${pathOf(request.target)}${nonce}`, request.body],
    stamp,
    write,
  } satisfies Scheme<'bitfinex'>)
}

function claimOf(keyId: string, tag: Uint8Array, nonce: string): Claim {
  return { keyId, tag, timestampMs: 0, timestamp: '', nonce, recvWindow: '', recvWindowMs: -1 }
}

/** Microseconds since 1970, or one more than the last. */
function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  return claimOf(keyId, EMPTY_BODY, String(Math.max(nowMs * 1000, Number(lastNonce) + 1)))
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
  if (!isBody(request.body)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 48)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf(keyId, tag, nonce)
}

/** Whether the digits at the end of the path hold any but zeros; a nonce cannot begin with a zero, so those are the path's. */
function endsInNumber(path: string): boolean {
  let at = path.length
  while (path.charCodeAt(at - 1) === 48) at--
  const code = path.charCodeAt(at - 1)
  return code >= 49 && code <= 57
}

function isBody(body: Uint8Array): boolean {
  return body instanceof Uint8Array && (body.length === 0 || body[0] === 0x7b || body[0] === 0x5b)
}

function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [NONCE]: nonce, [SIGNATURE]: signature } }
}

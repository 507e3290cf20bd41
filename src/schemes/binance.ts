import { sha256 } from '#hash'
import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { EMPTY_BODY, headerOf, pathOf, queryOf, type WireRequest } from '../http/request.js'
import type { Claim, Malformed, Scheme, Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

const HEADER = 'x-mbx-apikey'
/** `signature=` and 64 hex digits. */
const SIGNATURE_CHARS = 74

/** A form is percent-encoded, hence ASCII without blanks. */
const FORM: Field = { min: 1, max: 65_536, foreign: /[^!-~]/ }
const FRACTION: Field = { min: 1, max: 3, foreign: /[^0-9]/ }

/**
 * Binance spot REST: HMAC-SHA256 over the query followed by the body, both without `signature`, nothing in between.
 * So that two requests cannot share a string (`q=1` + `0&p=2` is `q=10` + `&p=2`), more is asked than Binance asks:
 *
 * - signed parameters stand in the query or in the body, never in both, so no clash needs a rule;
 * - every parameter is `name=value`; names are sent plain, without `%` or `+`;
 * - `timestamp`, `recvWindow` and `signature` stand once at most, and `signature` last.
 *
 * Neither method, host nor path is covered, and moving all parameters between query and body goes unnoticed: the tag
 * is remembered for the window, so that a request cannot be repeated elsewhere. `timestamp` is in milliseconds, or in
 * microseconds when it has 16 digits. A fraction of `recvWindow` is cut off, towards the narrower window.
 *
 * @source https://github.com/binance/binance-spot-api-docs `rest-api.md`, "Request Security" and "Timing security"
 */
export function binance(): Scheme<'binance'> {
  return Object.freeze({
    id: 'binance',
    proof: { kind: 'mac', hash: sha256, secretEncoding: utf8Secret },
    // Binance: timestamp < serverTime + 1000.
    freshness: { kind: 'timestamp', recvWindowMs: 5_000, maxRecvWindowMs: 60_000, futureMs: 999, replay: 'tag' },
    covers: ['query', 'body'],
    read,
    stringToSign,
    stamp,
    write,
  } satisfies Scheme<'binance'>)
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, HEADER)
  if (keyId === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: HEADER }
  if (!isTarget(request.target)) return { malformed: 'target' }
  const query = queryOf(request.target)
  const form = formOf(request.body)
  if (form === undefined || (withoutSignature(query) !== '' && withoutSignature(form) !== '')) {
    return { malformed: 'body' }
  }
  const found: Found = { timestamp: undefined, recvWindow: undefined, signature: undefined }
  const wrong = collect(query, found) ?? collect(form, found)
  return wrong === undefined ? claimOf(keyId, found) : { malformed: wrong }
}

/** The body's text; `undefined` when it is no form. A byte order mark is a character here, hence refused. */
function formOf(body: Uint8Array): string | undefined {
  if (!(body instanceof Uint8Array) || body.length > FORM.max) return undefined
  const text = decode(body)
  return text === '' || isField(text, FORM) ? text : undefined
}

function decode(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

interface Found {
  timestamp: string | undefined
  recvWindow: string | undefined
  signature: string | undefined
}

/** Gathers the credential parameters of one text; returns the name of the first parameter that is not in its place. */
function collect(text: string, found: Found): string | undefined {
  for (let start = 0; text !== '' && start <= text.length; ) {
    const equals = text.indexOf('=', start)
    const ampersand = text.indexOf('&', start)
    const end = ampersand < 0 ? text.length : ampersand
    // Refused at once, so that a text without '=' is not searched to its end again and again.
    if (equals <= start || equals > end) return 'parameters'
    const name = text.slice(start, equals)
    if (name.includes('%') || name.includes('+')) return 'parameters'
    if (name === 'timestamp' || name === 'recvWindow' || name === 'signature') {
      if (found[name] !== undefined || (name === 'signature' && end !== text.length)) return name
      found[name] = text.slice(equals + 1, end)
    }
    start = end + 1
  }
  return undefined
}

function claimOf(keyId: string, { timestamp = '', recvWindow, signature = '' }: Found): Claim | Malformed {
  const timestampMs =
    timestamp.length === 16 ? Math.floor(parseDecimal(timestamp, 16) / 1000) : parseDecimal(timestamp, 15)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const recvWindowMs = recvWindow === undefined ? -1 : wholeMs(recvWindow)
  if (recvWindowMs === 0) return { malformed: 'recvWindow' }
  // Digits of either case are the same bytes, and the bytes are what is compared and remembered.
  const tag = decodeHex(signature.toLowerCase(), 32)
  if (tag === undefined) return { malformed: 'signature' }
  return { keyId, tag, timestampMs, timestamp, nonce: '', recvWindow: recvWindow ?? '', recvWindowMs }
}

/** A positive number with up to three decimals, cut to whole milliseconds; 0 for anything else. */
function wholeMs(text: string): number {
  const dot = text.indexOf('.')
  if (dot >= 0 && !isField(text.slice(dot + 1), FRACTION)) return 0
  return Math.max(parseDecimal(dot < 0 ? text : text.slice(0, dot), 10), 0)
}

function stringToSign({ target, body }: WireRequest): readonly Part[] {
  const query = withoutSignature(queryOf(target))
  if (body.length === 0) return [query]
  const tail = signatureLength(decode(body.subarray(-SIGNATURE_CHARS - 1)))
  return [query, body.subarray(0, body.length - tail)]
}

function withoutSignature(text: string): string {
  return text.slice(0, text.length - signatureLength(text))
}

/** Characters of the signature at the end of the text, with the `&` before it. */
function signatureLength(text: string): number {
  const at = text.length - SIGNATURE_CHARS
  if (at < 0 || !text.startsWith('signature=', at)) return 0
  if (at === 0) return SIGNATURE_CHARS
  return text.charAt(at - 1) === '&' ? SIGNATURE_CHARS + 1 : 0
}

function stamp({ keyId, nowMs, recvWindowMs }: Stamp): Claim {
  const recvWindow = recvWindowMs < 0 ? '' : String(recvWindowMs)
  return { keyId, tag: EMPTY_BODY, timestampMs: nowMs, timestamp: String(nowMs), nonce: '', recvWindow, recvWindowMs }
}

/** Parameters go where the others are: into the body if there is one, else into the query. Same order as ccxt. */
function write(request: WireRequest, claim: Claim, tag: Uint8Array): WireRequest {
  const text = request.body.length > 0 ? decode(request.body) : queryOf(request.target)
  let signed = `timestamp=${claim.timestamp}`
  if (text !== '') signed += `&${text}`
  if (claim.recvWindow !== '') signed += `&recvWindow=${claim.recvWindow}`
  if (tag.length > 0) signed += `&signature=${encodeHex(tag)}`
  const headers = { ...request.headers, [HEADER]: claim.keyId }
  if (request.body.length > 0) return { ...request, headers, body: encodeUtf8(signed) }
  return { ...request, headers, target: `${pathOf(request.target)}?${signed}` }
}

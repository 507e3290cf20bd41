import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Answer, answersOf } from '../http/answer.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { expectInteger, readOptions } from '../options.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

export interface BitexbitGatewayOptions {
  /** How far ahead the end that a client chooses may lie, ms. Default 60,000: bitexbit says no limit. */
  readonly maxAheadMs?: number
}

const WHERE = 'bitexbitGateway'
const KEY = 'x-key'
const TIMEOUT = 'x-timeout'
const SIGNATURE = 'x-sign'

/** Digits of a time in milliseconds: until the year 2286. */
const TIMEOUT_DIGITS = 13
/** How long a request is good for unless the client says otherwise, ms: what bitexbit's own examples choose. */
const USUAL_MS = 500

/** The characters of a path in RFC 3986: no `{` and no `[`, which begin a body. */
const PATH: Field = { min: 1, max: 16_384, foreign: /[^!$-;=@-Z_a-z~]/ }

/**
 * bitexbit HTTP API Gateway, revision of 2021-05-27: HMAC-SHA256 over key + path + timeout + body, with nothing in
 * between. `X-Timeout` is when the request ends, in milliseconds. So that two requests cannot share a string, more is
 * asked than bitexbit asks:
 *
 * - a body is empty or begins with `{` or `[`, and no path holds either;
 * - a timeout has 13 digits.
 *
 * The query, the method and the host are not covered; the tag is remembered until the timeout.
 *
 * @source https://bitexbit.github.io/api-docs-gateway, "Authorization"
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function bitexbitGateway(options: BitexbitGatewayOptions = {}): Scheme<'bitexbit-gateway'> {
  const { maxAheadMs = 60_000 } = readOptions(WHERE, options, { required: [], optional: ['maxAheadMs'] })
  expectInteger(WHERE, ['maxAheadMs', maxAheadMs], { min: 1, max: 3_600_000 })
  return Object.freeze({
    id: 'bitexbit-gateway',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: { kind: 'deadline', maxAheadMs, replay: 'tag' },
    covers: ['path', 'body'],
    read,
    stringToSign: (request, { keyId, timestamp }) => [keyId + pathOf(request.target) + timestamp, request.body],
    stamp,
    write,
  } satisfies Scheme<'bitexbit-gateway'>)
}

/** Answers as bitexbit gives them: HTTP statuses with the detail in the body. */
export const bitexbitGatewayAnswer: Answer = /* @__PURE__ */ answersOf<undefined>(
  {
    malformed_request: [400, undefined, 'Bad request.'],
    request_too_large: [400, undefined, 'The request is too large.'],
    timestamp_outside_window: [401, undefined, 'The timeout of the request is over.'],
    recv_window_too_large: [400, undefined, 'The timeout lies too far ahead.'],
    replayed: [401, undefined, 'This request was sent before.'],
    ip_not_allowed: [403, undefined, 'You do not have access to do the operation from this address.'],
    address_not_allowed: [403, undefined, 'You do not have access to do the operation with this address.'],
    account_not_allowed: [403, undefined, 'You do not have access to do the operation.'],
    permission_denied: [403, undefined, 'You do not have access to do the operation.'],
    route_not_declared: [403, undefined, 'You do not have access to do the operation.'],
    otherwise: [401, undefined, 'The authentication headers are not valid.'],
  },
  (_, detail) => ({ detail }),
)

function stamp({ keyId, nowMs, recvWindowMs }: Stamp): Claim {
  const timestampMs = nowMs + (recvWindowMs < 0 ? USUAL_MS : recvWindowMs)
  return claimOf({ keyId, timestampMs, timestamp: String(timestampMs) })
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const timestamp = headerOf(request, TIMEOUT)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? timestamp ?? signature) === undefined) return undefined
  // The same names as in bitexbit's v1, which has a nonce instead.
  if (timestamp === undefined && headerOf(request, 'x-nonce') !== undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  const timestampMs = timestamp?.length === TIMEOUT_DIGITS ? parseDecimal(timestamp, TIMEOUT_DIGITS) : -1
  if (timestamp === undefined || timestampMs < 0) return { malformed: TIMEOUT }
  if (!isTarget(request.target) || !isField(pathOf(request.target), PATH)) return { malformed: 'target' }
  if (!isBody(request.body)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, timestampMs, timestamp })
}

function isBody(body: Uint8Array): boolean {
  return body instanceof Uint8Array && (body.length === 0 || body[0] === 0x7b || body[0] === 0x5b)
}

function write(request: WireRequest, { keyId, timestamp }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [TIMEOUT]: timestamp, [SIGNATURE]: signature } }
}

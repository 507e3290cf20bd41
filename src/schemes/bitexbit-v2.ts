import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Answer, answersOf } from '../http/answer.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

const KEY = 'x-api-key'
const NONCE = 'x-nonce'
const SIGNATURE = 'x-signature'

/** Digits of a nonce in milliseconds: until the year 2286. */
const NONCE_DIGITS = 13
/** Late requests that may still pass once each. */
const WINDOW = 256

/** The characters of a path in RFC 3986: no `{` and no `[`, which begin a body. */
const PATH: Field = { min: 1, max: 16_384, foreign: /[^!$-;=@-Z_a-z~]/ }

/**
 * bitexbit HTTP API v2: HMAC-SHA256 over path + nonce + body, with nothing in between. So that two requests cannot share
 * a string (`/x1` + `23` is `/x` + `123`), more is asked than bitexbit asks:
 *
 * - a body is empty or begins with `{` or `[`, and no path holds either: the nonce ends there;
 * - a nonce has 13 digits, which are the milliseconds that bitexbit's own client sends: so it begins there, too.
 *
 * The query, the method and the host are not covered.
 *
 * @source https://bitexbit.github.io/api-docs-v2, "Authentication" and "Api example"
 */
export function bitexbitV2(): Scheme<'bitexbit-v2'> {
  return Object.freeze({
    id: 'bitexbit-v2',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: { kind: 'rising-nonce', window: WINDOW },
    covers: ['path', 'body', 'nonce'],
    read,
    stringToSign: (request, { nonce }) => [pathOf(request.target) + nonce, request.body],
    stamp,
    write,
  } satisfies Scheme<'bitexbit-v2'>)
}

/** Answers as bitexbit gives them: HTTP statuses with the detail in the body. */
export const bitexbitV2Answer: Answer = /* @__PURE__ */ answersOf<undefined>(
  {
    malformed_request: [400, undefined, 'Bad request.'],
    request_too_large: [400, undefined, 'The request is too large.'],
    replayed: [401, undefined, 'The nonce must be unique and greater than that of the last call.'],
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
  if ((keyId ?? nonce ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  if (nonce?.length !== NONCE_DIGITS || parseDecimal(nonce, NONCE_DIGITS) < 0) return { malformed: NONCE }
  if (!isTarget(request.target) || !isField(pathOf(request.target), PATH)) return { malformed: 'target' }
  if (!isBody(request.body)) return { malformed: 'body' }
  const tag = decodeHex(signature ?? '', 32)
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, nonce })
}

function isBody(body: Uint8Array): boolean {
  return body instanceof Uint8Array && (body.length === 0 || body[0] === 0x7b || body[0] === 0x5b)
}

function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const signature = encodeHex(tag) || undefined
  return { ...request, headers: { ...request.headers, [KEY]: keyId, [NONCE]: nonce, [SIGNATURE]: signature } }
}

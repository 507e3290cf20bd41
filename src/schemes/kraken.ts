import { encodeUtf8 } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { base64Secret } from '../crypto/secret-encoding.js'
import { numberText } from '../dialect/number-text.js'
import { isNonce, NONCE_WINDOW, nextNonce } from '../dialect/rising-nonce.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, answersOf } from '../http/answer.js'
import { textOfBody, textOfBytes } from '../http/body.js'
import { isField, isTarget, KEY_ID } from '../http/field.js'
import { formOf, parametersOf } from '../http/form.js'
import { memberOf, parseObject, prependMembers } from '../http/json.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'

const KEY = 'api-key'
const SIGNATURE = 'api-sign'
const TAG = /* @__PURE__ */ base64Tag(64)

/**
 * Kraken spot REST: HMAC-SHA512 over the path followed by the 32 bytes of SHA-256(nonce + body), with the base64-decoded
 * secret. The nonce, up to 2^64−1, is a parameter of the body, a form or a JSON object. So that the nonce cannot run into
 * the body and nothing stays unsigned, more is asked than Kraken asks:
 *
 * - the method is `POST` and there is no query;
 * - the body's only `nonce` is the one that is signed; as a JSON number it is 2^53−1 at most;
 * - a form's parameters are `name=value` with plain names; a JSON object has no name twice.
 *
 * The nonce must rise per key; the 256 highest are remembered, so that late ones pass once. The host and the content type
 * are not covered: read a body that begins with `{` as JSON and any other as a form, whatever the header says.
 *
 * A WebSocket is opened with a token that a signed request asks for, so there is no login.
 *
 * @source https://docs.kraken.com/api/docs/guides/spot-rest-auth; ccxt 4.5.84 `kraken.js`, `sign`
 */
export function kraken(): Scheme<'kraken'> {
  return Object.freeze({
    id: 'kraken',
    proof: { kind: 'mac', hash: 'sha512', secretEncoding: base64Secret },
    freshness: { kind: 'rising-nonce', window: NONCE_WINDOW },
    covers: ['method', 'path', 'query', 'body', 'nonce'],
    read,
    stringToSign,
    stamp,
    write,
  } satisfies Scheme<'kraken'>)
}

/** Answers as Kraken gives them: status 200, `{ error: [code] }`. */
export const krakenAnswer: Answer = /* @__PURE__ */ answersOf<string>(
  {
    malformed_request: [200, 'EGeneral:Invalid arguments', ''],
    request_too_large: [200, 'EGeneral:Invalid arguments', ''],
    missing_credentials: [200, 'EAPI:Invalid key', ''],
    malformed_credentials: [200, 'EAPI:Invalid key', ''],
    // Kraken would say which of the two is wrong; nobody without the secret should learn that.
    invalid_credentials: [200, 'EAPI:Invalid key', ''],
    key_inactive: [200, 'EAPI:Invalid key', ''],
    key_revoked: [200, 'EAPI:Invalid key', ''],
    key_expired: [200, 'EAPI:Invalid key', ''],
    replayed: [200, 'EAPI:Invalid nonce', ''],
    otherwise: [200, 'EGeneral:Permission denied', ''],
  },
  code => ({ error: [code] }),
)

function read(request: WireRequest): Claim | Malformed | undefined {
  const keyId = headerOf(request, KEY)
  const signature = headerOf(request, SIGNATURE)
  if ((keyId ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: KEY }
  if (request.method !== 'POST') return { malformed: 'method' }
  if (!isTarget(request.target) || request.target.includes('?')) return { malformed: 'target' }
  const nonce = nonceOf(request.body)
  if (nonce === undefined) return { malformed: 'body' }
  if (!isNonce(nonce)) return { malformed: 'nonce' }
  const tag = TAG.parse(signature ?? '')
  return tag === undefined ? { malformed: SIGNATURE } : claimOf({ keyId, tag, nonce })
}

/** The text of the body's nonce, empty when it has not exactly one; `undefined` when the body is unreadable. */
function nonceOf(body: Uint8Array): string | undefined {
  const text = textOfBody(body)
  if (text?.startsWith('{')) {
    const object = parseObject(text)
    return object && numberText(memberOf(object, 'nonce'))
  }
  const parameters = parametersOf(formOf(body) ?? '=')
  const [nonce, another] = parameters?.filter(({ name }) => name === 'nonce') ?? []
  return parameters && (another === undefined ? (nonce?.value ?? '') : '')
}

/** A nonce ends where the body begins, since no body that is read begins with a digit. */
function stringToSign({ target, body }: WireRequest, { nonce }: Claim): readonly Part[] {
  return [pathOf(target), { digest: 'sha256', of: [nonce, body], as: 'bytes' }]
}

/** Milliseconds since 1970, as ccxt has it, or one more than the last. */
function stamp({ keyId, nowMs, lastNonce }: Stamp): Claim {
  return claimOf({ keyId, nonce: nextNonce(nowMs, lastNonce) })
}

/** The nonce comes first, as in ccxt. */
function write(request: WireRequest, { keyId, nonce }: Claim, tag: Uint8Array): WireRequest {
  const text = textOfBytes(request.body) ?? '\ufffd'
  const form = text === '' ? `nonce=${nonce}` : `nonce=${nonce}&${text}`
  const body = text.startsWith('{') ? prependMembers(`"nonce":"${nonce}"`, text) : form
  const signature = TAG.format(tag) || undefined
  return {
    ...request,
    headers: { ...request.headers, [KEY]: keyId, [SIGNATURE]: signature },
    body: encodeUtf8(body),
  }
}

import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { headerDialect } from '../dialect/header-credentials.js'
import { opLogin } from '../dialect/op-login.js'
import { unsignable } from '../dialect/request-text.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { decodedTarget } from '../http/query.js'
import type { WireRequest } from '../http/request.js'
import type { Scheme } from '../scheme.js'
import { milliseconds } from '../time.js'

/**
 * Bitget v2 and v3: HMAC-SHA256 over time + method + path and query + body, with nothing in between; the query as it is
 * before it is percent-encoded, in the order in which it is sent. So that two requests cannot share a string, more is
 * asked than Bitget asks:
 *
 * - a `GET` has no body;
 * - the body of any other request is empty or begins with `{` or `[`, and its target, decoded, holds neither;
 * - a query is percent-encoded UTF-8 without control characters; every parameter is `name=value`; no name has a `&` or
 *   `=` in it, and no value an `=` after a `&`;
 * - `+` is refused: a blank is sent as `%20`, a plus as `%2B`.
 *
 * Some of Bitget's documentation wants the parameters sorted; its examples and clients, and ccxt, sign them in the order in
 * which they send them, sorted or not. Host and content type are not covered. A request is valid for
 * 30 seconds to either side, and its tag is remembered. The login signs the time in whole seconds.
 *
 * @source https://www.bitget.com/api-doc/common/signature; BitgetLimited/v3-bitget-api-sdk `bitget-node-sdk-api/src/lib`;
 * ccxt 4.5.84 `bitget.js`, `sign`, and `pro/bitget.js`, `authenticate`
 */
export function bitget(): Scheme<'bitget'> {
  return Object.freeze({
    id: 'bitget',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret, passphrase: 'plain' },
    freshness: within(30_000, 'tag'),
    covers: ['method', 'path', 'query', 'body'],
    ...headerDialect({
      key: 'access-key',
      timestamp: 'access-timestamp',
      signature: 'access-sign',
      passphrase: { name: 'access-passphrase', as: 'plain' },
      time: milliseconds,
      tag: base64Tag(32),
      unsignable: request => unsignable(request, signedTarget(request)),
    }),
    stringToSign: (request, { timestamp }) => [
      `${timestamp}${request.method}${signedTarget(request) ?? ''}`,
      request.body,
    ],
    login: opLogin('GET/user/verify'),
  } satisfies Scheme<'bitget'>)
}

function signedTarget({ target }: WireRequest): string | undefined {
  return decodedTarget(target, 'encoded')
}

const FORBIDDEN: AnswerLine<string> = [403, '40014', 'Incorrect permissions']

/**
 * Answers as Bitget gives them.
 *
 * @source https://www.bitget.com/api-doc/common/error-code/restapi
 */
export const bitgetAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, '40017', 'Parameter verification failed'],
    request_too_large: [400, '40017', 'Parameter verification failed'],
    missing_credentials: [400, '40001', 'ACCESS_KEY cannot be empty'],
    malformed_credentials: [400, '40009', 'sign signature error'],
    timestamp_outside_window: [400, '40008', 'Request timestamp expired'],
    replayed: [400, '40008', 'Request timestamp expired'],
    invalid_credentials: [400, '40012', 'apikey/password is incorrect'],
    ip_not_allowed: [403, '40018', 'Invalid IP'],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [400, '40006', 'Invalid ACCESS_KEY'],
  },
  (code, msg, { at }) => ({ code, msg, requestTime: at, data: null }),
)

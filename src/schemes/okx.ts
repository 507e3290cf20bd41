import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { headerDialect } from '../dialect/header-credentials.js'
import { opLogin } from '../dialect/op-login.js'
import { unsignable } from '../dialect/request-text.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import type { Scheme } from '../scheme.js'
import { isoMilliseconds } from '../time.js'

/**
 * OKX v5: HMAC-SHA256 over time + method + path and query + body, with nothing in between. So that two requests cannot
 * share a string (`/orders/1` + `{}` is `/orders/1{}`), more is asked than OKX asks:
 *
 * - a `GET` has no body;
 * - the body of any other request is empty or begins with `{` or `[`, and its target holds neither;
 * - the time is ISO 8601 in UTC with milliseconds, `2026-01-01T00:00:00.000Z`.
 *
 * Every request of ccxt and of OKX's own Python client passes. The query is signed exactly as sent; host and content
 * type are not covered. A request is valid for 30 seconds to either side and its tag remembered, so that the same
 * request signed twice in one millisecond passes once. The login signs the time in whole seconds.
 *
 * @source https://www.okx.com/docs-v5/en/ "REST Authentication", "Login"; ccxt 4.5.84 `okx.js`, `sign`, and `pro/okx.js`,
 * `authenticate`; okxapi/python-okx `okx/utils.py`
 */
export function okx(): Scheme<'okx'> {
  return Object.freeze({
    id: 'okx',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret, passphrase: 'plain' },
    freshness: within(30_000, 'tag'),
    covers: ['method', 'path', 'query', 'body'],
    ...headerDialect({
      key: 'ok-access-key',
      timestamp: 'ok-access-timestamp',
      signature: 'ok-access-sign',
      passphrase: { name: 'ok-access-passphrase', as: 'plain' },
      time: isoMilliseconds,
      tag: base64Tag(32),
      unsignable: request => unsignable(request, request.target),
    }),
    stringToSign: ({ method, target, body }, { timestamp }) => [timestamp + method + target, body],
    login: opLogin('GET/users/self/verify'),
  } satisfies Scheme<'okx'>)
}

const FORBIDDEN: AnswerLine<string> = [403, '50120', "This API key doesn't have permission to use this function"]

/**
 * Answers as OKX gives them.
 *
 * @source https://www.okx.com/docs-v5/en/ "Error Code"
 */
export const okxAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, '51000', 'Parameter error'],
    request_too_large: [400, '51000', 'Parameter error'],
    missing_credentials: [401, '50103', 'Request header "OK-ACCESS-KEY" cannot be empty'],
    malformed_credentials: [401, '50114', 'Invalid authorization'],
    timestamp_outside_window: [401, '50102', 'Timestamp request expired'],
    replayed: [401, '50102', 'Timestamp request expired'],
    invalid_credentials: [401, '50113', 'Invalid Sign'],
    ip_not_allowed: [401, '50110', "Your IP is not included in your API key's IP allowlist"],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [401, '50111', 'Invalid OK-ACCESS-KEY'],
  },
  (code, msg) => ({ code, data: [], msg }),
)

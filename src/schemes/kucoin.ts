import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { headerDialect } from '../dialect/header-credentials.js'
import { unsignable } from '../dialect/request-text.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { decodedTarget } from '../http/query.js'
import { headerOf, type WireRequest } from '../http/request.js'
import type { Scheme } from '../scheme.js'
import { milliseconds } from '../time.js'

const VERSION = 'kc-api-key-version'

/**
 * KuCoin, key versions 2 and 3, which sign the same: HMAC-SHA256 over time + method + path and query + body, with nothing
 * in between; the query as it is before it is percent-encoded. The passphrase travels as base64 of its MAC under the
 * secret. So that two requests cannot share a string, more is asked than KuCoin asks:
 *
 * - a `GET` has no body;
 * - the body of any other request is empty or begins with `{` or `[`, and its target, decoded, holds neither;
 * - a query is UTF-8 without control characters once decoded, and no name in it has a `&` or `=`;
 * - `%26` and `%2B` are refused: `&` stands between parameters, and a plus is sent as it is.
 *
 * Every request of ccxt passes, which sends a query unencoded. KuCoin's own clients percent-encode it, and pass unless a
 * value has a `&` or a plus in it. Host and content type are not covered. A request is valid for 5 seconds to either
 * side, and its tag is remembered. There is no login: sessions are opened with a token from a REST request.
 *
 * @source https://www.kucoin.com/docs-new/authentication; Kucoin/kucoin-api-docs `localizable/index.html.md`; ccxt 4.5.84
 * `kucoin.js`, `sign`; Kucoin/kucoin-universal-sdk `default_transport.ts`
 */
export function kucoin(): Scheme<'kucoin'> {
  const { read, stamp, write } = headerDialect({
    key: 'kc-api-key',
    timestamp: 'kc-api-timestamp',
    signature: 'kc-api-sign',
    passphrase: { name: 'kc-api-passphrase', as: 'mac' },
    time: milliseconds,
    tag: base64Tag(32),
    unsignable: request => unversioned(request) ?? unsignable(request, signedTarget(request)),
  })
  return Object.freeze({
    id: 'kucoin',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret, passphrase: 'mac' },
    freshness: within(5_000, 'tag'),
    covers: ['method', 'path', 'query', 'body'],
    read,
    stringToSign: (request, { timestamp }) => [
      `${timestamp}${request.method}${signedTarget(request) ?? ''}`,
      request.body,
    ],
    stamp,
    write: ({ headers, ...request }, claim, tag) =>
      write({ ...request, headers: { ...headers, [VERSION]: headers[VERSION] ?? '2' } }, claim, tag),
  } satisfies Scheme<'kucoin'>)
}

function signedTarget({ target }: WireRequest): string | undefined {
  return decodedTarget(target, 'raw')
}

/** In version 1 the passphrase would be plain. */
function unversioned(request: WireRequest): string | undefined {
  const version = headerOf(request, VERSION)
  return version === '2' || version === '3' ? undefined : VERSION
}

const FORBIDDEN: AnswerLine<string> = [403, '400007', 'Access denied: require more permission']

/**
 * Answers as KuCoin gives them.
 *
 * @source https://www.kucoin.com/docs-new/error-code
 */
export const kucoinAnswer: Answer = /* @__PURE__ */ answersOf(
  {
    malformed_request: [400, '400100', 'Parameter error'],
    request_too_large: [400, '400100', 'Parameter error'],
    missing_credentials: [401, '400001', 'Please check the header of your request for KC-API-KEY'],
    malformed_credentials: [401, '400001', 'Any of KC-API-KEY, KC-API-SIGN, KC-API-TIMESTAMP is missing or invalid'],
    timestamp_outside_window: [401, '400002', 'KC-API-TIMESTAMP Invalid'],
    replayed: [401, '400002', 'KC-API-TIMESTAMP Invalid'],
    invalid_credentials: [401, '400005', 'Signature error'],
    ip_not_allowed: [401, '400006', 'The requested ip address is not in the api whitelist'],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [401, '400003', 'KC-API-KEY not exists'],
  },
  (code, msg) => ({ code, msg }),
)

import { base64Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { headerDialect, PASSPHRASE } from '../dialect/header-credentials.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { unsignable } from '../dialect/request-text.js'
import { base64Tag } from '../dialect/tag-format.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { isField, KEY_ID } from '../http/field.js'
import { type Claim, claimOf, type Dialect, type LoginMessage, type Malformed, type Scheme } from '../scheme.js'
import { seconds } from '../time.js'

/** What a login signs in place of a request, and therefore no request may be. */
const VERIFY = '/users/self/verify'
const WINDOW_MS = 30_000

/**
 * Coinbase Exchange: HMAC-SHA256 over time + method + path and query + body, with nothing in between, under the
 * base64-decoded secret. So that two requests cannot share a string, more is asked than Coinbase asks:
 *
 * - a `GET` has no body;
 * - the body of any other request is empty or begins with `{` or `[`, and its target holds neither;
 * - `/users/self/verify` is no target: it stands for the login, which signs the same string.
 *
 * Every request of ccxt and of Coinbase's own Node client passes. The time is in seconds, with up to nine decimals, and is
 * signed as sent; the query too. Host and content type are not covered. A request is valid for 30 seconds to either side,
 * and its tag is remembered, but for a `GET`: within one second a client reads the same twice with one signature.
 * A login is a `subscribe` message with credentials; its channels and products are not covered.
 *
 * @source https://docs.cdp.coinbase.com/exchange/rest-api/authentication; ccxt 4.5.84 `coinbaseexchange.js`, `sign`, and
 * `pro/coinbaseexchange.js`, `authenticate`. The window is the one documented for Coinbase Prime.
 */
export function coinbaseExchange(): Scheme<'coinbase-exchange'> {
  const credentials = headerDialect({
    key: 'cb-access-key',
    timestamp: 'cb-access-timestamp',
    signature: 'cb-access-sign',
    passphrase: { name: 'cb-access-passphrase', as: 'plain' },
    time: seconds,
    tag: TAG,
    unsignable: request => (request.target === VERIFY ? 'target' : unsignable(request, request.target)),
  })
  return Object.freeze({
    id: 'coinbase-exchange',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: base64Secret, passphrase: 'plain' },
    freshness: within(WINDOW_MS, 'tag-except-reads'),
    covers: ['method', 'path', 'query', 'body'],
    ...credentials,
    stringToSign: ({ method, target, body }, { timestamp }) => [timestamp + method + target, body],
    login: {
      freshness: within(WINDOW_MS, 'tag'),
      read: readLogin,
      stringToSign: (_, { timestamp }) => [`${timestamp}GET${VERIFY}`],
      stamp: credentials.stamp,
      write: writeLogin,
    } satisfies Dialect<LoginMessage>,
  } satisfies Scheme<'coinbase-exchange'>)
}

const FORBIDDEN: AnswerLine<undefined> = [400, undefined, 'Forbidden']

/**
 * Answers as Coinbase gives them; what is forbidden has status 400, since clients take 403 for an outage.
 *
 * @source ccxt 4.5.84 `coinbaseexchange.js`, `exceptions` and `handleErrors`
 */
export const coinbaseExchangeAnswer: Answer = /* @__PURE__ */ answersOf<undefined>(
  {
    malformed_request: [400, undefined, 'Bad Request'],
    request_too_large: [400, undefined, 'Bad Request'],
    missing_credentials: [401, undefined, 'CB-ACCESS-KEY header is required'],
    malformed_credentials: [401, undefined, 'invalid authentication headers'],
    timestamp_outside_window: [401, undefined, 'request timestamp expired'],
    replayed: [401, undefined, 'request timestamp expired'],
    invalid_credentials: [401, undefined, 'invalid signature'],
    ip_not_allowed: [401, undefined, 'IP does not match IP whitelist'],
    address_not_allowed: FORBIDDEN,
    account_not_allowed: FORBIDDEN,
    permission_denied: FORBIDDEN,
    route_not_declared: FORBIDDEN,
    otherwise: [401, undefined, 'Invalid API Key'],
  },
  (_, message) => ({ message }),
)

const TAG = /* @__PURE__ */ base64Tag(32)

function readLogin(message: LoginMessage): Claim | Malformed | undefined {
  const isBare = !['key', 'signature', 'passphrase'].some(name => Object.hasOwn(message, name))
  if (textIn(message, 'type') !== 'subscribe' || isBare) return undefined
  const keyId = textIn(message, 'key')
  if (!isField(keyId, KEY_ID)) return { malformed: 'key' }
  const timestamp = numberIn(message, 'timestamp')
  const timestampMs = seconds.parse(timestamp)
  if (timestampMs < 0) return { malformed: 'timestamp' }
  const passphrase = textIn(message, 'passphrase')
  if (!isField(passphrase, PASSPHRASE)) return { malformed: 'passphrase' }
  const tag = TAG.parse(textIn(message, 'signature'))
  return tag === undefined ? { malformed: 'signature' } : claimOf({ keyId, tag, timestampMs, timestamp, passphrase })
}

/** The time as a number, as ccxt writes it. */
function writeLogin(message: LoginMessage, { keyId, passphrase, timestamp }: Claim, tag: Uint8Array): LoginMessage {
  const signature = TAG.format(tag) || undefined
  return { type: 'subscribe', ...message, timestamp: Number(timestamp), key: keyId, signature, passphrase }
}

import { decodeHex, encodeHex, encodeUtf8 } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { within } from '../dialect/freshness.js'
import { numberIn, textIn } from '../dialect/member-text.js'
import { parseMs } from '../dialect/number-text.js'
import { type Answer, type AnswerLine, answersOf } from '../http/answer.js'
import { textOfBody, textOfBytes } from '../http/body.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { isObject, type Members, memberOf, parseObject } from '../http/json.js'
import type { WireRequest } from '../http/request.js'
import { expectText, readOptions } from '../options.js'
import { type Claim, claimOf, type LoginMessage, type Malformed, type Scheme, type Stamp } from '../scheme.js'

export interface CryptoComOptions {
  /** What stands before the method in the path, e.g. `/exchange/v1`, which is the default. */
  readonly basePath?: string
}

const LOGIN = 'public/auth'
const MEMBERS: readonly string[] = ['id', 'method', 'params', 'api_key', 'sig', 'nonce']

/** Without digits, so that it ends where the id begins. */
const METHOD = /^[a-z]+(?:[/-][a-z]+)*$/
const ID: Field = { min: 1, max: 19, foreign: /[^0-9]/ }
/** Names of parameters: those of Crypto.com are in snake case. */
const NAME: Field = { min: 1, max: 64, foreign: /[^A-Za-z0-9_]/ }
/** How deep ccxt and Crypto.com's Python sample look into lists. */
const MAX_LEVEL = 3

/**
 * Crypto.com Exchange v1: HMAC-SHA256 over method + id + key + parameters + nonce, where the parameters are their names
 * and values sorted by name, with nothing in between. All of it stands in a JSON body, which is signed by what it says:
 * blanks and order are free. Beyond what Crypto.com asks:
 *
 * - the HTTP method is `POST`, there is no query, and the path is `basePath`, `/` and the body's `method`;
 * - the body has no other members than `id`, `method`, `params`, `api_key`, `sig` and `nonce`, and no name twice;
 * - `method` holds no digit, `id` is a whole number, `nonce` has 13 digits, and a key id is not all digits;
 * - a parameter is a text, a number, `true`, `false`, `null`, or a list of texts and of objects of such, three levels
 *   deep: beyond that, Crypto.com's own samples sign different things.
 *
 * Parameters that run into each other cannot be told apart, as the sentence on the body says. The host and the content
 * type are not covered. The nonce is the time in milliseconds, accepted within 60 seconds to either side.
 *
 * The login is the message `public/auth`, signed in the same way without parameters.
 *
 * @source https://exchange-docs.crypto.com/exchange/v1/rest-ws/index.html "Digital Signature" and `public/auth`; ccxt
 * 4.5.84 `cryptocom.js`, `sign` and `paramsToString`, and `pro/cryptocom.js`, `authenticate`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function cryptoCom(options: CryptoComOptions = {}): Scheme<'crypto-com'> {
  const { basePath = '/exchange/v1' } = readOptions('cryptoCom', options, { required: [], optional: ['basePath'] })
  expectText('cryptoCom', ['basePath', basePath], /^(?:\/[A-Za-z0-9._-]{1,64}){0,8}$/)
  return Object.freeze({
    id: 'crypto-com',
    proof: { kind: 'mac', hash: 'sha256', secretEncoding: utf8Secret },
    freshness: within(60_000, 'tag'),
    covers: ['method', 'path', 'query'],
    partial: { body: PARTIAL },
    read: request => read(request, basePath),
    stringToSign: ({ body }) => stringToSign(parseObject(textOfBody(body) ?? '') ?? {}),
    stamp,
    write: (request, claim, tag) => write(request, basePath, { claim, tag }),
    login: {
      freshness: within(60_000, 'tag'),
      read: message => (memberOf(message, 'method') === LOGIN ? readEnvelope(message) : undefined),
      stringToSign,
      stamp,
      write: writeLogin,
    },
  } satisfies Scheme<'crypto-com'>)
}

const PARTIAL =
  'Names and values of parameters are joined with nothing in between, so a signature for one set of them fits another that reads the same when joined.'

const UNAUTHORIZED: AnswerLine<number> = [401, 40101, 'UNAUTHORIZED']
const BAD_REQUEST: AnswerLine<number> = [400, 40004, 'BAD_REQUEST']
const INVALID_NONCE: AnswerLine<number> = [400, 40102, 'INVALID_NONCE']

/** Answers as Crypto.com gives them: `{ id, code, message }`. */
export const cryptoComAnswer: Answer = /* @__PURE__ */ answersOf<number>(
  {
    malformed_request: BAD_REQUEST,
    request_too_large: BAD_REQUEST,
    missing_credentials: UNAUTHORIZED,
    malformed_credentials: UNAUTHORIZED,
    timestamp_outside_window: INVALID_NONCE,
    invalid_credentials: UNAUTHORIZED,
    key_inactive: UNAUTHORIZED,
    key_revoked: UNAUTHORIZED,
    key_expired: UNAUTHORIZED,
    ip_not_allowed: [401, 40103, 'IP_ILLEGAL'],
    replayed: INVALID_NONCE,
    otherwise: [401, 40104, 'USER_TIER_INVALID'],
  },
  (code, message) => ({ id: -1, code, message }),
)

function read({ method, target, body }: WireRequest, basePath: string): Claim | Malformed | undefined {
  const text = textOfBody(body) ?? ''
  const envelope = parseObject(text)
  if (envelope === undefined) return text.includes('"api_key"') ? { malformed: 'body' } : undefined
  if (memberOf(envelope, 'api_key') === undefined && memberOf(envelope, 'sig') === undefined) return undefined
  if (method !== 'POST') return { malformed: 'method' }
  if (!isTarget(target) || target !== `${basePath}/${textIn(envelope, 'method')}`) return { malformed: 'target' }
  return readEnvelope(envelope)
}

function readEnvelope(envelope: Members): Claim | Malformed {
  if (!Object.keys(envelope).every(name => MEMBERS.includes(name))) return { malformed: 'body' }
  const keyId = textIn(envelope, 'api_key')
  if (!isField(keyId, KEY_ID) || isField(keyId, { ...ID, max: KEY_ID.max })) return { malformed: 'api_key' }
  if (!METHOD.test(textIn(envelope, 'method'))) return { malformed: 'method' }
  if (!isField(numberIn(envelope, 'id'), ID)) return { malformed: 'id' }
  const timestamp = numberIn(envelope, 'nonce')
  const timestampMs = parseMs(timestamp)
  if (timestampMs < 0) return { malformed: 'nonce' }
  if (flatParams(envelope) === undefined) return { malformed: 'params' }
  const tag = decodeHex(textIn(envelope, 'sig'), 32)
  return tag === undefined ? { malformed: 'sig' } : claimOf({ keyId, tag, timestampMs, timestamp })
}

function stringToSign(envelope: Members): readonly Part[] {
  const head = textIn(envelope, 'method') + numberIn(envelope, 'id') + textIn(envelope, 'api_key')
  return [head + (flatParams(envelope) ?? '') + numberIn(envelope, 'nonce')]
}

function flatParams(envelope: Members): string | undefined {
  const params = memberOf(envelope, 'params')
  return params === undefined ? '' : flat(params, 0)
}

/** Names and values of an object, sorted by name and joined; `undefined` where the samples differ. */
function flat(object: unknown, level: number): string | undefined {
  if (level >= MAX_LEVEL || !isObject(object)) return undefined
  let text = ''
  for (const name of Object.keys(object).sort()) {
    const value = object[name]
    const all = Array.isArray(value)
      ? value.map(item => (typeof item === 'string' ? scalar(item) : flat(item, level + 1)))
      : [scalar(value)]
    if (!isField(name, NAME) || all.includes(undefined)) return undefined
    text += name + all.join('')
  }
  return text
}

function scalar(value: unknown): string | undefined {
  const isScalar = typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)
  const text = isScalar ? String(value) : undefined
  return text?.isWellFormed() ? text : undefined
}

function stamp({ keyId, nowMs }: Stamp): Claim {
  return claimOf({ keyId, timestampMs: nowMs, timestamp: String(nowMs) })
}

/** The body is an object of the parameters, or empty, and goes where ccxt puts it. */
function write(
  request: WireRequest,
  basePath: string,
  { claim, tag }: { readonly claim: Claim; readonly tag: Uint8Array },
): WireRequest {
  const text = (textOfBytes(request.body) ?? '\ufffd') || '{}'
  const method = JSON.stringify(request.target.slice(basePath.length + 1))
  const [id, key] = [JSON.stringify(claim.timestamp), JSON.stringify(claim.keyId)]
  const sig = tag.length > 0 ? `"sig":"${encodeHex(tag)}",` : ''
  const body = `{"id":${id},"method":${method},"params":${text},"api_key":${key},${sig}"nonce":${id}}`
  return { ...request, body: encodeUtf8(body) }
}

function writeLogin(message: LoginMessage, { keyId, timestamp }: Claim, tag: Uint8Array): LoginMessage {
  const sig = encodeHex(tag) || undefined
  return { ...message, id: timestamp, nonce: timestamp, method: LOGIN, api_key: keyId, sig }
}

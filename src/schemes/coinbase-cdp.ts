import { keyPairsOf } from '#key-pairs'
import { decodeBase64, encodeBase64, encodeUtf8 } from '../bytes.js'
import type { SignatureAlgorithm } from '../crypto/signing.js'
import { type Answer, answersOf } from '../http/answer.js'
import { textOfBytes } from '../http/body.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { type Members, parseObject } from '../http/json.js'
import { headerOf, pathOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectText, readOptions } from '../options.js'
import { type Claim, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'

export interface CoinbaseCdpOptions {
  /** The host that is signed, lower case, e.g. `api.coinbase.com`. */
  readonly host: string
  /** Organization in the key's name, `organizations/<organization>/apiKeys/<key id>`. Left out, the name is the key id. */
  readonly organization?: string
}

const WHERE = 'coinbaseCdp'
const HEADER = 'authorization'
/** How long a token is good for. */
const LIFE_S = 120
const LIFE_MS = LIFE_S * 1000
const FUTURE_MS = 5_000
const MAX_TOKEN = 4096

const NONCE: Field = { min: 8, max: 64, foreign: /[^A-Za-z0-9_-]/ }
const ALGORITHMS = { ES256: 'ecdsa-p256-sha256', EdDSA: 'ed25519' } as const
const ISSUERS: readonly unknown[] = ['cdp', 'coinbase-cloud']
const AUDIENCES: readonly unknown[] = ['cdp_service', 'retail_rest_api_proxy']

/**
 * Coinbase Developer Platform: `Authorization: Bearer <JWT>`, signed with the key's private key (ES256 or EdDSA), good
 * for at most two minutes, for one method, host and path (`uri`, or a list `uris` of one). More is asked than Coinbase
 * asks: the header's `nonce`, which every client sends, is needed and good once.
 *
 * The token's algorithm must be that of the registered key. Query, content type and body are not covered. A token that
 * arrives five seconds before its `nbf` passes, since clocks differ and it has whole seconds only.
 *
 * @source https://docs.cdp.coinbase.com/api-reference/authentication; ccxt 4.5.84 `coinbase.js`, `createAuthToken`; RFC
 * 7515 section 7.1, RFC 7519 section 4.1
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function coinbaseCdp(options: CoinbaseCdpOptions): Scheme<'coinbase-cdp'> {
  const { host, organization } = readOptions(WHERE, options, { required: ['host'], optional: ['organization'] })
  expectText(WHERE, ['host', host], /^[a-z0-9.-]{1,253}(:\d{1,5})?$/)
  if (organization !== undefined) expectText(WHERE, ['organization', organization], /^[A-Za-z0-9-]{1,64}$/)
  const prefix = organization === undefined ? '' : `organizations/${organization}/apiKeys/`
  return Object.freeze({
    id: 'coinbase-cdp',
    proof: { kind: 'signature', keyPairs: keyPairsOf(['ecdsa-p256-sha256', 'ed25519']) },
    freshness: {
      kind: 'timestamp',
      recvWindowMs: LIFE_MS,
      maxRecvWindowMs: LIFE_MS,
      futureMs: FUTURE_MS,
      replay: 'nonce',
    },
    covers: ['method', 'host', 'path', 'nonce'],
    read: request => read(request, { host, prefix }),
    stringToSign: request => [signedPart(tokenOf(request) ?? '')],
    stamp,
    write: (request, claim, tag) => write(request, claim, { tag, host, prefix }),
  } satisfies Scheme<'coinbase-cdp'>)
}

/** Answers as Coinbase gives them. */
export const coinbaseCdpAnswer: Answer = /* @__PURE__ */ answersOf<string>(
  {
    malformed_request: [400, 'invalid_request', 'invalid request'],
    request_too_large: [400, 'invalid_request', 'request too large'],
    timestamp_outside_window: [401, 'timestamp', 'request timestamp expired'],
    recv_window_too_large: [401, 'timestamp', 'request timestamp expired'],
    replayed: [401, 'timestamp', 'request timestamp expired: the nonce was used before'],
    ip_not_allowed: [403, 'PERMISSION_DENIED', 'the key may not be used from this address'],
    address_not_allowed: [403, 'PERMISSION_DENIED', 'the key may not send to this address'],
    account_not_allowed: [403, 'PERMISSION_DENIED', 'the key may not act for this portfolio'],
    permission_denied: [403, 'PERMISSION_DENIED', 'missing required scopes'],
    route_not_declared: [403, 'PERMISSION_DENIED', 'not open to API keys'],
    otherwise: [401, 'authentication_error', 'invalid signature'],
  },
  (id, message) => ({ errors: [{ id, message }] }),
)

interface Place {
  readonly host: string
  readonly prefix: string
}

/** The token, if the header has the form of one; what is no JWT belongs to another scheme. */
function tokenOf(request: WireRequest): string | undefined {
  const value = headerOf(request, HEADER)
  if (value === undefined || value.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  return value.startsWith('ey', 7) && value.split('.').length === 3 ? value.slice(7) : undefined
}

function signedPart(token: string): string {
  return token.slice(0, token.lastIndexOf('.'))
}

function read(request: WireRequest, { host, prefix }: Place): Claim | Malformed | undefined {
  const token = tokenOf(request)
  if (token === undefined) return undefined
  if (!isPlainMethod(request.method)) return { malformed: 'method' }
  if (!isTarget(request.target)) return { malformed: 'target' }
  const [head, body, signature] = token.length > MAX_TOKEN ? [] : token.split('.').map(decodeUrl)
  const header = objectOf(head)
  const claims = objectOf(body)
  if (header === undefined || claims === undefined || signature?.length !== 64) return { malformed: HEADER }
  const { alg, kid, nonce, typ = 'JWT', crit } = header
  const { sub, iss, aud, nbf, exp } = claims
  const algorithm = alg === 'ES256' || alg === 'EdDSA' ? ALGORITHMS[alg] : undefined
  if (algorithm === undefined || typ !== 'JWT' || crit !== undefined) return { malformed: 'alg' }
  const keyId = typeof kid === 'string' && kid.startsWith(prefix) ? kid.slice(prefix.length) : ''
  if (!isField(keyId, KEY_ID) || sub !== kid) return { malformed: 'kid' }
  if (typeof nonce !== 'string' || !isField(nonce, NONCE)) return { malformed: 'nonce' }
  if (!ISSUERS.includes(iss)) return { malformed: 'iss' }
  if (aud !== undefined && ![aud].flat().some(name => AUDIENCES.includes(name))) return { malformed: 'aud' }
  if (!isSeconds(nbf) || !isSeconds(exp) || exp <= nbf) return { malformed: 'exp' }
  if (uriOf(claims) !== `${request.method} ${host}${pathOf(request.target)}`) return { malformed: 'uri' }
  const times = { timestampMs: nbf * 1000, timestamp: String(nbf) }
  const window = { recvWindow: String(exp - nbf), recvWindowMs: (exp - nbf) * 1000 }
  return claimOf({ keyId, tag: signature, ...times, ...window, nonce, algorithm })
}

function uriOf({ uri, uris }: Members): unknown {
  if (uris === undefined) return uri
  return uri === undefined && Array.isArray(uris) && uris.length === 1 ? uris[0] : undefined
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 1e11
}

/** Strict base64url without padding. */
function decodeUrl(text: string): Uint8Array | undefined {
  if (/[^A-Za-z0-9_-]/.test(text)) return undefined
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  return decodeBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, '='))
}

function encodeUrl(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function objectOf(bytes: Uint8Array | undefined): Members | undefined {
  const text = bytes && textOfBytes(bytes)
  return text === undefined ? undefined : parseObject(text)
}

function stamp({ keyId, nowMs, recvWindowMs, algorithm, randomNonce }: Stamp): Claim {
  const seconds = Math.floor(nowMs / 1000)
  const life = recvWindowMs < 0 ? LIFE_S : Math.max(Math.floor(recvWindowMs / 1000), 1)
  const times = { timestampMs: seconds * 1000, timestamp: String(seconds) }
  const window = { recvWindow: String(life), recvWindowMs: life * 1000 }
  return claimOf({ keyId, ...times, ...window, nonce: randomNonce(), algorithm })
}

/** The members in ccxt's order. */
function write(
  request: WireRequest,
  { keyId, timestampMs, recvWindowMs, nonce, algorithm }: Claim,
  { tag, host, prefix }: Place & { readonly tag: Uint8Array },
): WireRequest {
  const kid = prefix + keyId
  const nbf = timestampMs / 1000
  const uri = `${request.method} ${host}${pathOf(request.target)}`
  const isEd = algorithm === ('ed25519' satisfies SignatureAlgorithm)
  const header = { alg: isEd ? 'EdDSA' : 'ES256', typ: 'JWT', kid, nonce }
  const common = { nbf, exp: nbf + recvWindowMs / 1000, sub: kid, iat: nbf }
  const claims = isEd
    ? { aud: ['cdp_service'], iss: 'cdp', ...common, uris: [uri] }
    : { aud: ['retail_rest_api_proxy'], iss: 'coinbase-cloud', ...common, uri }
  const [head, body] = [header, claims].map(part => encodeUrl(encodeUtf8(JSON.stringify(part))))
  return { ...request, headers: { ...request.headers, [HEADER]: `Bearer ${head}.${body}.${encodeUrl(tag)}` } }
}

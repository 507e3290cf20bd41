import { sha256 } from '#hash'
import { decodeHex, encodeHex } from '../bytes.js'
import { utf8Secret } from '../crypto/secret-encoding.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { EMPTY_BODY, headerOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectInteger, expectText, readOptions } from '../options.js'
import type { Claim, Malformed, Scheme, Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

export interface HmacV1Options {
  /** Names the deployment, e.g. `api.example.com`; 1–255 visible ASCII characters. Keeps a test signature out of production. */
  readonly audience: string
  /** What the header names start with; letters, digits and `-`. Default `X-API-`. */
  readonly headerPrefix?: string
  /** How old a request that names no window may be, ms. Default 5,000, or the longest if that is less. */
  readonly recvWindowMs?: number
  /** Longest window a request may ask for, ms. Default 60,000. */
  readonly maxRecvWindowMs?: number
  /** How far in the future a timestamp may lie, ms. Default 1,000. */
  readonly futureMs?: number
}

const WHERE = 'hmacV1'
const MAX_MS = 86_400_000

const NONCE: Field = { min: 16, max: 64, foreign: /[^A-Za-z0-9_-]/ }
const CONTENT_TYPE: Field = { min: 1, max: 1024, foreign: /[^ -~]/ }

/**
 * Keylattice's own scheme: HMAC-SHA256 over ten lines, none of which can hold a line break, so that distinct requests
 * have distinct strings. Specification: `docs/reference/hmac-v1.md`.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function hmacV1(options: HmacV1Options): Scheme<'hmac-v1'> {
  const {
    audience,
    headerPrefix = 'X-API-',
    maxRecvWindowMs = 60_000,
    recvWindowMs = Math.min(5_000, maxRecvWindowMs),
    futureMs = 1_000,
  } = readOptions(WHERE, options, {
    required: ['audience'],
    optional: ['headerPrefix', 'recvWindowMs', 'maxRecvWindowMs', 'futureMs'],
  })
  expectText(WHERE, ['audience', audience], /^[!-~]{1,255}$/)
  expectText(WHERE, ['headerPrefix', headerPrefix], /^[A-Za-z0-9-]{1,32}$/)
  expectInteger(WHERE, ['maxRecvWindowMs', maxRecvWindowMs], { min: 1, max: MAX_MS })
  expectInteger(WHERE, ['recvWindowMs', recvWindowMs], { min: 1, max: maxRecvWindowMs })
  expectInteger(WHERE, ['futureMs', futureMs], { min: 0, max: MAX_MS })
  const names = headerNames(headerPrefix.toLowerCase())
  const head = `keylattice-hmac-v1\n${audience}\n`
  return Object.freeze({
    id: 'hmac-v1',
    proof: { kind: 'mac', hash: sha256, secretEncoding: utf8Secret },
    freshness: { kind: 'timestamp', recvWindowMs, maxRecvWindowMs, futureMs, replay: 'nonce' },
    covers: ['method', 'host', 'path', 'query', 'content-type', 'body'],
    read: request => read(request, names),
    stringToSign: (request, claim) => [head + lines(request, claim)],
    stamp,
    write: (request, claim, tag) => ({ ...request, headers: { ...request.headers, ...fields(names, claim, tag) } }),
  } satisfies Scheme<'hmac-v1'>)
}

/** Lower case, as in `WireRequest`. */
interface Names {
  readonly key: string
  readonly timestamp: string
  readonly nonce: string
  readonly recvWindow: string
  readonly signature: string
}

function headerNames(prefix: string): Names {
  return {
    key: `${prefix}key`,
    timestamp: `${prefix}timestamp`,
    nonce: `${prefix}nonce`,
    recvWindow: `${prefix}recv-window`,
    signature: `${prefix}signature`,
  }
}

/** Hot path: allocates the claim and its tag, nothing else. */
function read(request: WireRequest, names: Names): Claim | Malformed | undefined {
  const keyId = headerOf(request, names.key)
  const timestamp = headerOf(request, names.timestamp)
  const nonce = headerOf(request, names.nonce)
  const recvWindow = headerOf(request, names.recvWindow)
  const signature = headerOf(request, names.signature)
  if ((keyId ?? timestamp ?? nonce ?? recvWindow ?? signature) === undefined) return undefined
  if (!isField(keyId, KEY_ID)) return { malformed: names.key }
  const timestampMs = parseDecimal(timestamp ?? '', 15)
  if (timestamp === undefined || timestampMs < 0) return { malformed: names.timestamp }
  if (!isField(nonce, NONCE)) return { malformed: names.nonce }
  const recvWindowMs = recvWindow === undefined ? -1 : Math.max(parseDecimal(recvWindow, 10), 0)
  if (recvWindowMs === 0) return { malformed: names.recvWindow }
  const field = unsignable(request)
  if (field !== undefined) return { malformed: field }
  const tag = decodeHex(signature ?? '', 32)
  if (tag === undefined) return { malformed: names.signature }
  return { keyId, tag, timestampMs, timestamp, nonce, recvWindow: recvWindow ?? '', recvWindowMs }
}

/** The part of the request that has no place in a line of text, if any. */
function unsignable(request: WireRequest): string | undefined {
  if (!isPlainMethod(request.method)) return 'method'
  if (!isTarget(request.target)) return 'target'
  if (!(request.body instanceof Uint8Array)) return 'body'
  const type = headerOf(request, 'content-type')
  return type === undefined || isField(type, CONTENT_TYPE) ? undefined : 'content-type'
}

function lines(request: WireRequest, { keyId, timestamp, nonce, recvWindow }: Claim): string {
  const type = headerOf(request, 'content-type') ?? ''
  const body = sha256.hexDigest(request.body)
  // Short texts are joined at once, where every longer one is a piece to be put in place later: these two come first.
  const middle = `\n${recvWindow}\n${request.method}\n`
  const end = `\n${type}\n`
  return `${keyId}\n${timestamp}\n${nonce}${middle}${request.target}${end}${body}`
}

function stamp({ keyId, nowMs, recvWindowMs, randomNonce }: Stamp): Claim {
  return {
    keyId,
    tag: EMPTY_BODY,
    timestampMs: nowMs,
    timestamp: String(nowMs),
    nonce: randomNonce(),
    recvWindow: recvWindowMs < 0 ? '' : String(recvWindowMs),
    recvWindowMs,
  }
}

function fields(names: Names, claim: Claim, tag: Uint8Array): WireRequest['headers'] {
  return {
    [names.key]: claim.keyId,
    [names.timestamp]: claim.timestamp,
    [names.nonce]: claim.nonce,
    [names.recvWindow]: claim.recvWindow || undefined,
    [names.signature]: encodeHex(tag) || undefined,
  }
}

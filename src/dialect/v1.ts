import { decodeHex, encodeHex } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { type Field, isField, isTarget, KEY_ID } from '../http/field.js'
import { EMPTY_BODY, headerOf, REPEATED, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectInteger, expectText, readOptions } from '../options.js'
import type { Claim, LoginMessage, Malformed, Proof, Scheme, Stamp } from '../scheme.js'
import { parseDecimal } from '../time.js'

/** What the schemes of our own, version 1, are configured with. */
export interface V1Options {
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

/** What tells one of them from the other. */
export interface V1<Id extends string> {
  readonly id: Id
  readonly proof: Proof
  /** Length of a signature. */
  readonly tagBytes: number
}

const MAX_MS = 86_400_000

const NONCE: Field = { min: 16, max: 64, foreign: /[^A-Za-z0-9_-]/ }
const CONTENT_TYPE: Field = { min: 1, max: 1024, foreign: /[^ -~]/ }

/**
 * Ten lines, the first of which names the scheme, and none of which can hold a line break: distinct requests have
 * distinct strings. Specification: `docs/reference/hmac-v1.md`.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function v1<Id extends string>({ id, proof, tagBytes }: V1<Id>, options: V1Options): Scheme<Id> {
  const {
    audience,
    headerPrefix = 'X-API-',
    maxRecvWindowMs = 60_000,
    recvWindowMs = Math.min(5_000, maxRecvWindowMs),
    futureMs = 1_000,
  } = readOptions(id, options, {
    required: ['audience'],
    optional: ['headerPrefix', 'recvWindowMs', 'maxRecvWindowMs', 'futureMs'],
  })
  expectText(id, ['audience', audience], /^[!-~]{1,255}$/)
  expectText(id, ['headerPrefix', headerPrefix], /^[A-Za-z0-9-]{1,32}$/)
  expectInteger(id, ['maxRecvWindowMs', maxRecvWindowMs], { min: 1, max: MAX_MS })
  expectInteger(id, ['recvWindowMs', recvWindowMs], { min: 1, max: maxRecvWindowMs })
  expectInteger(id, ['futureMs', futureMs], { min: 0, max: MAX_MS })
  const names = namesOf(headerPrefix.toLowerCase(), 'recv-window')
  const head = `keylattice-${id}\n${audience}\n`
  const freshness = { kind: 'timestamp', recvWindowMs, maxRecvWindowMs, futureMs, replay: 'nonce' } as const
  return Object.freeze<Scheme<Id>>({
    id,
    proof,
    freshness,
    covers: ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce'],
    read: request => read(request, names, tagBytes),
    stringToSign: (request, claim) => lines(request, claim, head),
    stamp,
    login: {
      freshness,
      read: message => (message['op'] === 'login' ? read(asRequest(message), MEMBERS, tagBytes) : undefined),
      stringToSign: (_, { keyId, timestamp, nonce, recvWindow }) => [
        `keylattice-${id}-login\n${audience}\n${keyId}\n${timestamp}\n${nonce}\n${recvWindow}`,
      ],
      stamp,
      write: (message, claim, tag) => ({ ...message, op: 'login', ...fields(MEMBERS, claim, tag) }),
    },
    write: (request, claim, tag) => ({ ...request, headers: { ...request.headers, ...fields(names, claim, tag) } }),
  })
}

/** Lower case, as in `WireRequest`. */
interface Names {
  readonly key: string
  readonly timestamp: string
  readonly nonce: string
  readonly recvWindow: string
  readonly signature: string
}

function namesOf(prefix: string, recvWindow: string): Names {
  return {
    key: `${prefix}key`,
    timestamp: `${prefix}timestamp`,
    nonce: `${prefix}nonce`,
    recvWindow: prefix + recvWindow,
    signature: `${prefix}signature`,
  }
}

/** Of the login message. */
const MEMBERS: Names = /* @__PURE__ */ namesOf('', 'recvWindow')

/** A message whose members are read as header fields are; one that is no text is no more readable than a repeated field. */
function asRequest(message: LoginMessage): WireRequest {
  const texts = Object.entries(message).map(([name, value]) => [
    name,
    value === undefined || typeof value === 'string' ? value : REPEATED,
  ])
  return { method: 'GET', target: '/', headers: Object.fromEntries(texts), body: EMPTY_BODY }
}

/** Hot path: allocates the claim and its tag, nothing else. */
function read(request: WireRequest, names: Names, tagBytes: number): Claim | Malformed | undefined {
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
  const tag = decodeHex(signature ?? '', tagBytes)
  if (tag === undefined) return { malformed: names.signature }
  return {
    keyId,
    tag,
    timestampMs,
    timestamp,
    nonce,
    recvWindow: recvWindow ?? '',
    recvWindowMs,
    passphrase: '',
    algorithm: '',
  }
}

/** The part of the request that has no place in a line of text, if any. */
function unsignable(request: WireRequest): string | undefined {
  if (!isPlainMethod(request.method)) return 'method'
  if (!isTarget(request.target)) return 'target'
  if (!(request.body instanceof Uint8Array)) return 'body'
  const type = headerOf(request, 'content-type')
  return type === undefined || isField(type, CONTENT_TYPE) ? undefined : 'content-type'
}

function lines(request: WireRequest, { keyId, timestamp, nonce, recvWindow }: Claim, head: string): readonly Part[] {
  const type = headerOf(request, 'content-type') ?? ''
  // Short texts are joined at once, where every longer one is a piece to be put in place later: these two come first.
  const middle = `\n${recvWindow}\n${request.method}\n`
  const end = `\n${type}\n`
  return [
    `${head}${keyId}\n${timestamp}\n${nonce}${middle}${request.target}${end}`,
    { digest: 'sha256', of: [request.body], as: 'hex' },
  ]
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
    passphrase: '',
    algorithm: '',
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

import { decodeBase64, encodeBase64 } from '../bytes.js'
import type { HashName, Part } from '../crypto/hash.js'
import { base64Secret, utf8Secret } from '../crypto/secret-encoding.js'
import { looseIsoMs } from '../dialect/loose-iso-time.js'
import { type Field, isField, isTarget } from '../http/field.js'
import { headerOf, pathOf, queryOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import { expectText, invalidOption, readOptions } from '../options.js'
import { type Claim, type Component, claimOf, type Malformed, type Scheme, type Stamp } from '../scheme.js'

/** What the string to sign can be made of, besides fixed text. `query` is without its `?`. */
export type BitcoinSuissePart =
  | 'x-auth'
  | 'key'
  | 'nonce'
  | 'timestamp'
  | 'version'
  | 'customer-number'
  | 'method'
  | 'host'
  | 'path'
  | 'query'
  | 'content-type'
  | 'body'
  | { /** As it is, e.g. a line feed. */ readonly text: string }
  | { /** Lower-case hex of the body's digest. */ readonly bodyDigest: HashName }

export interface BitcoinSuisseOptions {
  /** The string to sign, part by part. */
  readonly order: readonly BitcoinSuissePart[]
  readonly hash: HashName
  /** How the secret's text becomes the key of the MAC. */
  readonly secretEncoding: 'utf8' | 'base64'
  /** The host that is signed, where `order` has it; lower case, as in `api.bitcoinsuisse.com`. */
  readonly host?: string
}

const WHERE = 'bitcoinSuisse'
const AUTH = 'x-auth'
const NONCE = 'x-auth-nonce'
const TIMESTAMP = 'x-auth-timestamp'
const VERSION = 'x-auth-version'
const SIGNATURE = 'x-auth-signature'
const CUSTOMER = 'customer-number'

const NAMES = /^(x-auth|key|nonce|timestamp|version|customer-number|method|host|path|query|content-type|body)$/
/** Signed text of any length: side by side, one could grow at the cost of the other. */
const OPEN: readonly unknown[] = ['customer-number', 'path', 'query', 'content-type', 'body']
const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce']
const WINDOW_MS = 10_000

const AUTH_VALUE: Field = { min: 6, max: 133, foreign: /[^A-Za-z0-9_. -]/ }
const NONCE_VALUE: Field = { min: 20, max: 20, foreign: /[^A-Za-z0-9]/ }
const TEXT: Field = { min: 1, max: 1024, foreign: /[^ -~]/ }

/**
 * The header family of Bitcoin Suisse: `X-Auth: BTCS <key>`, a nonce of 20 letters and digits, an ISO-8601 time within
 * ten seconds, `X-Auth-Version: v1` and a base64 signature. The order of the signed string, its hash and the encoding of
 * the secret are not public: **whoever uses this must give them, and no compatibility is claimed.**
 *
 * What `order` has is covered. Parts of any length that stand side by side without a line feed between them are covered in
 * part only: where one ends is not signed. A request that carries `customer-number`, which acts for that customer, is
 * refused unless `order` has it.
 *
 * @source https://docs.bitcoinsuisse.com/pages/rest/authentication, as far as it is public
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function bitcoinSuisse(options: BitcoinSuisseOptions): Scheme<'bitcoin-suisse'> {
  const required = ['order', 'hash', 'secretEncoding'] as const
  const { order, hash, secretEncoding, host = '' } = readOptions(WHERE, options, { required, optional: ['host'] })
  expectText(WHERE, ['hash', hash], /^sha(256|384|512)$/)
  expectText(WHERE, ['secretEncoding', secretEncoding], /^(utf8|base64)$/)
  const has = (part: BitcoinSuissePart) => order.includes(part)
  if (!Array.isArray(order) || !order.every(isPart) || !(has('nonce') && has('timestamp'))) {
    throw invalidOption(WHERE, 'order', "a list of parts, 'nonce' and 'timestamp' among them")
  }
  if (has('host') !== (host !== '')) throw invalidOption(WHERE, 'host', "given where 'order' has it, and only there")
  const partial = partialOf(order)
  return Object.freeze<Scheme<'bitcoin-suisse'>>({
    id: 'bitcoin-suisse',
    proof: { kind: 'mac', hash, secretEncoding: secretEncoding === 'base64' ? base64Secret : utf8Secret },
    freshness: {
      kind: 'timestamp',
      recvWindowMs: WINDOW_MS,
      maxRecvWindowMs: WINDOW_MS,
      futureMs: WINDOW_MS,
      replay: 'nonce',
    },
    covers: COMPONENTS.filter(component => !(component in partial) && isSigned(order, component)),
    partial,
    read: request => read(request, { hash, signsCustomer: has('customer-number') }),
    stringToSign: (request, claim) => order.map(part => textOf(part, request, { claim, host })),
    stamp,
    write,
  })
}

function isPart(part: unknown): boolean {
  if (typeof part === 'string') return NAMES.test(part)
  const { text, bodyDigest } = Object(part) as { text?: unknown; bodyDigest?: unknown }
  return typeof text === 'string' || ['sha256', 'sha384', 'sha512'].includes(bodyDigest as string)
}

function isSigned(order: readonly BitcoinSuissePart[], component: Component): boolean {
  return order.some(
    part => part === component || (component === 'body' && typeof part === 'object' && 'bodyDigest' in part),
  )
}

/** The components next to another one of any length, without a line feed between. */
function partialOf(order: readonly BitcoinSuissePart[]): Partial<Record<Component, string>> {
  const partial: Partial<Record<Component, string>> = {}
  let before: BitcoinSuissePart | undefined
  for (const part of order) {
    // A time has one form wherever it stands, so that what is before it ends there.
    if (part === 'timestamp' || (typeof part === 'object' && 'text' in part && part.text.includes('\n')))
      before = undefined
    if (!OPEN.includes(part)) continue
    for (const open of before === undefined ? [] : [before, part]) {
      if (open !== CUSTOMER)
        partial[open as Component] = 'Where it ends is not signed: the part beside it can begin sooner or later.'
    }
    before = part
  }
  return partial
}

interface Reading {
  readonly hash: HashName
  readonly signsCustomer: boolean
}

function read(request: WireRequest, { hash, signsCustomer }: Reading): Claim | Malformed | undefined {
  const auth = headerOf(request, AUTH)
  const nonce = headerOf(request, NONCE)
  const timestamp = headerOf(request, TIMESTAMP)
  const signature = headerOf(request, SIGNATURE)
  if ((auth ?? nonce ?? timestamp ?? signature) === undefined) return undefined
  if (!isField(auth, AUTH_VALUE) || !/^BTCS [^ ]+$/.test(auth)) return { malformed: AUTH }
  if (!isField(nonce, NONCE_VALUE)) return { malformed: NONCE }
  const timestampMs = looseIsoMs(timestamp ?? '')
  if (timestamp === undefined || timestampMs < 0) return { malformed: TIMESTAMP }
  if (headerOf(request, VERSION) !== 'v1') return { malformed: VERSION }
  const field = unsignable(request, signsCustomer)
  if (field !== undefined) return { malformed: field }
  const tag = decodeBase64(signature ?? '')
  if (tag?.length !== Number(hash.slice(3)) / 8) return { malformed: SIGNATURE }
  return claimOf({ keyId: auth.slice(5), tag, timestampMs, timestamp, nonce })
}

function unsignable(request: WireRequest, signsCustomer: boolean): string | undefined {
  if (!isPlainMethod(request.method)) return 'method'
  // `/a?` and `/a` would have the same path and the same query.
  if (!isTarget(request.target) || request.target.endsWith('?')) return 'target'
  if (!(request.body instanceof Uint8Array)) return 'body'
  const type = headerOf(request, 'content-type')
  if (type !== undefined && !isField(type, TEXT)) return 'content-type'
  const customer = headerOf(request, CUSTOMER)
  return customer === undefined || (signsCustomer && isField(customer, TEXT)) ? undefined : CUSTOMER
}

function textOf(
  part: BitcoinSuissePart,
  request: WireRequest,
  { claim, host }: { readonly claim: Claim; readonly host: string },
): Part {
  if (typeof part === 'object') {
    return 'text' in part ? part.text : { digest: part.bodyDigest, of: [request.body], as: 'hex' }
  }
  const { keyId, nonce, timestamp } = claim
  const { method, target, body } = request
  const words = { 'x-auth': `BTCS ${keyId}`, key: keyId, nonce, timestamp, version: 'v1', host }
  const parts = { ...words, method, path: pathOf(target), query: queryOf(target), body }
  return part === 'customer-number' || part === 'content-type' ? (headerOf(request, part) ?? '') : parts[part]
}

function stamp({ keyId, nowMs, randomNonce }: Stamp): Claim {
  const timestamp = new Date(nowMs).toISOString()
  return claimOf({ keyId, timestampMs: nowMs, timestamp, nonce: randomNonce().slice(-20) })
}

function write(request: WireRequest, claim: Claim, tag: Uint8Array): WireRequest {
  const fields = {
    [AUTH]: `BTCS ${claim.keyId}`,
    [NONCE]: claim.nonce,
    [TIMESTAMP]: claim.timestamp,
    [VERSION]: 'v1',
    [SIGNATURE]: encodeBase64(tag) || undefined,
  }
  return { ...request, headers: { ...request.headers, ...fields } }
}

import { keyPairsOf } from '#key-pairs'
import { base64Secret, utf8Secret } from '../crypto/secret-encoding.js'
import {
  chosenInput,
  INPUT,
  readSignature,
  SIGNATURE,
  type SignaturePolicy,
  writeSignature,
} from '../dialect/message-signature.js'
import {
  type HttpMessageSignaturesOptions,
  type MessageSignatureOptions,
  readMessageSignatureOptions,
} from '../dialect/message-signature-options.js'
import { signatureBase } from '../dialect/signature-base.js'
import { type Item, serializeItem } from '../dialect/structured-fields.js'
import { isTarget } from '../http/field.js'
import { headerOf, type WireRequest } from '../http/request.js'
import { isPlainMethod } from '../http/target.js'
import {
  type Claim,
  type Component,
  claimOf,
  type Freshness,
  type Malformed,
  type Proof,
  type Scheme,
  type Stamp,
} from '../scheme.js'

export type {
  HttpComponent,
  HttpMessageSignaturesOptions,
  HttpSignatureAlgorithm,
} from '../dialect/message-signature-options.js'

const DIGEST = 'content-digest'
const TYPE = 'content-type'

/** What covers each component of ours. */
const COVERED_BY: readonly (readonly [Component, readonly string[]])[] = [
  ['method', ['@method']],
  ['host', ['@authority', '@target-uri']],
  ['path', ['@path', '@request-target', '@target-uri']],
  ['query', ['@query', '@request-target', '@target-uri']],
  ['content-type', [TYPE]],
  ['body', [DIGEST]],
]

/**
 * HTTP Message Signatures (RFC 9421) of requests, with the digest of the body (RFC 9530). What must be covered, with which
 * algorithms, under which tag and for how long is said here and never read from the message; the algorithm is that of the
 * registered key. A request must have exactly one signature that is meant: the one with the tag, or the only one.
 *
 * More is asked than the standards ask: both fields stand as RFC 9651 serialises them; no parameter is unknown; `created`
 * and `keyid` are there; the digest is of one hash, and is worked out again from the bytes received; a target does not end
 * in `?`. Responses are not signed.
 *
 * @source RFC 9421 sections 2, 3.2 and 7; RFC 9530 section 2; RFC 9651
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function httpMessageSignatures(options: HttpMessageSignaturesOptions): Scheme<'http-message-signatures'> {
  const given = readMessageSignatureOptions(options)
  const { items, tag, nonce, contentDigest } = given
  const names = items.map(([name]) => name)
  const policy = {
    ...given,
    components: (request: WireRequest) => neededBy(request, items).map(item => serializeItem(item)),
  }
  const hash = contentDigest === 'sha-256' ? 'sha256' : 'sha512'
  return Object.freeze<Scheme<'http-message-signatures'>>({
    id: 'http-message-signatures',
    proof: proofOf(given),
    freshness: freshnessOf(given),
    covers: [...coveredBy(names), ...(nonce ? (['nonce'] as const) : [])],
    derive: request =>
      names.includes(DIGEST) && hasBody(request)
        ? { [DIGEST]: [`${contentDigest}=:`, { digest: hash, of: [request.body], as: 'base64' }, ':'] }
        : {},
    read: request => read(request, policy),
    stringToSign(request) {
      const covered = chosenInput(request, tag)?.[1]
      return [(covered && signatureBase(request, covered, given)) ?? '']
    },
    stamp: stamp => stampOf(stamp, nonce),
    write: (request, claim, bytes) =>
      writeSignature(request, { claim, tag: bytes, covered: neededBy(request, items) }, policy),
  })
}

function coveredBy(names: readonly unknown[]): readonly Component[] {
  return COVERED_BY.flatMap(([component, by]) => (by.some(name => names.includes(name)) ? component : []))
}

function freshnessOf({ items, nonce, maxAgeS, maxLifeS, futureS }: MessageSignatureOptions): Freshness {
  const bounds = { recvWindowMs: maxAgeS * 1000, maxRecvWindowMs: maxLifeS * 1000, futureMs: futureS * 1000 }
  const coversMethod = items.some(([name]) => name === '@method')
  return { kind: 'timestamp', ...bounds, replay: nonce ? 'nonce' : coversMethod ? 'tag-except-reads' : 'tag' }
}

function proofOf({ algorithms, secretEncoding }: MessageSignatureOptions): Proof {
  const keyPairs = keyPairsOf(algorithms.filter(name => name !== 'hmac-sha256'))
  if (!algorithms.includes('hmac-sha256')) return { kind: 'signature', keyPairs }
  const encoding = secretEncoding === 'base64' ? base64Secret : utf8Secret
  const mac = { kind: 'mac', hash: 'sha256', secretEncoding: encoding } as const
  return keyPairs.algorithms.length === 0 ? mac : { ...mac, keyPairs }
}

/** The components of this request: it need not have a body, nor say of what type it is. */
function neededBy(request: WireRequest, items: readonly Item[]): readonly Item[] {
  return items.filter(([name]) => {
    if (name === DIGEST) return hasBody(request)
    return name !== TYPE || headerOf(request, TYPE) !== undefined
  })
}

function hasBody(request: WireRequest): boolean {
  return request.body.length > 0 || headerOf(request, DIGEST) !== undefined
}

function read(request: WireRequest, policy: SignaturePolicy): Claim | Malformed | undefined {
  if ((headerOf(request, INPUT) ?? headerOf(request, SIGNATURE)) === undefined) return undefined
  if (!isPlainMethod(request.method)) return { malformed: 'method' }
  // `/a?` and `/a` would have the same path and the same query.
  if (!isTarget(request.target) || request.target.endsWith('?')) return { malformed: 'target' }
  if (!(request.body instanceof Uint8Array)) return { malformed: 'body' }
  return readSignature(request, policy)
}

function stampOf({ keyId, nowMs, recvWindowMs, algorithm, randomNonce }: Stamp, nonce: boolean): Claim {
  const created = Math.floor(nowMs / 1000)
  const life = Math.max(Math.floor(recvWindowMs / 1000), 1)
  const window = recvWindowMs < 0 ? {} : { recvWindow: String(created + life), recvWindowMs: life * 1000 }
  const time = { timestampMs: created * 1000, timestamp: String(created) }
  return claimOf({ keyId, ...time, ...window, nonce: nonce ? randomNonce() : '', algorithm })
}

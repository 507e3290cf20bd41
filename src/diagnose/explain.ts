import { hashes } from '#hash'
import { encodeUtf8 } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { bytesOfPart, plainParts } from '../crypto/parts.js'
import { EMPTY_BODY, type WireRequest } from '../http/request.js'
import { readOptions } from '../options.js'
import { type Claim, type Component, claimOf, type Scheme } from '../scheme.js'
import { systemClock } from '../time.js'
import type { Explanation, NamedPart, NotCovered } from './explanation.js'
import { explanationText } from './explanation-text.js'
import { createMeter } from './meter.js'
import { nameString } from './naming.js'
import { placesOf } from './places.js'
import { readLeniently } from './reading.js'
import { type AnySegment, bytesOfContent, isDigestSegment, partsOf, type Segment } from './segment.js'
import { soundRequest } from './sound-request.js'
import type { Signing } from './sources.js'

export interface ExplainOptions {
  readonly scheme: Scheme
  /** Key id to show for a request that is not signed yet. Default: `your-key-id`. */
  readonly keyId?: string
  /** Time to show for a request that is not signed yet, epoch ms. Default: now. */
  readonly now?: number
  /** Receive window to show for a request that is not signed yet, ms. Default: none. */
  readonly recvWindowMs?: number
}

const HIDDEN = '(hidden)'
const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce']
const CLAIMED: Readonly<Record<string, keyof Claim>> = {
  'key id': 'keyId',
  timestamp: 'timestamp',
  nonce: 'nonce',
  'recv window': 'recvWindow',
}

/**
 * Says what is signed of a request: the string to sign, part by part, with what each part comes from, the hash, how the
 * secret becomes the key, what the request says of itself, and what the signature does not cover. A request that carries
 * no credentials is stamped first, as a signer would, so that a client's author can compare before anything is sent.
 *
 * Takes no secret and shows none: passphrases and bearer tokens are hidden. What it shows of a signed request is good
 * for as long as the signature is, so treat it as the request itself. Works wherever the client does. Costs up to 2048
 * calls of the scheme's `stringToSign` for each field that is signed: for people, not for every request.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`
 */
export async function explain(given: WireRequest, options: ExplainOptions): Promise<Explanation> {
  const request = soundRequest(given)
  const known = readOptions('explain', options, { required: ['scheme'], optional: ['keyId', 'now', 'recvWindowMs'] })
  const { scheme } = known
  const read = readLeniently(scheme, request)
  const signed = read.claim !== undefined || read.malformed !== undefined
  const signing = read.claim === undefined ? stamped(request, known, signed) : { request, claim: read.claim }
  const tag = (read.claim && read.tags[0]?.bytes) ?? EMPTY_BODY
  const isBearer = scheme.proof.kind === 'bearer'
  const segments = isBearer ? [] : nameString(scheme, signing, createMeter(Number.POSITIVE_INFINITY))
  const explanation = {
    scheme: scheme.id,
    signed,
    claim: hidden({ ...signing.claim, tag }, isBearer),
    malformed: read.malformed,
    parts: isBearer ? [tokenPart()] : segments.map(segment => namedPart(segment, signing)),
    stringToSign: partsOf(segments),
    proof: proofOf(scheme),
    notCovered: notCoveredBy(scheme),
  }
  return { ...explanation, text: explanationText(explanation) }
}

/** As a signer would stamp it, but for the nonce, which is plainly made up. */
function stamped(request: WireRequest, options: ExplainOptions, signed: boolean): Signing {
  const { scheme, keyId = 'your-key-id', now = systemClock(), recvWindowMs = -1 } = options
  const nowMs = Math.round(now)
  const stamp = { keyId, nowMs, recvWindowMs, lastNonce: '', passphrase: '', algorithm: '' } as const
  const claim = scheme.stamp({ ...stamp, randomNonce: () => '0123456789abcdef0123456789abcdef' })
  if (signed) return { request, claim }
  const derived = Object.entries(scheme.derive?.(request) ?? {}).map(([name, parts]) => [name, textOfParts(parts)])
  const headers = { ...request.headers, ...(Object.fromEntries(derived) as WireRequest['headers']) }
  return { request: scheme.write({ ...request, headers }, claim, EMPTY_BODY), claim }
}

function textOfParts(parts: readonly Part[]): string {
  return plainParts(parts, hashes)
    .map(part => (typeof part === 'string' ? part : new TextDecoder().decode(part)))
    .join('')
}

function hidden(claim: Claim, isBearer: boolean): Claim {
  return claimOf({
    ...claim,
    passphrase: claim.passphrase && HIDDEN,
    tag: isBearer ? EMPTY_BODY : claim.tag,
  })
}

function tokenPart(): NamedPart {
  return { source: 'token', name: '', bytes: encodeUtf8(HIDDEN) }
}

function namedPart(segment: AnySegment, signing: Signing): NamedPart {
  if (!isDigestSegment(segment)) return plainPart(segment, signing)
  const { hash, as } = segment
  const [digest = ''] = plainParts(partsOf([segment]), hashes)
  const of = segment.of.map(part => plainPart(part, signing))
  return { source: 'literal', name: '', bytes: bytesOfPart(digest), digest: { hash, as, of } }
}

function plainPart({ source, name, content }: Segment, { request, claim }: Signing): NamedPart {
  if (source === 'passphrase') return { source, name, bytes: encodeUtf8(HIDDEN) }
  const field = CLAIMED[source]
  const place = field === undefined ? name : placeOf(request, String(claim[field]))
  return { source, name: place, bytes: bytesOfContent(content) }
}

/** The field of the request that a text stands in: alone, or at least among others. */
function placeOf(request: WireRequest, text: string): string {
  const places = placesOf(request)
  const found = places.find(place => place.text === text) ?? places.find(place => place.text.includes(text))
  return found?.name ?? ''
}

function proofOf({ proof }: Scheme): Explanation['proof'] {
  const isMac = proof.kind === 'mac'
  return {
    kind: proof.kind,
    hash: isMac ? proof.hash : undefined,
    secretEncoding: isMac ? proof.secretEncoding.name : undefined,
    algorithms: proof.kind === 'bearer' ? [] : (proof.keyPairs?.algorithms ?? []),
    passphrase: isMac ? proof.passphrase : undefined,
  }
}

function notCoveredBy({ covers, partial = {} }: Scheme): readonly NotCovered[] {
  return COMPONENTS.filter(component => !covers.includes(component)).map(component => ({
    component,
    partly: partial[component],
  }))
}

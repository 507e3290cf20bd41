/** The vector files: one for each dialect, all in one format, and all that a dialect's tests are made from. */

import { readdirSync, readFileSync } from 'node:fs'
import { hashes } from '#hash'
import { decodeHex, encodeBase64, encodeHex, encodeUtf8 } from '../../src/bytes.js'
import type { Part } from '../../src/crypto/hash.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, type Component, isMalformed, type LoginMessage, type Scheme } from '../../src/scheme.js'

/** Options of the scheme's factory, as JSON. */
export type VectorOptions = Readonly<Record<string, unknown>>

/** A request as the vector files write it. */
export interface VectorRequest {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** In place of `body`, where that is no text. */
  readonly bodyHex?: string
}

export interface VectorCredentials {
  readonly keyId: string
  /** Text of the secret; PKCS#8 PEM of a private key, beside `publicKey`. */
  readonly secret: string
  readonly passphrase?: string
  /** SPKI PEM, for a key pair. */
  readonly publicKey?: string
}

/** What the laws, the mutation fuzz and the table of protection run on. */
export interface VectorFixture {
  readonly name: string
  readonly options?: VectorOptions
  readonly credentials: VectorCredentials
  /** When it signs, epoch ms. */
  readonly now: number
  /** Unsigned requests, which between them have every component the scheme covers. */
  readonly requests: readonly VectorRequest[]
  /** Options of another deployment, where `host` is covered. */
  readonly elsewhere?: VectorOptions
  /** Hex digits of the signature may be of either case. */
  readonly anyCase?: boolean
  /** The same parameters pass in the query and in the body. */
  readonly anyPlace?: boolean
  /** Components that are signed by what they mean: another spelling or order of the same parameters passes. */
  readonly byMeaning?: readonly Component[]
  /** Unsigned login messages, where the dialect has one: members beside those it writes. */
  readonly logins?: readonly LoginMessage[]
}

/** Two requests with one string to sign, for a component that is covered in part only. */
export interface VectorPartial {
  readonly component: Component
  readonly options?: VectorOptions
  readonly credentials: VectorCredentials
  readonly now: number
  readonly a: VectorRequest
  readonly b: VectorRequest
}

interface Accepted {
  readonly name: string
  /** Who made the signature. */
  readonly source?: string
  readonly options?: VectorOptions
  readonly credentials: VectorCredentials
  /** Fields that are left out are those of a scheme that has them not. */
  readonly claim: Partial<Omit<Claim, 'tag'>>
  readonly stringToSign: string
  /** The tag's bytes in hex, or in base64. */
  readonly signature: string
}

export interface ValidVector extends Accepted {
  /** Before signing; absent where the request was put together in another way than this library does. */
  readonly request?: VectorRequest
  readonly signed: VectorRequest
}

export interface ValidLogin extends Accepted {
  /** Before signing; absent where the message was put together in another way than this library does. */
  readonly unsigned?: LoginMessage
  readonly message: LoginMessage
}

export interface InvalidVector {
  readonly name: string
  readonly options?: VectorOptions
  /** Default: those of the first valid vector. */
  readonly credentials?: VectorCredentials
  /** `signed` for a request, `message` for a login. */
  readonly signed?: VectorRequest
  readonly message?: LoginMessage
  /** `no credentials`, `malformed <field>` or `wrong signature`. */
  readonly reason: string
}

export interface VectorFile {
  readonly scheme: string
  readonly fixtures: readonly VectorFixture[]
  readonly partial?: readonly VectorPartial[]
  readonly valid: readonly ValidVector[]
  readonly validLogins?: readonly ValidLogin[]
  readonly invalid: readonly InvalidVector[]
  /** The client of others that speaks the dialect, unmodified. */
  readonly ccxt?: CcxtEntry
}

export interface CcxtEntry {
  readonly class: string
  readonly package: 'ccxt' | `ccxt-${string}`
}

const VECTORS = new URL('../vectors/schemes/', import.meta.url)
const SCHEMES = new URL('../../src/schemes/', import.meta.url)

/** Every dialect there is, by its file. */
export const schemeIds: readonly string[] = namesIn(SCHEMES, '.ts')

/** Every file of vectors there is. */
export const vectorIds: readonly string[] = namesIn(VECTORS, '.json')

function namesIn(folder: URL, end: string): readonly string[] {
  const files = readdirSync(folder).filter(file => file.endsWith(end))
  return files.map(file => file.slice(0, -end.length)).sort()
}

export function loadVectors(scheme: string): VectorFile {
  return JSON.parse(readFileSync(new URL(`${scheme}.json`, VECTORS), 'utf8')) as VectorFile
}

export function toWire({ method, target, headers = {}, body = '', bodyHex }: VectorRequest): WireRequest {
  const bytes = bodyHex === undefined ? encodeUtf8(body) : decodeHex(bodyHex, bodyHex.length / 2)
  return { method, target, headers, body: bytes! }
}

/** The string to sign as the vector files write it: bytes of a digest, which are no text, as `<sha256:hex>`. */
export function textOf(parts: readonly Part[]): string {
  return parts.map(textOfPart).join('')
}

function textOfPart(part: Part): string {
  if (typeof part === 'string') return part
  if (part instanceof Uint8Array) return new TextDecoder().decode(part)
  const digest = hashes[part.digest].digest(part.of)
  if (part.as === 'bytes') return `<${part.digest}:${encodeHex(digest)}>`
  return part.as === 'hex' ? encodeHex(digest) : encodeBase64(digest)
}

/** What the scheme makes of a request under this secret, in the words of the vector files. */
export function verdictOf(scheme: Scheme, request: WireRequest, secret: string): string {
  const read = scheme.read(request)
  if (read === undefined) return 'no credentials'
  if (isMalformed(read)) return `malformed ${read.malformed}`
  const { proof } = scheme
  if (proof.kind === 'bearer') return 'read'
  if (proof.kind === 'signature') throw new TypeError('a key pair has no secret')
  const mac = hashes[proof.hash].mac(proof.secretEncoding.keyOf(encodeUtf8(secret))!)
  return mac.matches(scheme.stringToSign(request, read), read.tag) ? 'accepted' : 'wrong signature'
}

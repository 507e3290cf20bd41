import { readFileSync } from 'node:fs'
import { decodeHex, encodeUtf8 } from '../../src/bytes.js'
import type { Part } from '../../src/crypto/hash.js'
import type { WireRequest } from '../../src/http/request.js'
import { type Claim, isMalformed, type Scheme } from '../../src/scheme.js'

/** A request as the vector files write it. */
export interface VectorRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly bodyHex?: string
}

export interface ValidVector {
  readonly name: string
  readonly source?: string
  readonly options: Readonly<Record<string, string>>
  readonly credentials: { readonly keyId: string; readonly secret: string }
  /** Before signing; absent where the request was put together in another way than this library does. */
  readonly request?: VectorRequest
  readonly claim: Omit<Claim, 'tag'>
  readonly stringToSign: string
  readonly signature: string
  readonly signed: VectorRequest
}

export interface InvalidVector {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  readonly signed: VectorRequest
  readonly reason: string
}

export interface VectorFile {
  readonly scheme: string
  readonly valid: readonly ValidVector[]
  readonly invalid: readonly InvalidVector[]
}

export function loadVectors(scheme: string): VectorFile {
  const url = new URL(`../vectors/schemes/${scheme}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as VectorFile
}

export function toWire({ method, target, headers, body = '', bodyHex }: VectorRequest): WireRequest {
  const bytes = bodyHex === undefined ? encodeUtf8(body) : decodeHex(bodyHex, bodyHex.length / 2)
  return { method, target, headers, body: bytes! }
}

export function textOf(parts: readonly Part[]): string {
  return parts.map(part => (typeof part === 'string' ? part : new TextDecoder().decode(part))).join('')
}

/** What the scheme makes of a request under these credentials, in the words of the vector files. */
export function verdictOf(scheme: Scheme, request: WireRequest, secret: string): string {
  const read = scheme.read(request)
  if (read === undefined) return 'no credentials'
  if (isMalformed(read)) return `malformed ${read.malformed}`
  if (scheme.proof.kind === 'bearer') return 'read'
  const mac = scheme.proof.hash.mac(encodeUtf8(secret))
  return mac.matches(scheme.stringToSign(request, read), read.tag) ? 'accepted' : 'wrong signature'
}

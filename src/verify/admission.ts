import { ConfigError } from '../errors.js'
import { headerOf, REPEATED, type WireRequest } from '../http/request.js'
import { isPlainMethod, isPlainTarget } from '../http/target.js'
import type { Refusal } from './verdict.js'

/** What a request may be before anybody looks at its credentials. */
export interface AdmissionLimits {
  /** Largest body, bytes. */
  readonly maxBodyBytes: number
  /** Longest request target, characters. */
  readonly maxTargetChars: number
  /** Whether paths that proxies and routers may read differently are let through. */
  readonly ambiguousPaths: boolean
}

/** Longest content type, characters. */
const MAX_CONTENT_TYPE = 1024

const TARGET: Refusal = Object.freeze({ denial: 'malformed_request', field: 'target' })
const METHOD: Refusal = Object.freeze({ denial: 'malformed_request', field: 'method' })
const CONTENT_TYPE: Refusal = Object.freeze({ denial: 'malformed_request', field: 'content-type' })
const LONG_TARGET: Refusal = Object.freeze({ denial: 'request_too_large', field: 'target' })
const LARGE_BODY: Refusal = Object.freeze({ denial: 'request_too_large', field: 'body' })

/**
 * Refuses what is no request at all, or too large, before any hashing or store call.
 *
 * @denies request_too_large, malformed_request
 * @throws {ConfigError} `ERR_OPTION_INVALID` when the host passes something that is not the raw request
 */
export function admit(request: WireRequest, limits: AdmissionLimits): Refusal | undefined {
  const { method, target, body } = request
  if (typeof target !== 'string' || typeof method !== 'string') throw notRaw('method and target', 'text as received')
  if (!(body instanceof Uint8Array))
    throw notRaw('body', 'the raw bytes received (Uint8Array), not a parsed or decoded form')
  if (typeof request.headers !== 'object' || request.headers === null)
    throw notRaw('headers', 'an object by lower-case name')
  if (target.length > limits.maxTargetChars) return LONG_TARGET
  if (body.length > limits.maxBodyBytes) return LARGE_BODY
  if (!isPlainMethod(method)) return METHOD
  if (!limits.ambiguousPaths && !isPlainTarget(target)) return TARGET
  const contentType = headerOf(request, 'content-type')
  return contentType === undefined || isFieldValue(contentType) ? undefined : CONTENT_TYPE
}

/** A field value without control characters, of sensible length; a repeated one is none. */
function isFieldValue(value: string): boolean {
  if (value === REPEATED || value.length > MAX_CONTENT_TYPE) return false
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}

function notRaw(field: string, expected: string): ConfigError {
  return new ConfigError('ERR_OPTION_INVALID', `verify: request ${field} must be ${expected}`, { field })
}

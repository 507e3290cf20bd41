import type { LoginMessage } from '../scheme.js'
import type { Refusal } from './verdict.js'

/** Longest text of a login message, characters. */
const MAX_CHARS = 16_384

const NO_OBJECT: Refusal = Object.freeze({ denial: 'malformed_request', field: 'message' })
const LARGE: Refusal = Object.freeze({ denial: 'request_too_large', field: 'message' })

/**
 * Reads a login message as it came over the socket.
 *
 * @param message JSON text, or what the host has parsed of it already
 * @denies malformed_request, request_too_large
 */
export function readLogin(message: unknown): { readonly message: LoginMessage } | Refusal {
  if (typeof message !== 'string') return isObject(message) ? { message } : NO_OBJECT
  if (message.length > MAX_CHARS) return LARGE
  try {
    const parsed: unknown = JSON.parse(message)
    return isObject(parsed) ? { message: parsed } : NO_OBJECT
  } catch {
    return NO_OBJECT
  }
}

function isObject(value: unknown): value is LoginMessage {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

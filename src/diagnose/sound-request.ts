import { EMPTY_BODY, type WireRequest } from '../http/request.js'

/** A request that can be taken apart, whatever was handed over: texts are well-formed, and the body is bytes. */
export function soundRequest({ method, target, headers, body }: WireRequest): WireRequest {
  const entries = Object.entries(headers ?? {}).map(
    ([name, value]) => [name, typeof value === 'string' ? value.toWellFormed() : value] as const,
  )
  return {
    method: wellFormed(method),
    target: wellFormed(target),
    headers: Object.fromEntries(entries),
    body: body instanceof Uint8Array ? body : EMPTY_BODY,
  }
}

function wellFormed(text: unknown): string {
  return typeof text === 'string' ? text.toWellFormed() : ''
}

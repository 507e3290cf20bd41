/** Longest body that is read as text, bytes: far above what any order needs. */
const MAX_BYTES = 65_536

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The body's text; `undefined` when it is not UTF-8, or longer than 64 KiB. A byte order mark is a character. */
export function textOfBody(body: Uint8Array): string | undefined {
  if (!(body instanceof Uint8Array) || body.length > MAX_BYTES) return undefined
  return textOfBytes(body)
}

/** The text of bytes that are UTF-8. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const BRACE = 0x7b
const BRACKET = 0x5b

/** Whether a body is empty or begins as JSON does, so that nothing before it can run into it. */
export function isJsonLike(body: Uint8Array): boolean {
  return body instanceof Uint8Array && (body.length === 0 || body[0] === BRACE || body[0] === BRACKET)
}

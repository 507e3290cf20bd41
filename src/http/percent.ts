/**
 * What was percent-encoded; `undefined` unless every `%` begins an escape and all escapes are UTF-8. `+` is a plus.
 *
 * @source RFC 3986 section 2.1
 */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

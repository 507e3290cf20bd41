/** Header fields by lower-case name. A field that came on several lines is an array. */
export type WireHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * An HTTP request as its bytes were on the wire. Everything signed is read from here and nowhere else;
 * a parsed or re-written form (a decoded path, a re-serialised body) is another request.
 */
export interface WireRequest {
  /** As sent, upper case for the standard methods. */
  readonly method: string
  /** The request target exactly as on the request line: path and, if sent, `?query`. */
  readonly target: string
  readonly headers: WireHeaders
  /** The raw bytes received; empty when there was no body. */
  readonly body: Uint8Array
  /** Address of the client, from the socket or from a resolver of trusted proxies. */
  readonly ip?: string | undefined
}

/** No body. */
export const EMPTY_BODY: Uint8Array = /* @__PURE__ */ new Uint8Array(0)

/** Stands for a header that came more than once: it holds a NUL, so that no strict reader accepts it. */
export const REPEATED = '\0repeated'

/**
 * The value of a header field: `undefined` when absent, `REPEATED` when it came on more than one line.
 * Hot path: an own-property read, so a polluted `Object.prototype` adds no header.
 *
 * @param name lower case
 */
export function headerOf(request: WireRequest, name: string): string | undefined {
  const { headers } = request
  if (!Object.hasOwn(headers, name)) return undefined
  const value = headers[name]
  if (typeof value === 'string' || value === undefined) return value
  return value.length === 1 && typeof value[0] === 'string' ? value[0] : REPEATED
}

/** The path of a request target: everything before the first `?`. */
export function pathOf(target: string): string {
  const at = target.indexOf('?')
  return at < 0 ? target : target.slice(0, at)
}

/** The query of a request target: everything after the first `?`, undecoded; empty when there is none. */
export function queryOf(target: string): string {
  const at = target.indexOf('?')
  return at < 0 ? '' : target.slice(at + 1)
}

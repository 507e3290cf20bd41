import { encodeUtf8 } from '../../src/bytes.js'
import type { WireRequest } from '../../src/http/request.js'

/** What `sign` of a ccxt exchange returns. */
interface CcxtRequest {
  readonly url: string
  readonly method: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, unknown>> | undefined
}

/** A request of ccxt as it goes over the wire, and its body as text. */
export function fromCcxt(
  signed: unknown,
): WireRequest & { readonly headers: Record<string, string>; readonly text: string } {
  const { url, method, body = '', headers = {} } = signed as CcxtRequest
  return {
    method,
    target: url.replace(/^https:\/\/[^/]+/, ''),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: encodeUtf8(body),
    text: body,
  }
}

import type { WireHeaders } from '../../http/request.js'

/** The headers of a `Request`. A repeated field arrives joined by `, `, which the format of no credential admits. */
export function headersOf(request: Request): WireHeaders {
  const headers: Record<string, string> = Object.create(null)
  request.headers.forEach((value, name) => {
    headers[name] = value
  })
  return headers
}

/** The request target that a URL was made from, as far as a URL still tells. */
export function targetOf({ url }: Request): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3))
}

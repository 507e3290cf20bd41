import { usage } from '../failures.js'
import type { Captured } from './captured.js'

const LF = 0x0a
const REQUEST_LINE = /^([A-Za-z-]+) (\S+) HTTP\/(?:1\.[01]|2|3)$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/

/** Whether this looks like a request line. */
export function isHttp(text: string): boolean {
  return REQUEST_LINE.test(text.slice(0, text.search(/\r?\n|$/)))
}

/** A request as it stood on the wire: request line, fields, empty line, body. Lines may end in LF alone. */
export function readHttp(bytes: Uint8Array): Captured {
  const end = endOfHead(bytes)
  const [line = '', ...fields] = Buffer.from(bytes.subarray(0, end)).toString('latin1').split(/\r?\n/)
  const [, method = '', written = ''] = REQUEST_LINE.exec(line) ?? []
  const headers = headersOf(fields.filter(field => field !== ''))
  const { target, origin } = targetOf(written)
  const host = origin ?? (typeof headers['host'] === 'string' ? `https://${headers['host']}` : undefined)
  const request = { method, target, headers, body: bodyOf(bytes.subarray(end), headers) }
  return { request, url: host !== undefined && URL.canParse(host) ? new URL(host) : undefined }
}

/** Index of the first byte of the body. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === 0x0d ? at + 2 : at + 1
    if (bytes[next] === LF) return next + 1
  }
  return bytes.length
}

function headersOf(fields: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null)
  for (const field of fields) {
    const match = FIELD.exec(field)
    if (match === null) throw usage('a header line of the request cannot be read')
    const name = (match[1] as string).toLowerCase()
    const value = match[2] as string
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}

/** What is sent to a proxy names the origin too. */
function targetOf(written: string): { readonly target: string; readonly origin: string | undefined } {
  const [, origin, rest] = /^(https?:\/\/[^/?#]+)(.*)$/i.exec(written) ?? []
  return origin === undefined ? { target: written, origin } : { target: rest || '/', origin }
}

/** An editor may have put a line break behind the body, which `Content-Length` tells from one that was sent. */
function bodyOf(bytes: Uint8Array, headers: Readonly<Record<string, string | string[]>>): Uint8Array {
  if (headers['transfer-encoding'] !== undefined)
    throw usage('the body is chunked: give it whole, without transfer-encoding')
  const length = headers['content-length']
  if (length === undefined) return bytes.slice()
  if (typeof length !== 'string' || !/^\d{1,12}$/.test(length)) throw usage('content-length cannot be read')
  if (bytes.length < Number(length))
    throw usage(`the body has ${bytes.length} bytes, but content-length says ${length}`)
  const spare = Buffer.from(bytes.subarray(Number(length))).toString('latin1')
  if (!/^[\r\n]*$/.test(spare)) throw usage(`the body has ${bytes.length} bytes, but content-length says ${length}`)
  return bytes.slice(0, Number(length))
}

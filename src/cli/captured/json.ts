import { decodeBase64, decodeHex, encodeUtf8 } from '../../bytes.js'
import { usage } from '../failures.js'
import type { Captured } from './captured.js'

/** A request as a JSON object: `method`, `url` or `target`, `headers`, and `body`, `bodyBase64` or `bodyHex`. */
export function readJson(text: string): Captured {
  const object = parse(text)
  const { method, url, target, headers = {} } = object
  if (typeof method !== 'string') throw usage("the request's 'method' must be text")
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (url !== undefined && parsed === undefined) throw usage("the request's 'url' must be an absolute URL")
  const path = target ?? (typeof url === 'string' ? targetIn(url) : undefined)
  if (typeof path !== 'string') throw usage("the request needs a 'url' or a 'target'")
  return { request: { method, target: path, headers: headersOf(headers), body: bodyOf(object) }, url: parsed }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  throw usage('the request is no JSON object')
}

function targetIn(url: string): string {
  const rest = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/#.*$/, '')
  return rest.startsWith('/') ? rest : `/${rest}`
}

function headersOf(headers: unknown): Record<string, string | string[]> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw badHeaders()
  const found: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    const isList = Array.isArray(value) && value.every(item => typeof item === 'string')
    if (typeof value !== 'string' && !isList) throw badHeaders()
    found[name.toLowerCase()] = value
  }
  return found
}

function badHeaders(): Error {
  return usage("the request's 'headers' must be an object of texts, or of lists of texts")
}

function bodyOf({ body, bodyBase64, bodyHex }: Readonly<Record<string, unknown>>): Uint8Array {
  if (typeof bodyBase64 === 'string') return decodeBase64(bodyBase64) ?? wrong('bodyBase64', 'base64')
  if (typeof bodyHex === 'string') return decodeHex(bodyHex, bodyHex.length / 2) ?? wrong('bodyHex', 'lower-case hex')
  if (body === undefined || body === null) return new Uint8Array(0)
  return typeof body === 'string' ? encodeUtf8(body) : wrong('body', 'text, exactly as it was sent')
}

function wrong(field: string, expected: string): never {
  throw usage(`the request's '${field}' must be ${expected}`)
}

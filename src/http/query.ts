import { decodePercent } from './percent.js'
import { pathOf, queryOf } from './request.js'

/**
 * How a dialect's clients send a query that they sign decoded. `encoded`: percent-encoded, a blank as `%20`. `raw`: as
 * it is, and only what a URL cannot hold is percent-encoded by the HTTP client.
 */
export type QueryForm = 'encoded' | 'raw'

const CONTROL = /\p{Cc}/u
const ENCODED_PLUS = /%2B/i

/**
 * The target with its query percent-decoded once, as it is signed. Two queries that anybody could read as different
 * parameters have different texts, since these are refused:
 *
 * - what is no UTF-8, holds control characters, or has a name with `&` or `=` in it; a `?` with nothing after it;
 * - `encoded`: `+` (a blank to some readers, a plus to others), a parameter without `=`, and a value in which an `=`
 *   follows an `&`;
 * - `raw`: `%26` and `%2B`, which such a client sends as `&` and `+`.
 *
 * @returns `undefined` for what is refused
 */
export function decodedTarget(target: string, form: QueryForm): string | undefined {
  const path = pathOf(target)
  if (path === target) return target
  const query = queryOf(target)
  if (query === '' || (form === 'raw' ? ENCODED_PLUS.test(query) : query.includes('+'))) return undefined
  let text = ''
  for (const piece of query.split('&')) {
    const parameter = decodedParameter(piece, form)
    if (parameter === undefined) return undefined
    text += `${text === '' ? '?' : '&'}${parameter}`
  }
  return path + text
}

function decodedParameter(piece: string, form: QueryForm): string | undefined {
  const equals = piece.indexOf('=')
  if (equals < 0 && form === 'encoded') return undefined
  const name = decoded(equals < 0 ? piece : piece.slice(0, equals))
  const value = equals < 0 ? '' : decoded(piece.slice(equals + 1))
  if (name === undefined || value === undefined || name.includes('&') || name.includes('=')) return undefined
  const ampersand = value.indexOf('&')
  if (ampersand >= 0 && (form === 'raw' || value.includes('=', ampersand))) return undefined
  return equals < 0 ? name : `${name}=${value}`
}

function decoded(text: string): string | undefined {
  const plain = text.includes('%') ? decodePercent(text) : text
  return plain === undefined || CONTROL.test(plain) ? undefined : plain
}

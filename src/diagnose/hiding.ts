import { encodeUtf8 } from '../bytes.js'
import type { WireRequest } from '../http/request.js'
import type { Mistake } from './mistakes.js'
import { textOfContent } from './segment.js'

const HIDDEN = '(hidden)'

/** Shorter ones stand by chance in any text. */
const MIN_LENGTH = 4

/** The request with `x` in place of every secret that stands in it, so that it can be explained and printed. */
export function withoutSecrets(request: WireRequest, secrets: readonly string[]): WireRequest {
  const clean = (text: string) => replaced(text, secrets, secret => 'x'.repeat(secret.length))
  const body = textOfContent(request.body)
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? clean(value) : value?.map(clean),
  ])
  return {
    ...request,
    target: clean(request.target),
    headers: Object.fromEntries(headers),
    body: body === undefined || clean(body) === body ? request.body : encodeUtf8(clean(body)),
  }
}

/** What was found, with nothing in it that is secret. */
export function hiding(mistake: Mistake, secrets: readonly string[]): Mistake {
  const clean = (text: string) => replaced(text, secrets, () => HIDDEN)
  return { ...mistake, field: clean(mistake.field), message: clean(mistake.message) }
}

function replaced(text: string, secrets: readonly string[], by: (secret: string) => string): string {
  return secrets
    .filter(secret => secret.length >= MIN_LENGTH)
    .flatMap(secret => [secret, encodeURIComponent(secret.toWellFormed())])
    .reduce((clean, secret) => clean.replaceAll(secret, () => by(secret)), text)
}

import { encodeUtf8 } from '../bytes.js'
import type { Part } from '../crypto/hash.js'
import { textOfBytes } from '../http/body.js'
import { isTarget } from '../http/field.js'
import { formOf, parametersOf } from '../http/form.js'
import { pathOf, queryOf, type WireRequest } from '../http/request.js'
import type { Malformed } from '../scheme.js'

/**
 * Credentials that are parameters among the others, all in the query or all in the body: what is signed is the query
 * followed by the body, without `signature`. Were there parameters in both, two requests could share it.
 */
export interface SignedParameters {
  readonly timestamp?: string
  readonly recvWindow?: string
  readonly signature?: string
}

const NAMES: readonly string[] = ['timestamp', 'recvWindow', 'signature']

/** The credentials, each once at most and `signature` last, as they stand on the wire. */
export function readSignedParameters({ target, body }: WireRequest): SignedParameters | Malformed {
  if (!isTarget(target)) return { malformed: 'target' }
  const query = queryOf(target)
  const form = formOf(body)
  if (form === undefined || (query !== '' && form !== '')) return { malformed: 'body' }
  const parameters = parametersOf(query || form)
  if (parameters === undefined) return { malformed: 'parameters' }
  // Without a prototype, so that a polluted one adds nothing.
  const found: Record<string, string> = Object.create(null)
  for (const [at, { name, value }] of parameters.entries()) {
    if (!NAMES.includes(name)) continue
    if (Object.hasOwn(found, name) || (name === 'signature' && at < parameters.length - 1)) return { malformed: name }
    found[name] = value
  }
  return found
}

/** What is signed. */
export function signedParts({ target, body }: WireRequest): readonly Part[] {
  return [withoutSignature(queryOf(target) || (textOfBytes(body) ?? ''))]
}

function withoutSignature(text: string): string {
  const at = text.lastIndexOf('&') + 1
  return text.startsWith('signature=', at) ? text.slice(0, Math.max(at - 1, 0)) : text
}

/**
 * Writes parameters where the others are: into the body if there is one, else into the query.
 *
 * @param edit makes all parameters from those there are
 */
export function writeParameters(request: WireRequest, edit: (parameters: string) => string): WireRequest {
  const { target, body } = request
  // What is no text stays none, so that it is refused when it is read.
  if (body.length > 0) return { ...request, body: encodeUtf8(edit(textOfBytes(body) ?? '\ufffd')) }
  return { ...request, target: `${pathOf(target)}?${edit(queryOf(target))}` }
}

import { encodeUtf8 } from '../bytes.js'
import { pathOf, queryOf, type WireRequest } from '../http/request.js'
import type { Claim } from '../scheme.js'
import type { PartSource } from './explanation.js'
import { textOfContent } from './segment.js'

/** What a string to sign is made from. */
export interface Signing {
  readonly request: WireRequest
  readonly claim: Claim
}

/** A text that the string to sign can come from, with the way to exchange it. */
export interface Source {
  readonly source: PartSource
  /** Name of the header field; empty for every other source. */
  readonly name: string
  readonly text: string
  put(text: string): Signing
}

/** How much of a request has to be read to make another one of it. */
export function sizeOf({ target, body }: WireRequest): number {
  return target.length + body.length
}

const CLAIMED = [
  ['key id', 'keyId'],
  ['timestamp', 'timestamp'],
  ['nonce', 'nonce'],
  ['recv window', 'recvWindow'],
  ['passphrase', 'passphrase'],
] as const

/** Everything that a scheme can take its string from, but what is empty. */
export function sourcesOf({ request, claim }: Signing): readonly Source[] {
  const path = pathOf(request.target)
  const { method, target, headers, body } = request
  const at = (changed: Partial<WireRequest>): Signing => ({ request: { ...request, ...changed }, claim })
  const plain = (source: PartSource, text: string, put: Source['put']): Source => ({ source, name: '', text, put })
  const all = [
    ...CLAIMED.map(([source, field]) =>
      plain(source, claim[field], text => ({ request, claim: { ...claim, [field]: text } })),
    ),
    plain('method', method, text => at({ method: text })),
    plain('path', path, text => at({ target: text + target.slice(path.length) })),
    plain('query', queryOf(target), text => at({ target: `${path}?${text}` })),
    plain('body', textOfContent(body) ?? '', text => at({ body: encodeUtf8(text) })),
    ...Object.entries(headers).flatMap(([name, value]): Source[] =>
      typeof value === 'string'
        ? [{ source: 'header', name, text: value, put: text => at({ headers: { ...headers, [name]: text } }) }]
        : [],
    ),
  ]
  return all.filter(({ text }) => text !== '')
}

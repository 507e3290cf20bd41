import { decodeBase64 } from '../bytes.js'
import { EMPTY_BODY, type WireRequest } from '../http/request.js'
import type { Scheme } from '../scheme.js'
import { textOfContent } from './segment.js'

/** A host name of two labels or more, with its port. */
export const HOST: RegExp = /(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\blocalhost)(?::\d+)?/g

const TOKEN = /^bearer (?:[\w-]+)\.([\w-]{1,8192})\.[\w-]*$/i

/** The host that a token was made for, where it is another than the scheme writes and all else of that text is right. */
export function tokenHostOf(scheme: Scheme, request: WireRequest): string | undefined {
  if (!scheme.covers.includes('host')) return undefined
  const stamp = { keyId: 'key', nowMs: 1e12, recvWindowMs: -1, lastNonce: '', passphrase: '', algorithm: '' } as const
  const right = scheme.write(request, scheme.stamp({ ...stamp, randomNonce: () => '0'.repeat(32) }), EMPTY_BODY)
  const wanted = tokenTexts(right)
  const masked = wanted.map(withoutHosts)
  const other = tokenTexts(request).find(text => !wanted.includes(text) && masked.includes(withoutHosts(text)))
  return other?.match(HOST)?.[0]
}

function withoutHosts(text: string): string {
  return text.replaceAll(HOST, '*')
}

/** The texts with a host in them that a token in the request carries, alone or in a list. */
function tokenTexts({ headers }: WireRequest): readonly string[] {
  const payload = TOKEN.exec(String(headers['authorization']))?.[1] ?? ''
  const standard = payload.replaceAll('-', '+').replaceAll('_', '/')
  const bytes = decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='))
  const members = Object.values(parsed((bytes && textOfContent(bytes)) || '{}'))
  return members.flat().flatMap(member => (typeof member === 'string' && member.search(HOST) >= 0 ? [member] : []))
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(json)) as Record<string, unknown>
  } catch {
    return {}
  }
}

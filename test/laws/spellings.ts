/** Other spellings of a signature, of which strict readers know one. */

import { encodeBase64, encodeHex, encodeUtf8 } from '../../src/bytes.js'
import { type Place, placesOf } from './message-parts.js'

const TEXTS: readonly ((tag: Uint8Array) => string)[] = [
  encodeHex,
  encodeBase64,
  tag => encodeURIComponent(encodeBase64(tag)),
  tag => encodeBase64(tag).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  tag => new TextDecoder().decode(tag),
]

/** The text of the tag on the wire and the places where it stands, found by looking for its usual encodings. */
export function findTag<M>(message: M, tag: Uint8Array): { readonly text: string; readonly place: Place<M> } {
  const places = placesOf(message)
  for (const textFor of TEXTS) {
    const text = textFor(tag)
    const place = places.find(({ text: within }) => within.includes(text))
    if (place !== undefined) return { text, place }
  }
  throw new Error('the signature stands nowhere in the message, in no encoding that the laws know')
}

export function spellingsOf(text: string): readonly string[] {
  const bytes = encodeUtf8(text)
  const half = text.length >> 1
  const all = [
    text.toUpperCase(),
    text.toLowerCase(),
    text.slice(0, half).toUpperCase() + text.slice(half),
    ` ${text}`,
    `${text} `,
    `\t${text}`,
    `${text}\0`,
    `${text}\n`,
    `0x${text}`,
    `${text}0`,
    `0${text}`,
    `${text}${text}`,
    text.slice(1),
    text.slice(0, half),
    '',
    `"${text}"`,
    `${text}, ${text}`,
    encodeBase64(bytes),
    `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`,
    String.fromCodePoint(text.charCodeAt(0) + 0xfee0) + text.slice(1),
    `${text}=`,
    `${text}%3D`,
    ...base64Spellings(text),
  ]
  return [...new Set(all)].filter(other => other !== text)
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The same bytes to a lax reader of base64: other alphabet, other padding, spare bits, escapes. */
function* base64Spellings(text: string): Generator<string> {
  yield text.replaceAll('+', '-').replaceAll('/', '_')
  yield text.replaceAll('-', '+').replaceAll('_', '/')
  yield text.replace(/=+$/, '')
  yield text.replace(/(%3D)+$/, '')
  yield text.replaceAll('+', ' ')
  yield text.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=')
  yield text.replaceAll(/%[0-9A-F]{2}/g, escaped => escaped.toLowerCase())
  yield text.replaceAll('+', '%2B').replaceAll('/', '%2F').replaceAll('=', '%3D')
  yield `${text.slice(0, 4)}\n${text.slice(4)}`
  const end = /=*$|(%3D)*$/.exec(text)!.index
  const last = BASE64.indexOf(text.charAt(end - 1))
  if (last < 0 || end === 0) return
  for (const bit of [1, 2, 3]) yield text.slice(0, end - 1) + BASE64.charAt(last ^ bit) + text.slice(end)
}

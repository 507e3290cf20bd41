import { decodeBase64, encodeBase64, encodeUtf8 } from '../bytes.js'
import { textOfBody, textOfBytes } from '../http/body.js'
import { type Field, isField } from '../http/field.js'
import { type Members, memberOf, parseObject } from '../http/json.js'

/** What an HTTP server takes as a header, and more than any order needs. */
const BASE64: Field = { min: 4, max: 65_536, foreign: /[^A-Za-z0-9+/=]/ }

/** A JSON object that travels in a header, as base64 of its text; the base64 is what is signed. */
export interface Payload {
  readonly text: string
  readonly members: Members
}

/** Reads such a header; `undefined` unless it is strict base64 of UTF-8 of a JSON object that has no name twice. */
export function readPayload(base64: string | undefined): Payload | undefined {
  const bytes = isField(base64, BASE64) ? decodeBase64(base64) : undefined
  const text = bytes && textOfBytes(bytes)
  const members = text === undefined ? undefined : parseObject(text)
  return text === undefined || members === undefined ? undefined : { text, members }
}

export function writePayload(text: string): string {
  return encodeBase64(encodeUtf8(text))
}

/**
 * Whether a body, which nobody signs, says nothing that the payload does not say: it is empty, or a JSON object whose
 * members all stand in the payload with the same value.
 */
export function agreesWith(body: Uint8Array, { members }: Payload): boolean {
  const text = textOfBody(body)
  if (text === '') return true
  const object = text === undefined ? undefined : parseObject(text)
  if (object === undefined) return false
  return Object.entries(object).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify(memberOf(members, name)),
  )
}

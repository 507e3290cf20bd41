import { isObject, memberOf } from '../http/json.js'
import { numberText } from './number-text.js'

/** The text of a member; empty when it is no text, or there is no such member or object. */
export function textIn(object: unknown, name: string): string {
  const member = isObject(object) ? memberOf(object, name) : undefined
  return typeof member === 'string' ? member : ''
}

/** The same of a member that clients write as text or as a whole number. */
export function numberIn(object: unknown, name: string): string {
  return isObject(object) ? numberText(memberOf(object, name)) : ''
}

import { textOfBody } from './body.js'
import { type Field, isField } from './field.js'

/** A form is percent-encoded, hence ASCII without blanks. */
const FORM: Field = { min: 0, max: 65_536, foreign: /[^!-~]/ }

/** One parameter of a query or a form, encoded as it stands there. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/** The body's text when it is a form or empty; `undefined` otherwise. A byte order mark is no part of a form. */
export function formOf(body: Uint8Array): string | undefined {
  const text = textOfBody(body)
  return isField(text, FORM) ? text : undefined
}

/**
 * A name as clients send it: plain, except that brackets may be percent-encoded. It begins with a letter or `_`, as
 * neither a number nor JSON does.
 */
const NAME = /^[A-Za-z_](?:[^%+]|%5[BD])*$/

/** The parameters of a query or a form, in their order; `undefined` unless each is `name=value` with a plain name. */
export function parametersOf(text: string): readonly Parameter[] | undefined {
  const parameters: Parameter[] = []
  for (const piece of text === '' ? [] : text.split('&')) {
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(equals, 0))
    if (!NAME.test(name)) return undefined
    parameters.push({ name, value: piece.slice(equals + 1) })
  }
  return parameters
}

/**
 * The parameters in the byte order of their names, as text; `undefined` when a name comes twice, since the order of equal
 * names would be anybody's.
 */
export function sortedForm(parameters: readonly Parameter[]): string | undefined {
  const names = new Set(parameters.map(({ name }) => name.replaceAll('%5B', '[').replaceAll('%5D', ']')))
  if (names.size < parameters.length) return undefined
  const sorted = [...parameters].sort((a, b) => (a.name < b.name ? -1 : 1))
  return sorted.map(({ name, value }) => `${name}=${value}`).join('&')
}

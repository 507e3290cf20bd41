import { encodeBase64, encodeUtf8 } from '../bytes.js'
import { pathOf, queryOf, type WireRequest } from '../http/request.js'
import {
  type InnerList,
  type Item,
  isInnerList,
  parseDictionary,
  serializeInnerList,
  serializeItem,
} from './structured-fields.js'

/** What a request does not say of itself. */
export interface Origin {
  readonly scheme: string
  /** Host, and port unless it is the scheme's own; lower case. */
  readonly authority: string
}

/**
 * The signature base of a request: one line for each covered component, and one for the parameters.
 *
 * @returns `undefined` where a component has no value, or is of a kind that requests do not have
 * @source RFC 9421 section 2.5
 */
export function signatureBase(request: WireRequest, covered: InnerList, origin: Origin): string | undefined {
  const lines: string[] = []
  for (const component of covered[0]) {
    const value = valueOfComponent(component, request, origin)
    const name = serializeItem(component)
    // A component twice, or a value over two lines, could say two things.
    if (value === undefined || /[\r\n]/.test(value) || lines.some(line => line.startsWith(`${name}: `)))
      return undefined
    lines.push(`${name}: ${value}`)
  }
  return [...lines, `"@signature-params": ${serializeInnerList(covered)}`].join('\n')
}

function valueOfComponent([name, parameters]: Item, request: WireRequest, origin: Origin): string | undefined {
  if (typeof name !== 'string' || name !== name.toLowerCase()) return undefined
  if (!name.startsWith('@')) return fieldOf(name, parameters, request)
  if (name === '@query-param') return parameterOf(parameters, queryOf(request.target))
  return parameters.size === 0 ? derivedOf(name, request, origin) : undefined
}

/** @source RFC 9421 section 2.2 */
function derivedOf(name: string, { method, target }: WireRequest, { scheme, authority }: Origin): string | undefined {
  switch (name) {
    case '@method':
      return method
    case '@authority':
      return authority
    case '@scheme':
      return scheme
    case '@target-uri':
      return `${scheme}://${authority}${target}`
    case '@request-target':
      return target
    case '@path':
      return pathOf(target)
    case '@query':
      return `?${queryOf(target)}`
    default:
      return undefined
  }
}

/** @source RFC 9421 section 2.2.8 */
function parameterOf(parameters: Item[1], query: string): string | undefined {
  const name = parameters.get('name')
  if (parameters.size !== 1 || typeof name !== 'string') return undefined
  const values = new URLSearchParams(`&${query}`).getAll(decodeForm(name))
  const [value] = values
  return value === undefined || values.length > 1 ? undefined : encodeForm(value)
}

/** The name is given encoded. */
function decodeForm(name: string): string {
  return new URLSearchParams(`&${name.replaceAll('&', '%26').replaceAll('=', '%3D')}`).keys().next().value ?? ''
}

/** Percent-encoded, all but what no form encodes. */
function encodeForm(value: string): string {
  return encodeURIComponent(value).replace(/[!'()~]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** @source RFC 9421 sections 2.1, 2.1.2 (`key`), 2.1.3 (`bs`) */
function fieldOf(name: string, parameters: Item[1], { headers }: WireRequest): string | undefined {
  const lines = Object.hasOwn(headers, name) ? [headers[name] ?? []].flat() : []
  if (lines.length === 0 || !lines.every(line => typeof line === 'string')) return undefined
  const values = lines.map(line => line.replace(/^[ \t]+|[ \t]+$/g, ''))
  const [parameter, ...more] = parameters
  if (parameter === undefined) return values.join(', ')
  if (more.length > 0) return undefined
  const [kind, value] = parameter
  if (kind === 'bs' && value === true) return values.map(text => `:${encodeBase64(encodeUtf8(text))}:`).join(', ')
  return kind === 'key' && typeof value === 'string' ? memberOf(values.join(', '), value) : undefined
}

function memberOf(field: string, key: string): string | undefined {
  const member = parseDictionary(field)?.get(key)
  if (member === undefined) return undefined
  return isInnerList(member) ? serializeInnerList(member) : serializeItem(member)
}

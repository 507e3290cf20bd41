import { encodeUtf8 } from '../bytes.js'
import { isObject } from '../http/json.js'
import { pathOf, queryOf, type WireRequest } from '../http/request.js'
import { textOfContent } from './segment.js'

/** A text of the request that a field of the credentials can stand in. */
export interface Place {
  /** Name of the header field, the parameter or the member of a JSON object. */
  readonly name: string
  readonly text: string
  /** The request with another text here. */
  put(text: string): WireRequest
  /** The request without this. */
  remove(): WireRequest
}

/** Longer forms and JSON texts have no places … */
const MAX_LENGTH = 65_536
/** … and shorter ones so many. */
const MAX_PLACES = 1000

/** Every header field, every parameter of the query and of a form, and every text and number of a JSON object. */
export function placesOf(request: WireRequest): readonly Place[] {
  const places = known.get(request) ?? foundIn(request)
  known.set(request, places)
  return places
}

const known = /* @__PURE__ */ new WeakMap<WireRequest, readonly Place[]>()

function foundIn(request: WireRequest): readonly Place[] {
  const { target, headers, body } = request
  const query = queryOf(target)
  const text = body.length > MAX_LENGTH ? '' : (textOfContent(body) ?? '')
  const inQuery = (changed: string) => ({
    ...request,
    target: changed === '' ? pathOf(target) : `${pathOf(target)}?${changed}`,
  })
  const inBody = (changed: string) => ({ ...request, body: encodeUtf8(changed) })
  return [
    ...Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [headerPlace(request, name, value)] : [],
    ),
    ...parameterPlaces(query, inQuery),
    ...(text.startsWith('{') ? memberPlaces(text, inBody) : parameterPlaces(text, inBody)),
  ]
}

function headerPlace(request: WireRequest, name: string, text: string): Place {
  const { [name]: _, ...others } = request.headers
  return {
    name,
    text,
    put: changed => ({ ...request, headers: { ...request.headers, [name]: changed } }),
    remove: () => ({ ...request, headers: others }),
  }
}

function parameterPlaces(form: string, put: (form: string) => WireRequest): readonly Place[] {
  const pieces = form === '' || form.length > MAX_LENGTH ? [] : form.split('&')
  return pieces.slice(0, MAX_PLACES).flatMap((piece, at) => {
    const equals = piece.indexOf('=')
    if (equals < 0) return []
    const name = piece.slice(0, equals)
    return [
      {
        name,
        text: piece.slice(equals + 1),
        put: text => put(pieces.with(at, `${name}=${text}`).join('&')),
        remove: () => put(pieces.toSpliced(at, 1).join('&')),
      } satisfies Place,
    ]
  })
}

/** One member and its value, where that is a text or a number. What is nested is found as well: names are what counts. */
const MEMBER = /"((?:[^"\\]|\\.){1,64})"(\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)/g

function memberPlaces(json: string, put: (json: string) => WireRequest): readonly Place[] {
  if (!isJsonObject(json)) return []
  return [...json.matchAll(MEMBER)].slice(0, MAX_PLACES).map(match => {
    const [whole, name = '', colon = '', value = ''] = match
    const quote = value.startsWith('"') ? '"' : ''
    const at = match.index
    const around = (middle: string) => json.slice(0, at) + middle + json.slice(at + whole.length)
    return {
      name,
      text: quote === '' ? value : value.slice(1, -1),
      put: text => put(around(`"${name}"${colon}${quote}${text}${quote}`)),
      remove: () => put(around('\0').replace(/,\s*\0|\0\s*,?\s*/, '')),
    } satisfies Place
  })
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

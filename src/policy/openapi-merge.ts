import { ConfigError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import { type Described, type OpenApiOptions, readOpenApiOptions } from './openapi.js'
import type { RouteRow, Routes } from './routes.js'

/** An OpenAPI document, version 3.0 or later, of whatever type its tool gives it. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths?: object
  readonly components?: object
}

export interface SecureOpenApiOptions extends OpenApiOptions {
  /** What stands before the paths of the document in the request target, as `/v1` in `servers`. */
  readonly prefix?: string
}

type Json = Readonly<Record<string, unknown>>

interface Place {
  /** As in the document. */
  readonly path: string
  readonly method: string
}

const WHERE = 'secureOpenApi'
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)*$/
/** Stands for a parameter; such a segment fills one in the table, too. */
const SAMPLE = 'x0parameter0x'

/**
 * Puts the table of routes into a document that a host has: security, permissions and refusals of every operation, and
 * the components they need. The document stays as it is; what it says of an answer of its own is kept.
 *
 * Refused are operations that are not declared, and whatever the document says otherwise: security of its own, a
 * component of the same name.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID`, naming the operations or the component
 */
export function secureOpenApi<D extends OpenApiDocument>(
  document: D,
  routes: Routes,
  options: SecureOpenApiOptions,
): D {
  const { prefix = '', ...own } = readOptions(WHERE, options, {
    required: ['schemes'],
    optional: ['links', 'answers', 'prefix'],
  })
  const isOld = /^3\.0\.\d+$/.test(document.openapi)
  if (!isOld && !/^3\.\d+\.\d+$/.test(document.openapi)) throw invalidOption(WHERE, 'document', 'OpenAPI 3')
  if (!PREFIX.test(prefix)) throw invalidOption(WHERE, 'prefix', "a path like '/v1', without a slash at its end")
  const described = readOpenApiOptions(WHERE, own)
  const rows = new Map(routes.table().map(row => [`${row.method} ${row.path}`, row]))
  const rowOf = ({ path, method }: Place): RouteRow | undefined => {
    const target = prefix + path.replaceAll(/\{[^{}]*\}/g, SAMPLE)
    return rows.get(routes.match(method.toUpperCase(), target)?.pattern ?? '')
  }
  const paths = { ...(document.paths as Json | undefined) }
  const undeclared = placesOf(paths).filter(place => rowOf(place) === undefined)
  if (undeclared.length > 0) throw notDeclared(undeclared)
  const secure = (place: Place, operation: Json): Json => {
    const row = rowOf(place) as RouteRow
    return securedOperation({ place, operation, said: saidOf(described, row, isOld) })
  }
  const secured = pathItemsOf(paths).map(([path, item]) => [path, securedPath(path, item, secure)])
  const components = securedComponents((document.components ?? {}) as Json, described.components)
  return { ...document, paths: { ...paths, ...Object.fromEntries(secured) }, components }
}

function placesOf(paths: Json): readonly Place[] {
  return pathItemsOf(paths).flatMap(([path, item]) => {
    if (Object.hasOwn(item, '$ref')) throw contradiction(`path '${path}' is a reference; resolve it first`)
    return METHODS.filter(method => Object.hasOwn(item, method)).map(method => ({ path, method }))
  })
}

/** Beside the paths there may be extensions, `x-…`. */
function pathItemsOf(paths: Json): readonly (readonly [path: string, item: Json])[] {
  return Object.entries(paths as Readonly<Record<string, Json>>).filter(([path]) => path.startsWith('/'))
}

function securedPath(path: string, item: Json, secure: (place: Place, operation: Json) => Json): Json {
  const operations = METHODS.filter(method => Object.hasOwn(item, method))
  const secured = operations.map(method => [method, secure({ path, method }, item[method] as Json)])
  return { ...item, ...Object.fromEntries(secured) }
}

/** What the table says of an operation. OpenAPI 3.0 has roles for OAuth only. @source OpenAPI 3.0.4 section 4.8.30 */
function saidOf({ operationOf }: Described, row: RouteRow, isOld: boolean): Json {
  const said = operationOf(row)
  const withoutRoles = said.security.map(one => Object.fromEntries(Object.keys(one).map(name => [name, []])))
  return { ...said, security: isOld ? withoutRoles : said.security }
}

function securedOperation({
  place,
  operation,
  said,
}: {
  readonly place: Place
  readonly operation: Json
  readonly said: Json
}): Json {
  const contrary = ['security', 'x-required-permissions'].find(
    name => Object.hasOwn(operation, name) && !isSame(operation[name], said[name]),
  )
  if (contrary !== undefined) throw contradiction(`${nameOf(place)} has another '${contrary}'; the table decides it`)
  if (said['responses'] === undefined) return { ...operation, ...said }
  return { ...operation, ...said, responses: { ...said['responses'], ...(operation['responses'] as Json | undefined) } }
}

function securedComponents(theirs: Json, ours: Described['components']): Json {
  const merged: Record<string, unknown> = { ...theirs }
  for (const [kind, added] of Object.entries(ours)) {
    const there = (theirs[kind] ?? {}) as Json
    const contrary = Object.keys(added).find(name => Object.hasOwn(there, name) && !isSame(there[name], added[name]))
    if (contrary !== undefined) throw contradiction(`the document has another component '${kind}/${contrary}'`)
    merged[kind] = { ...there, ...added }
  }
  return merged
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function nameOf({ path, method }: Place): string {
  return `${method.toUpperCase()} ${path}`
}

function notDeclared(places: readonly Place[]): ConfigError {
  const names = places.map(nameOf)
  const shown = names.length > 20 ? [...names.slice(0, 20), `${names.length - 20} more`] : names
  return contradiction(`these operations are not declared, so nobody may call them: ${shown.join(', ')}`)
}

function contradiction(what: string): ConfigError {
  return new ConfigError('ERR_OPTION_INVALID', `${WHERE}: ${what}`, { field: 'document' })
}

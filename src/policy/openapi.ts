import { ConfigError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import type { Scheme } from '../scheme.js'
import { type JsonSchema, type ProblemResponses, problemComponents, problemResponses } from './openapi-problems.js'
import { partsOfScheme, type SchemeParts, type SecurityScheme } from './openapi-schemes.js'
import type { RouteRow, Routes } from './routes.js'

export interface OpenApiOptions {
  /** The schemes the verifier has enabled: a request needs one of them. */
  readonly schemes: readonly Scheme[]
  /** Where each scheme is described for clients, by its id; the address is put into the descriptions. */
  readonly links?: Readonly<Record<string, string>>
  /** `own`: the host answers refusals in its own words (`answer` of `protect`) and describes them itself. */
  readonly answers?: 'problem-details' | 'own'
}

/** Names of security schemes, each with the permissions that are needed. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** What the table of routes says of one operation. */
export interface OpenApiOperation {
  /** One of these is needed; empty for a public route. */
  readonly security: readonly SecurityRequirement[]
  /** Permissions that are all needed; absent on a public route. */
  readonly 'x-required-permissions'?: readonly string[]
  readonly responses?: ProblemResponses
}

export interface PathParameter {
  readonly name: string
  readonly in: 'path'
  readonly required: true
  readonly schema: { readonly type: 'string' }
}

/** Operations of a path by method, in lower case. */
export type OpenApiPath = { readonly parameters?: readonly PathParameter[] } & Readonly<Record<string, unknown>>

export interface OpenApiComponents {
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>>
  readonly schemas?: Readonly<Record<string, JsonSchema>>
  readonly responses?: Readonly<Record<string, object>>
}

/** The parts of an OpenAPI 3.1 document that follow from routes and schemes. */
export interface OpenApiPart {
  readonly paths: Readonly<Record<string, OpenApiPath>>
  readonly components: OpenApiComponents
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']

/**
 * Describes routes for OpenAPI 3.1: `{ openapi: '3.1.1', info, ...openApiOf(routes, { schemes }) }` is a document. What
 * each signing scheme writes is found out by signing a request with it; answers come from the table of denials.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID` for a method that OpenAPI has not, and for a scheme with all of its
 * credentials in the body
 */
export function openApiOf(routes: Pick<Routes, 'table'>, options: OpenApiOptions): OpenApiPart {
  const described = readOpenApiOptions('openApiOf', options)
  const paths: Record<string, Record<string, unknown>> = {}
  /** One spelling for each form: OpenAPI takes `/a/{x}` and `/a/{y}` for the same path. */
  const spellings = new Map<string, string>()
  for (const row of routes.table()) {
    if (!METHODS.includes(row.method)) throw unknownMethod(row)
    const form = row.path.replaceAll(/:[^/]+/g, ':')
    const path = spellings.get(form) ?? row.path.replaceAll(/:([^/]+)/g, '{$1}')
    spellings.set(form, path)
    paths[path] ??= parametersOf(path)
    paths[path][row.method.toLowerCase()] = described.operationOf(row)
  }
  return { paths, components: described.components }
}

/** What is the same for every operation, ready to be asked. */
export interface Described {
  readonly components: OpenApiComponents
  operationOf(row: Pick<RouteRow, 'access' | 'permissions'>): OpenApiOperation
}

/** @throws {ConfigError} naming the option */
export function readOpenApiOptions(where: string, options: OpenApiOptions): Described {
  const given = readOptions(where, options, { required: ['schemes'], optional: ['links', 'answers'] })
  const { schemes, links = {}, answers = 'problem-details' } = given
  if (!Array.isArray(schemes) || schemes.length === 0) throw invalidOption(where, 'schemes', 'a list of schemes')
  if (answers !== 'problem-details' && answers !== 'own')
    throw invalidOption(where, 'answers', "'problem-details' or 'own'")
  const ids = new Set(schemes.map(({ id }: Scheme) => id))
  if (ids.size < schemes.length) throw invalidOption(where, 'schemes', 'schemes of different ids')
  const foreign = Object.keys(links).some(id => !ids.has(id) || typeof links[id] !== 'string')
  if (foreign) throw invalidOption(where, 'links', 'addresses by the ids of the schemes')
  const parts = schemes.map((scheme: Scheme) => partsOfScheme(where, { scheme, link: links[scheme.id] }))
  const securitySchemes = Object.assign({}, ...parts.map(one => one.parts))
  const problems = answers === 'own' ? undefined : problemComponents()
  return {
    components: { securitySchemes, ...problems },
    operationOf: ({ access, permissions }) => ({
      security: access === 'public' ? [] : parts.map(one => requirementOf(one, permissions)),
      ...(access === 'key' && { 'x-required-permissions': permissions }),
      ...(problems && { responses: problemResponses(access) }),
    }),
  }
}

/** All parts; the permissions stand beside the first. @source OpenAPI 3.1.1 section 4.8.30 (roles of other types) */
function requirementOf({ parts }: SchemeParts, permissions: readonly string[]): SecurityRequirement {
  return Object.fromEntries(Object.keys(parts).map((name, i) => [name, i === 0 ? permissions : []]))
}

function parametersOf(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name as string)
  const parameters = names.map(
    (name): PathParameter => ({ name, in: 'path', required: true, schema: { type: 'string' } }),
  )
  return parameters.length === 0 ? {} : { parameters }
}

function unknownMethod({ method, path }: RouteRow): ConfigError {
  const message = `openApiOf: OpenAPI has no word for the method of route '${method} ${path}'`
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'routes' })
}

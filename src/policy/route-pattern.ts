import { ConfigError } from '../errors.js'

/** A route as declared: method, and path segments of which a parameter is `null`. */
export interface RoutePattern {
  readonly method: string
  readonly path: string
  readonly segments: readonly (string | null)[]
}

const METHOD = /^[A-Z]{1,20}$/
const LITERAL = /^[A-Za-z0-9._~-]+$/
const PARAMETER = /^:[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Reads `METHOD /path/:parameter`. Literal segments are plain unreserved characters, so that no two spellings of a
 * request path can mean one of them.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID`
 * @source RFC 3986 section 2.3 (unreserved characters)
 */
export function parseRoutePattern(pattern: string): RoutePattern {
  const blank = pattern.indexOf(' ')
  const method = pattern.slice(0, Math.max(0, blank))
  const path = pattern.slice(blank + 1)
  if (!METHOD.test(method))
    throw invalidRoute(pattern, "must begin with an upper-case method and one blank, as 'GET /'")
  if (!path.startsWith('/')) throw invalidRoute(pattern, "must have a path that begins with '/'")
  const texts = path === '/' ? [] : path.slice(1).split('/')
  const segments = texts.map(text => parseSegment(text, pattern))
  const parameters = texts.filter(text => text.startsWith(':'))
  if (new Set(parameters).size < parameters.length) throw invalidRoute(pattern, 'must not name a parameter twice')
  return { method, path, segments }
}

function parseSegment(text: string, pattern: string): string | null {
  if (PARAMETER.test(text)) return null
  if (!LITERAL.test(text) || text === '.' || text === '..') {
    throw invalidRoute(pattern, "must have segments of letters, digits, '-', '.', '_', '~', or ':name' for a parameter")
  }
  return text
}

/** A declared route that is wrong. Its pattern is the name of an option, so it is shown, shortened. */
export function invalidRoute(pattern: string, expected: string): ConfigError {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern
  return new ConfigError('ERR_OPTION_INVALID', `defineRoutes: route '${shown}' ${expected}`, { field: shown })
}

/**
 * Whether two patterns of one method can match the same path without one of them being the plain choice. A literal
 * beats a parameter, so overlapping patterns are fine where every difference favours the same one. Letter case does
 * not tell patterns apart, since many routers ignore it.
 */
export function areAmbiguous(a: RoutePattern, b: RoutePattern): boolean {
  if (a.segments.length !== b.segments.length) return false
  let favoursA = false
  let favoursB = false
  for (const [i, mine] of a.segments.entries()) {
    const other = b.segments[i] ?? null
    if (mine !== null && other !== null && mine.toLowerCase() !== other.toLowerCase()) return false
    if (mine !== null && other === null) favoursA = true
    if (mine === null && other !== null) favoursB = true
  }
  return favoursA === favoursB
}

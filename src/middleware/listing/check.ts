import { ConfigError } from '../../errors.js'
import type { RouteRow, Routes } from '../../policy/routes.js'
import { type ListedRoute, undeclaredRoutes } from '../../policy/undeclared.js'
import { type PathPrefix, publicPath } from '../../verify/prefix.js'

/** What a framework serves. */
export interface Listing {
  /** Behind `protect`. */
  readonly guarded: readonly ListedRoute[]
  /** Reached without passing `protect`. */
  readonly open: readonly ListedRoute[]
}

export interface CheckRoutesOptions {
  /** As given to `protect`. */
  readonly pathPrefix?: PathPrefix
}

/** Routes named in one message; the rest is counted. */
const NAMED = 20

/**
 * Compares what a framework serves with what is declared: a guarded route that is not declared is closed to everybody,
 * and a declared one that stands before `protect` is open to everybody.
 *
 * @throws {ConfigError} naming the routes
 */
export function checkListing(
  routes: Pick<Routes, 'table'>,
  { guarded, open }: Listing,
  { pathPrefix }: CheckRoutesOptions = {},
): void {
  const asSent = seenByClients(pathPrefix)
  const closed = undeclaredRoutes(routes, guarded.map(asSent))
  if (closed.length > 0)
    throw wrongRoutes('are not declared, so nobody may call them: add them to defineRoutes', closed)
  const needKey = routes.table().filter(({ access }) => access === 'key')
  const exposed = open.map(asSent).filter(route => isFor(route, needKey))
  if (exposed.length > 0) {
    throw wrongRoutes('stand before protect, so everybody may call them: move protect up', exposed.map(nameOf))
  }
}

/** @param flaw what is the matter with the routes, as the end of a sentence */
export function wrongRoutes(flaw: string, names: readonly string[]): ConfigError {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  const message = `protect: these routes ${flaw}: ${names.slice(0, NAMED).join(', ')}${more}`
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'routes' })
}

/** A route whose path no client can reach keeps it. */
function seenByClients(prefix: PathPrefix | undefined): (route: ListedRoute) => ListedRoute {
  const pathOf = publicPath('checkRoutes', prefix)
  return ({ method, path }) => ({ method, path: pathOf(path) ?? path })
}

function isFor(route: ListedRoute, rows: readonly RouteRow[]): boolean {
  return undeclaredRoutes({ table: () => rows }, [route]).length === 0
}

function nameOf({ method, path }: ListedRoute): string {
  return `${typeof method === 'string' ? method : method.join('/')} ${path}`
}

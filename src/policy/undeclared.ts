import { type FrameworkPath, MANY, ONE, readFrameworkPath, type Segment } from './framework-path.js'
import type { RouteRow, Routes } from './routes.js'

/** A route as a framework lists it. */
export interface ListedRoute {
  /** A method or several; `ALL` or `*` for any. */
  readonly method: string | readonly string[]
  /** From the root of the server, as the framework spells it: `/orders/:id`, `/orders/{id}`, `/static/*`. */
  readonly path: string
}

interface Served extends FrameworkPath {
  readonly method: string
}

/**
 * Which of a framework's own routes nobody may call, because no declared route is for them; each as it would stand in
 * `defineRoutes`, where it can. For a check at start-up: it opens and closes nothing. A wildcard counts as declared when
 * any declared route lies beneath it, `ALL` when any method is; a `HEAD` that comes with its `GET` is not told.
 */
export function undeclaredRoutes(routes: Pick<Routes, 'table'>, listed: Iterable<ListedRoute>): readonly string[] {
  const declared = routes.table().map(declaredOf)
  const served = [...listed].flatMap(servedBy)
  const names = new Set(served.map(nameOf))
  const undeclared = served.filter(one => {
    if (one.method === 'HEAD' && names.has(`GET ${one.path}`)) return false
    return !declared.some(row => isOfMethod(one.method, row.method) && isWithin(one.segments, row.segments))
  })
  return [...new Set(undeclared.map(nameOf))]
}

/** Which declared routes no route of a framework serves: misspelt, or left behind. A `GET` serves its `HEAD`. */
export function unservedRoutes(routes: Pick<Routes, 'table'>, listed: Iterable<ListedRoute>): readonly string[] {
  const served = [...listed].flatMap(servedBy)
  const serves = (one: Served, row: Served): boolean => {
    const isHead = one.method === 'GET' && row.method === 'HEAD'
    return (isHead || isOfMethod(one.method, row.method)) && overlap(one.segments, row.segments)
  }
  const declared = routes.table().map(declaredOf)
  return declared.filter(row => !served.some(one => serves(one, row))).map(nameOf)
}

function nameOf({ method, path }: Served): string {
  return `${method} ${path}`
}

function declaredOf({ method, path }: RouteRow): Served {
  const segments = path === '/' ? [] : path.slice(1).split('/')
  return { method, path, segments: segments.map(text => (text.startsWith(':') ? ONE : text)) }
}

function servedBy({ method, path }: ListedRoute): readonly Served[] {
  const methods = typeof method === 'string' ? [method] : method
  const paths = readFrameworkPath(path)
  return methods.flatMap(name => paths.map(one => ({ ...one, method: name === '*' ? 'ALL' : name.toUpperCase() })))
}

function isOfMethod(served: string, declared: string): boolean {
  return served === declared || served === 'ALL'
}

/** Whether a declared route is for everything that is served, or for something of what a wildcard serves. */
function isWithin(served: readonly Segment[], declared: readonly Segment[]): boolean {
  // The empty segment behind a slash at the end fills no parameter.
  return fits({ served, declared }, (mine, theirs) => (theirs === ONE && mine !== '') || mine === theirs)
}

/** Whether a request can be for both. */
function overlap(served: readonly Segment[], declared: readonly Segment[]): boolean {
  const agree = (mine: Segment, theirs: Segment): boolean => mine === ONE || (theirs === ONE && mine !== '')
  return fits({ served, declared }, (mine, theirs) => agree(mine, theirs) || mine === theirs)
}

/** Segment by segment, up to a wildcard and behind it. */
function fits(
  { served, declared }: { readonly served: readonly Segment[]; readonly declared: readonly Segment[] },
  agree: (mine: Segment, theirs: Segment) => boolean,
): boolean {
  const wild = served.indexOf(MANY)
  if (wild < 0) return served.length === declared.length && served.every((mine, i) => agree(mine, declared[i]!))
  const after = served.slice(wild + 1)
  const spare = declared.length - after.length
  if (spare < wild) return false
  return (
    served.slice(0, wild).every((mine, i) => agree(mine, declared[i]!)) &&
    after.every((mine, i) => mine === MANY || agree(mine, declared[spare + i]!))
  )
}

import type { Routes } from '../../policy/routes.js'
import { type CheckRoutesOptions, checkListing, wrongRoutes } from './check.js'
import { isGuard } from './guards.js'
import { type Entry, joinPaths, sortEntries } from './walk.js'

/** A path as Express takes it. */
type ExpressPath = string | RegExp | readonly (string | RegExp)[]

/** A line of a router's list; Express 5 has `rawPath`, Express 4 `regexp` and `keys`. */
interface Layer {
  readonly handle: { readonly stack?: readonly Layer[] }
  readonly rawPath?: ExpressPath
  readonly slash?: boolean
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  readonly route?: {
    readonly path: ExpressPath
    readonly methods: Readonly<Record<string, boolean>>
    readonly stack: readonly Layer[]
  }
}

/** What is used of an application or a router of Express. */
export type ExpressRoutes = object

/** Methods of which `app.all` has so many that they are meant to be all. */
const ALL_METHODS = 20

/**
 * For the end of the set-up: names the routes of an Express application that are not declared, which nobody may call,
 * and declared ones that stand before `protect`, which everybody may.
 *
 * @throws {ConfigError} naming them; or where Express does not tell what is mounted where
 */
export function checkRoutes(app: ExpressRoutes, routes: Pick<Routes, 'table'>, options?: CheckRoutesOptions): void {
  checkListing(routes, sortEntries(entriesOf(stackOf(app), '')), options)
}

function stackOf(app: object): readonly Layer[] {
  const { stack } = app as { readonly stack?: readonly Layer[] }
  if (stack !== undefined) return stack
  // Reading `router` makes Express 4 throw, and reading `_router` gives nothing in Express 5.
  const { _router } = app as { readonly _router?: { readonly stack: readonly Layer[] } }
  if (_router !== undefined) return _router.stack
  return readRouter(app)?.stack ?? []
}

/** An application of Express 4 that has no route yet throws. */
function readRouter(app: object): { readonly stack: readonly Layer[] } | undefined {
  try {
    return (app as { readonly router?: { readonly stack: readonly Layer[] } }).router
  } catch {
    return undefined
  }
}

function* entriesOf(stack: readonly Layer[], mount: string): Generator<Entry> {
  for (const layer of stack) yield* entriesOfLayer(layer, mount)
}

function* entriesOfLayer(layer: Layer, mount: string): Generator<Entry> {
  const { route, handle } = layer
  if (route !== undefined) {
    const method = methodsOf(route.methods)
    for (const path of textsOf(route.path)) {
      const full = joinPaths(mount, path)
      if (route.stack.some(one => isGuard(one.handle))) yield { guardAt: full }
      yield { route: { method, path: full === '' ? '/' : full } }
    }
  } else if (isGuard(handle) || handle.stack !== undefined) {
    for (const at of mountsOf(layer)) yield* entriesBelow(layer, joinPaths(mount, at))
  }
}

function* entriesBelow({ handle }: Layer, at: string): Generator<Entry> {
  if (handle.stack === undefined) yield { guardAt: at }
  else yield* entriesOf(handle.stack, at)
}

function methodsOf(methods: Readonly<Record<string, boolean>>): readonly string[] {
  const names = Object.keys(methods).filter(name => methods[name])
  return names.length > ALL_METHODS || names.includes('_all') ? ['ALL'] : names.map(name => name.toUpperCase())
}

function textsOf(path: ExpressPath): readonly string[] {
  const paths = typeof path === 'string' || path instanceof RegExp ? [path] : path
  return paths.map(one => (typeof one === 'string' ? one : String(one)))
}

/** Where something is mounted. */
function mountsOf({ rawPath, slash, regexp, keys = [] }: Layer): readonly string[] {
  if (slash === true || regexp?.fast_slash === true) return ['']
  if (rawPath !== undefined) return textsOf(rawPath)
  if (regexp === undefined)
    throw wrongRoutes('cannot be listed: this version of Express does not tell', ['mounted ones'])
  return [pathOfPattern(regexp.source, keys)]
}

/** The path that Express 4 made a pattern of; what it cannot have made of a plain path stays as it is. */
function pathOfPattern(source: string, keys: readonly { readonly name: string | number }[]): string {
  let next = 0
  return source
    .replace(/^\^/, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
    .replaceAll('(?:\\/([^/]+?))', () => `/:${keys[next++]?.name}`)
    .replaceAll(/\\([/.-])/g, '$1')
}

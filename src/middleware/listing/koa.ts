import type { Routes } from '../../policy/routes.js'
import type { ListedRoute } from '../../policy/undeclared.js'
import { type CheckRoutesOptions, checkListing } from './check.js'
import { isGuard } from './guards.js'
import { type Entry, sortEntries } from './walk.js'

interface KoaLayer {
  readonly path: string | RegExp
  /** None for a middleware. */
  readonly methods: readonly string[]
  readonly stack: readonly unknown[]
}

interface KoaRouter {
  readonly stack: readonly KoaLayer[]
}

/** What is used of an application or a router of Koa. */
export type KoaRoutes = object

/**
 * For the end of the set-up: names the routes of `@koa/router` that are not declared, which nobody may call, and
 * declared ones that stand before `protect`, which everybody may. Give it the application, or one router whose routes
 * are all behind `protect`. Routers that were mounted with `koa-mount` are not seen.
 *
 * @throws {ConfigError} naming them
 */
export function checkRoutes(app: KoaRoutes, routes: Pick<Routes, 'table'>, options?: CheckRoutesOptions): void {
  // A router has a function of that name.
  const { middleware } = app as { readonly middleware?: unknown }
  if (Array.isArray(middleware)) {
    checkListing(routes, sortEntries(entriesOf(middleware)), options)
  } else {
    checkListing(routes, { guarded: (app as KoaRouter).stack.flatMap(routesOf), open: [] }, options)
  }
}

function* entriesOf(middleware: readonly unknown[]): Generator<Entry> {
  for (const one of middleware) {
    if (isGuard(one)) yield { guardAt: '' }
    for (const layer of (one as { readonly router?: KoaRouter }).router?.stack ?? []) yield* entriesOfLayer(layer)
  }
}

function* entriesOfLayer(layer: KoaLayer): Generator<Entry> {
  for (const route of routesOf(layer)) {
    // The router runs a middleware with the routes that come later, below the path it was used with.
    if (layer.stack.some(isGuard)) yield { guardAt: route.path }
    yield { route }
  }
  if (layer.methods.length === 0 && layer.stack.some(isGuard)) yield { guardAt: mountOf(layer.path) }
}

function routesOf({ path, methods }: KoaLayer): readonly ListedRoute[] {
  return methods.length === 0 ? [] : [{ method: methods, path: String(path) }]
}

/** Where a middleware of the router is asked; its path may be the source of a pattern. */
function mountOf(path: string | RegExp): string {
  return String(path)
    .replace(/\(\?:.*$|\(\.\*\)$|\(\[\^\/\]\*\).*$/, '')
    .replace(/\/$/, '')
}

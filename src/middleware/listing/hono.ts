import type { Routes } from '../../policy/routes.js'
import { type CheckRoutesOptions, checkListing } from './check.js'
import { isGuard } from './guards.js'
import { type Entry, sortEntries } from './walk.js'

/** What is used of an application of Hono: a line for each handler, in the order added. */
export interface HonoRoutes {
  readonly routes: readonly { readonly path: string; readonly method: string; readonly handler: unknown }[]
}

/**
 * For the end of the set-up: names the routes of a Hono application that are not declared, which nobody may call, and
 * declared ones that stand before `protect`, which everybody may. Applications that were mounted with `mount` are not
 * seen.
 *
 * @throws {ConfigError} naming them
 */
export function checkRoutes(
  { routes: lines }: HonoRoutes,
  routes: Pick<Routes, 'table'>,
  options?: CheckRoutesOptions,
): void {
  checkListing(routes, sortEntries(entriesOf(lines)), options)
}

function* entriesOf(lines: HonoRoutes['routes']): Generator<Entry> {
  for (const { path, method, handler } of lines) {
    if (isGuard(handler)) yield { guardAt: path.replace(/\/?\*?$/, '') }
    else if (!isMiddleware(method, path)) yield { route: { method, path } }
  }
}

/** `use` leaves such lines; so does `all` with a wildcard at its end, which can be no declared route either. */
function isMiddleware(method: string, path: string): boolean {
  return method === 'ALL' && path.endsWith('*')
}

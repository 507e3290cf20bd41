import type { ListedRoute } from '../../policy/undeclared.js'
import type { Listing } from './check.js'

/** What a framework's list of handlers holds, in the order in which they are asked. */
export type Entry = { readonly guardAt: string } | { readonly route: ListedRoute }

/** Sorts routes into those that come after a `protect` which is asked for their path, and those that do not. */
export function sortEntries(entries: Iterable<Entry>): Listing {
  const guards: string[] = []
  const guarded: ListedRoute[] = []
  const open: ListedRoute[] = []
  for (const entry of entries) {
    if ('guardAt' in entry) guards.push(entry.guardAt)
    else if (guards.some(at => isBelow(entry.route.path, at))) guarded.push(entry.route)
    else open.push(entry.route)
  }
  return { guarded, open }
}

/** Whether a path is a mount point or lies below it; `''` is the root. */
function isBelow(path: string, mount: string): boolean {
  return path === mount || path.startsWith(`${mount}/`)
}

/** A mount point and what lies below, both of which may begin and end with a slash or be one. */
export function joinPaths(mount: string, path: string): string {
  const below = path === '/' ? '' : path
  return `${mount.replace(/\/+$/, '')}${below === '' || below.startsWith('/') ? below : `/${below}`}`
}

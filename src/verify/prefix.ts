import { expectText, invalidOption, readOptions } from '../options.js'

/** How a proxy in front rewrites the beginning of a path. `''` = nothing there. */
export interface PathPrefix {
  /** What clients send and sign, e.g. `/exchange`. */
  readonly public: string
  /** What the proxy makes of it, e.g. `/api`. */
  readonly received: string
}

const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+){0,16}$/

/** No target at all, so that no route matches. */
const NO_TARGET = ''

/**
 * Builds the function that turns a request target as received into the one that was sent. What does not begin as the
 * proxy makes it did not come through the proxy: nobody can tell what was sent, and it becomes no target at all.
 *
 * @throws {ConfigError} naming the option
 */
export function compilePrefix(where: string, prefix: PathPrefix | undefined): (received: string) => string {
  if (prefix === undefined) return target => target
  const option = `${where}: option 'pathPrefix'`
  const given = readOptions(option, prefix, { required: ['public', 'received'], optional: [] })
  for (const name of ['public', 'received'] as const) expectText(option, [name, given[name]], PREFIX)
  if (given.public === given.received) throw invalidOption(where, 'pathPrefix', 'left out where nothing is rewritten')
  const { public: sent, received } = given
  return target => {
    if (!target.startsWith(received)) return NO_TARGET
    const rest = target.slice(received.length)
    return rest === '' || rest.startsWith('/') || rest.startsWith('?') ? sent + rest : NO_TARGET
  }
}

/** A path of the host's router as clients see it; `undefined` where no client can reach it. */
export function publicPath(where: string, prefix: PathPrefix | undefined): (path: string) => string | undefined {
  const signed = compilePrefix(where, prefix)
  return path => signed(path) || undefined
}

import { ConfigError } from '../errors.js'
import type { Component, Scheme } from '../scheme.js'
import type { ReplayStore } from '../store.js'

/** The named weakenings. They reach hosts through `keylattice/insecure` only, so that one search finds every use. */

const accepted: unique symbol = Symbol('keylattice.acceptUncovered')

type AcceptedScheme = Scheme & { readonly [accepted]?: readonly Component[] }

/** What a signature should cover, so that no part of a request can be exchanged. */
const REQUIRED: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body', 'nonce']

/**
 * Lets a verifier accept a scheme although its signature leaves these parts of a request open: whoever sees a request
 * can change them. The list must be exactly what the scheme leaves open, so a reader knows the risk from this line.
 *
 * @throws {ConfigError} `ERR_SCHEME_UNCOVERED` when the list differs from what the scheme leaves open
 */
export function acceptUncovered<S extends Scheme>(scheme: S, components: readonly Component[]): S {
  const open = uncovered(scheme)
  if (!sameSet(open, components)) throw uncoveredError(scheme, open)
  return Object.freeze({ ...scheme, [accepted]: Object.freeze([...components]) })
}

/** Remembers nothing: every request can be sent again while its timestamp is fresh, or for ever. */
export const noReplayGuard: ReplayStore = /* @__PURE__ */ Object.freeze({ claim: () => true, advance: () => true })

/**
 * Lets request targets through whose path proxies and routers may read differently (`//`, `/../`, `%2f`). The host
 * must route on exactly the bytes that were signed.
 */
export const ambiguousPaths: unique symbol = Symbol('keylattice.ambiguousPaths')

/** @throws {ConfigError} `ERR_SCHEME_UNCOVERED` unless everything the scheme leaves open was accepted by name */
export function checkCoverage(scheme: Scheme): void {
  const open = uncovered(scheme)
  const named = (scheme as AcceptedScheme)[accepted] ?? []
  if (!sameSet(open, named)) throw uncoveredError(scheme, open)
}

/** A scheme that sends no nonce has none to cover. */
function uncovered({ covers, freshness }: Scheme): readonly Component[] {
  const needed = freshness.kind === 'rising-nonce' ? REQUIRED : REQUIRED.filter(component => component !== 'nonce')
  return needed.filter(component => !covers.includes(component))
}

function sameSet(a: readonly Component[], b: readonly Component[]): boolean {
  return a.length === b.length && a.every(component => b.includes(component))
}

function uncoveredError(scheme: Scheme, open: readonly Component[]): ConfigError {
  const list = open.map(component => `'${component}'`).join(', ')
  const message = `scheme '${scheme.id}' leaves [${list}] unsigned; to accept that, pass acceptUncovered(scheme, [${list}]) from keylattice/insecure`
  return new ConfigError('ERR_SCHEME_UNCOVERED', message, { field: 'schemes' })
}

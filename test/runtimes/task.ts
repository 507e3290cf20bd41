/** What the programs are told to do, and what they say of it. */

import type { Capability, Outcome } from './suite/check.js'

export type Task =
  /** Serves a house, and files by their paths in URLs, until it is ended. */
  | { readonly do: 'serve'; readonly files: Readonly<Record<string, string>> }
  /** Calls a house and ends. */
  | { readonly do: 'call'; readonly capability: Capability; readonly origin: string; readonly knowsAddress: boolean }
  /** Serves houses of its own, runs the suite, and serves on. */
  | {
      readonly do: 'suite'
      readonly nodeServer: string
      /** Import paths to be required. Empty in a bundle, which holds no package. */
      readonly specifiers: readonly string[]
    }

/** Origins of houses, by the middleware that guards them. */
export interface Servers {
  readonly node?: string
  readonly fetch?: string
}

export interface Report {
  readonly servers?: Servers
  readonly outcomes?: readonly Outcome[]
}

/** What a line of output begins with when it is a report. */
export const MARK = 'keylattice-report '

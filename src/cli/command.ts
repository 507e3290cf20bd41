import type { Terminal } from './terminal.js'

/** What a command of `keylattice` is. Its help, its page in the reference and its tests are made from this. */

export interface OptionDefinition {
  readonly type: 'string' | 'boolean'
  /** May come more than once. */
  readonly multiple?: boolean
  readonly short?: string
  /** What stands for the value in the help, e.g. `MS`. */
  readonly value?: string
  readonly says: string
}

export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>

export interface Example {
  readonly says: string
  readonly line: string
}

/** What a command found out. Messages on the way go to `terminal.note`. */
export interface Outcome {
  /** For people: lines, without the last line break. */
  readonly text: string
  /** For programs: what `--json` prints; `undefined` where everything was printed on the way. */
  readonly json: unknown
  /** Exit code; 0 if left out. */
  readonly exitCode?: ExitCode
}

export interface Command {
  /** One word or two, e.g. `allowlist check`. */
  readonly name: string
  readonly summary: string
  /** Positional arguments as the help shows them; empty where there are none. */
  readonly arguments: string
  /** How many positional arguments there may be. */
  readonly positionals: { readonly min: number; readonly max: number }
  /** What a user should know beyond the options, in a sentence each. */
  readonly notes: readonly string[]
  readonly options: OptionDefinitions
  readonly examples: readonly Example[]
  /** What exit code 1 means here; left out where there is no such answer. */
  readonly no?: string
  /** Whether showing secrets is what it is for. Of all others' output, the secrets they read are cut out. */
  readonly showsSecrets?: boolean
  run(given: Given, terminal: Terminal): Promise<Outcome>
}

/** The arguments of one call. Asking for an option that the command does not define is a defect, and throws. */
export interface Given {
  readonly positionals: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  list(name: string): readonly string[]
  /** A number in plain digits. */
  integer(name: string, fallback: number): number
}

/** Exit codes: their meanings are part of the interface. */
export const EXIT = {
  ok: 0,
  no: 1,
  usage: 2,
  failed: 3,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.ok, 'done; the answer is yes'],
  [EXIT.no, 'the answer is no: refused, not allowed, found'],
  [EXIT.usage, 'used wrongly: an option, an argument or an input that cannot be read as what it should be'],
  [EXIT.failed, 'something failed: a file, the network, a database, a missing driver'],
  [EXIT.interrupted, 'interrupted'],
]

/** Options that every command has. */
export const GLOBAL_OPTIONS: OptionDefinitions = {
  json: { type: 'boolean', says: 'prints the result as JSON; failures too, on stderr' },
  help: { type: 'boolean', short: 'h', says: 'shows this help' },
}

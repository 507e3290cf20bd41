import type { Given, OptionDefinitions } from './command.js'
import { usage } from './failures.js'
import { isExposed, readText, shownPath } from './files.js'
import type { Terminal } from './terminal.js'

/** Where secrets come from: the environment, a file, or somebody at the terminal. */

export interface SecretSource {
  /** How messages call it, and the names of its options and variable: `secret` → `--secret-file`, `KEYLATTICE_SECRET`. */
  readonly name: string
  readonly variable: string
}

export const SECRET: SecretSource = { name: 'secret', variable: 'KEYLATTICE_SECRET' }
export const PASSPHRASE: SecretSource = { name: 'passphrase', variable: 'KEYLATTICE_PASSPHRASE' }
export const MASTER_KEYS: SecretSource = { name: 'master-keys', variable: 'KEYLATTICE_MASTER_KEYS' }

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A secret, and how a shell gets at the same text again. */
export interface FoundSecret {
  readonly text: string
  readonly from: { readonly variable: string } | { readonly file: string }
}

/** `--…-file` and `--…-env`. */
export function sourceOptions({ name, variable }: SecretSource, what: string): OptionDefinitions {
  return {
    [`${name}-file`]: { type: 'string', value: 'PATH', says: `file with ${what}; - is stdin` },
    [`${name}-env`]: { type: 'string', value: 'NAME', says: `environment variable with ${what}; default ${variable}` },
  }
}

/** The secret as the options say; else from its variable. Not asked for, and `undefined` where there is none. */
export async function findSecret(
  given: Given,
  source: SecretSource,
  terminal: Terminal,
): Promise<FoundSecret | undefined> {
  const file = given.text(`${source.name}-file`)
  const chosen = given.text(`${source.name}-env`)
  if (file !== undefined && chosen !== undefined)
    throw usage(`give --${source.name}-file or --${source.name}-env, not both`)
  if (file !== undefined) {
    // What came by stdin cannot be read again.
    const from = file === '-' ? { variable: source.variable } : { file }
    return { text: conceal(await fromFile(file, terminal), terminal), from }
  }
  if (chosen !== undefined && !VARIABLE.test(chosen)) throw usage(`--${source.name}-env takes the name of a variable`)
  const variable = chosen ?? source.variable
  const text = terminal.env[variable] ?? ''
  if (text !== '') return { text: conceal(text, terminal), from: { variable } }
  if (chosen !== undefined) throw usage(`the environment variable of --${source.name}-env is not set`)
  return undefined
}

/** The secret, asked for at the terminal if nothing else gives it. */
export async function needSecret(given: Given, source: SecretSource, terminal: Terminal): Promise<FoundSecret> {
  const found = await findSecret(given, source, terminal)
  if (found !== undefined) return found
  const typed = await terminal.ask(`${source.name} (not shown): `)
  if (typed === undefined || typed === '') {
    throw usage(
      `no ${source.name}: set ${source.variable}, give --${source.name}-file, or answer the prompt of a terminal`,
    )
  }
  return { text: conceal(typed, terminal), from: { variable: source.variable } }
}

async function fromFile(path: string, terminal: Terminal): Promise<string> {
  const text = (await readText(path, terminal)).replace(/\r?\n$/, '')
  if (text === '') throw usage(`${shownPath(path)} is empty`)
  if (await isExposed(path, terminal)) terminal.note(`${path} can be read by other users; chmod 600 keeps it yours`)
  return text
}

function conceal(text: string, terminal: Terminal): string {
  terminal.conceal(text)
  return text
}

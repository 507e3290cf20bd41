import { readFileSync } from 'node:fs'
import { readArguments } from './arguments.js'
import { CATALOGUE, type Entry, entryOf, groups } from './catalogue.js'
import { type Command, EXIT, type ExitCode, GLOBAL_OPTIONS, type Outcome } from './command.js'
import { failureOf, usage } from './failures.js'
import { commandHelp, groupHelp, overview } from './help.js'
import { didYouMean } from './nearest.js'
import { secretArgument } from './secret-arguments.js'
import type { Terminal } from './terminal.js'

/** Runs one call of `keylattice`. Never rejects: what fails becomes a message and an exit code. */
export async function main(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const wantsJson = args.includes('--json')
  try {
    return await dispatch(args, terminal)
  } catch (error) {
    const { message, code, exitCode } = failureOf(error)
    const said = terminal.redact(message)
    if (wantsJson) terminal.note(JSON.stringify({ error: { code, message: said } }))
    else terminal.note(`${terminal.paint('red', 'keylattice:')} ${said}`)
    return exitCode
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first = '--help', second = ''] = args
  if (first === '--help' || first === '-h' || first === 'help') return show(terminal, overview(terminal.paint))
  if (first === '--version' || first === '-v') return show(terminal, version())
  const isGroup = groups().includes(first)
  if (isGroup && !entryOf(`${first} ${second}`)) return showGroup(first, second, terminal)
  const entry = entryOf(isGroup ? `${first} ${second}` : first)
  if (entry === undefined) throw unknownCommand(first)
  return runCommand(entry, args.slice(isGroup ? 2 : 1), terminal)
}

async function runCommand(entry: Entry, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const command = await entry.load()
  const known = [...Object.keys(command.options), ...Object.keys(GLOBAL_OPTIONS)].map(name => `--${name}`)
  const secret = secretArgument(args, known)
  if (secret !== undefined) throw secret
  const given = readArguments(command, args)
  if (given.flag('help')) return show(terminal, commandHelp(command, terminal.paint))
  const outcome = await command.run(given, terminal)
  const text = given.flag('json') ? (JSON.stringify(outcome.json) ?? '') : outcome.text
  if (text !== '') terminal.print(shown(command, text, terminal))
  return exitCodeOf(outcome)
}

function shown({ showsSecrets }: Command, text: string, terminal: Terminal): string {
  return showsSecrets === true ? text : terminal.redact(text)
}

function exitCodeOf({ exitCode }: Outcome): ExitCode {
  return exitCode ?? EXIT.ok
}

function show(terminal: Terminal, text: string): ExitCode {
  terminal.print(text)
  return EXIT.ok
}

function showGroup(group: string, second: string, terminal: Terminal): ExitCode {
  if (second === '--help' || second === '-h') return show(terminal, groupHelp(group, terminal.paint))
  const names = CATALOGUE.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name)
  const hint = didYouMean(`${group} ${second}`, names)
  throw usage(`${group} needs one of: ${names.join(', ')}.${hint}`)
}

function unknownCommand(name: string): Error {
  const names = CATALOGUE.map(entry => entry.name)
  // Not repeated whole: who forgets the command may begin with a secret.
  const shown = /^[a-z-]{1,20}$/.test(name) ? `'${name}'` : 'the first argument'
  return usage(`${shown} is not a command.${didYouMean(name, names)} See keylattice --help`)
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

import { CATALOGUE } from './catalogue.js'
import { type Command, EXIT, EXIT_MEANINGS, GLOBAL_OPTIONS, type OptionDefinition } from './command.js'
import type { Terminal } from './terminal.js'

type Paint = Terminal['paint']

/** What `keylattice --help` shows. */
export function overview(paint: Paint): string {
  const rows = CATALOGUE.map(({ name, summary }) => [name, summary] as const)
  return [
    `${paint('bold', 'keylattice')} issues, signs, checks and finds exchange API keys.`,
    '',
    'Usage: keylattice <command> [options]',
    '',
    ...columns(rows, paint),
    '',
    'keylattice <command> --help shows its options and examples; keylattice --version the version.',
    'Secrets come by environment, file or prompt, never as arguments. With --json every command prints JSON.',
    '',
    ...exitLines(),
  ].join('\n')
}

/** What `keylattice <group> --help` shows, for commands of two words. */
export function groupHelp(group: string, paint: Paint): string {
  const rows = CATALOGUE.filter(({ name }) => name.startsWith(`${group} `)).map(
    ({ name, summary }) => [name, summary] as const,
  )
  return [`Usage: keylattice ${group} <command> [options]`, '', ...columns(rows, paint)].join('\n')
}

/** What `keylattice <command> --help` shows. */
export function commandHelp(command: Command, paint: Paint): string {
  const { name, summary, notes, options, examples, no } = command
  const rows = Object.entries({ ...options, ...GLOBAL_OPTIONS }).map(
    ([key, option]) => [signature(key, option), option.says] as const,
  )
  return [
    `${paint('bold', `keylattice ${name}`)}: ${summary}`,
    '',
    `Usage: ${usageLine(command)}`,
    '',
    ...notes,
    ...(notes.length > 0 ? [''] : []),
    'Options:',
    ...columns(rows, paint),
    '',
    'Examples:',
    ...examples.flatMap(({ says, line }) => [`  ${paint('dim', `# ${says}`)}`, `  ${line}`]),
    '',
    ...(no === undefined ? [] : [`Exit code ${EXIT.no}: ${no}.`]),
  ]
    .join('\n')
    .trimEnd()
}

export function usageLine({ name, arguments: positional }: Command): string {
  return ['keylattice', name, '[options]', positional].filter(part => part !== '').join(' ')
}

/** `-H, --header TEXT` */
export function signature(name: string, { short, type, value = 'TEXT', multiple }: OptionDefinition): string {
  const long = type === 'boolean' ? `--${name}` : `--${name} ${value}`
  return `${short === undefined ? '' : `-${short}, `}${long}${multiple === true ? ' …' : ''}`
}

function exitLines(): readonly string[] {
  return ['Exit codes:', ...EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`)]
}

function columns(rows: readonly (readonly [left: string, right: string])[], paint: Paint): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => `  ${paint('cyan', left)}${' '.repeat(width - left.length)}${right}`)
}

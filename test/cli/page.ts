/** `docs/reference/cli.md`, made from the definitions that the command itself reads. `npm run docs` writes it. */

import { type Command, EXIT, EXIT_MEANINGS, GLOBAL_OPTIONS, type OptionDefinitions } from '../../src/cli/command.js'
import { signature, usageLine } from '../../src/cli/help.js'

const NOTICE = '<!-- Made by `npm run docs` from the code. Changes by hand are lost. -->'

/** Variables that are read where no option says otherwise. */
const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ['KEYLATTICE_KEY_ID', 'the key id'],
  ['KEYLATTICE_SECRET', 'the secret, or the private key as PEM'],
  ['KEYLATTICE_PASSPHRASE', 'the passphrase, where the scheme has one'],
  [
    'KEYLATTICE_CREDENTIALS',
    'all of them, as a [credentials URI](credentials-uri.md); `KEYLATTICE_SECRET` comes first',
  ],
  ['KEYLATTICE_MASTER_KEYS', 'master keys, one a line or separated by commas'],
  ['KEYLATTICE_STORE', 'the store, as `--store`; its URL may have a password'],
  ['NO_COLOR', 'anything: no colour. Where nobody watches there is none anyway'],
]

export function cliPage(
  commands: readonly Command[],
  schemes: Readonly<Record<string, { readonly takes: readonly string[] }>>,
): string {
  return `${[
    '# Command line',
    NOTICE,
    'The package brings the command `keylattice`: `npx keylattice --help`. It makes keys, signs requests as curl commands, judges and explains captured ones, finds leaked keys, looks after stores, and runs a demo exchange.',
    table(
      ['command', ''],
      commands.map(({ name, summary }) => [`[\`${name}\`](#keylattice-${name.replace(' ', '-')})`, summary]),
    ),
    '## Every command',
    [
      '- Secrets come by environment, file or prompt (which does not show them), never as arguments: those are refused.',
      '- Results go to stdout, messages to stderr. With `--json` both are JSON, one value on one line.',
      '- An option that is not known is refused, with the nearest one that is. Behind `--`, nothing is an option.',
    ].join('\n'),
    optionTable(GLOBAL_OPTIONS),
    table(
      ['exit code', 'meaning'],
      EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
    ),
    table(
      ['environment', 'meaning'],
      VARIABLES.map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
    ...commands.map(section),
    '## Schemes',
    'Names for `--scheme`, and what `--scheme-option` takes for each: the options of its factory. What each covers: [schemes](schemes.md). A scheme that signs the host takes it from the URL where no option says it.',
    table(
      ['scheme', 'options'],
      Object.entries(schemes).map(([name, { takes }]) => [
        `\`${name}\``,
        takes.map(option => `\`${option}\``).join(', ') || '–',
      ]),
    ),
  ].join('\n\n')}\n`
}

function section(command: Command): string {
  const { name, summary, notes, options, examples, no } = command
  return [
    `## keylattice ${name}`,
    `${capital(summary)}.`,
    `\`\`\`text\n${usageLine(command)}\n\`\`\``,
    ...(notes.length === 0 ? [] : [notes.join(' ')]),
    ...(Object.keys(options).length === 0 ? [] : [optionTable(options)]),
    ...(no === undefined ? [] : [`Exit code ${EXIT.no}: ${no}.`]),
    `\`\`\`text\n${examples.map(({ says, line }) => `# ${says}\n${line}`).join('\n')}\n\`\`\``,
  ].join('\n\n')
}

function optionTable(options: OptionDefinitions): string {
  return table(
    ['option', ''],
    Object.entries(options).map(([name, option]) => [`\`${signature(name, option)}\``, option.says]),
  )
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'--|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** The table of runtimes, as functions from outcomes to Markdown and back. */

import { CAPABILITIES, type Capability, type Outcome } from './suite/check.js'

/** What one runtime can do, by the name of its column. */
export interface Column {
  /** Name and major version. */
  readonly name: string
  readonly outcomes: readonly Outcome[]
}

export type Mark = '✓' | '–' | '✗'

const NOTICE = '<!-- Made by `npm run test:runtimes -- --update` from a run. Changes by hand are lost. -->'
const NAMES = Object.keys(CAPABILITIES) as Capability[]

/** ✗ where anything failed, – where the runtime lacks what is needed, `undefined` where nothing was tried. */
export function markOf({ outcomes }: Column, capability: Capability): Mark | undefined {
  const states = outcomes.filter(outcome => outcome.capability === capability).map(({ state }) => state)
  if (states.includes('failed')) return '✗'
  if (states.includes('absent')) return '–'
  return states.includes('passed') ? '✓' : undefined
}

/** `docs/reference/runtimes.md` */
export function runtimesPage(columns: readonly Column[]): string {
  return `${[
    '# Runtimes',
    NOTICE,
    'What the library can do where, found out by running [one suite](../../test/runtimes/suite.ts) in each of them: from the installed package where the runtime resolves packages by itself, and out of a bundle made with the conditions its users’ bundlers set. [Bundle sizes](bundle-sizes.md) are another page.',
    tableOf(columns),
    '✓ every check passed. – the runtime does not have what is needed:',
    reasonsOf(columns).join('\n'),
    '## What runs there',
    'Node, Bun and Deno resolve the condition `node`, so they hash and sign by `node:crypto`. Workers and browsers get `@noble/hashes` to verify, and Web Cryptography to sign and for key pairs. workerd runs with the compatibility date of its release and no flags; Chromium is the one that Debian packages.',
    'Who called: `Bun.serve` and `Deno.serve` tell the address, which `clientIp` passes on. A worker’s `Request` has none. Under workerd’s `node:http` the peer of a socket is whatever the field `cf-connecting-ip` says, and 127.0.0.1 without it: anywhere but behind Cloudflare, give `clientIp`.',
    '`npm run test:runtimes` runs it all and compares this page with what it found.',
  ].join('\n\n')}\n`
}

/** What stands in the README: the table without its reasons. */
export function readmeBlock(columns: readonly Column[]): string {
  const more =
    '[Runtimes](docs/reference/runtimes.md) says why not, [bundle sizes](docs/reference/bundle-sizes.md) how many bytes travel.'
  return `${tableOf(columns)}\n\n${more}`
}

const README_BLOCK = /(?<=<!-- runtimes -->\n)[\s\S]*?(?=<!-- \/runtimes -->)/

/** @throws {Error} where the README has no place for it */
export function withReadmeBlock(readme: string, block: string): string {
  if (!README_BLOCK.test(readme)) throw new Error('the README has no <!-- runtimes --> … <!-- /runtimes -->')
  return readme.replace(README_BLOCK, () => `${block}\n`)
}

export function tableOf(columns: readonly Column[]): string {
  const head = `| | ${columns.map(({ name }) => name).join(' | ')} |`
  const rows = NAMES.map(
    name => `| ${CAPABILITIES[name]} | ${columns.map(column => markOf(column, name) ?? '').join(' | ')} |`,
  )
  return [head, `|--|${':-:|'.repeat(columns.length)}`, ...rows].join('\n')
}

/** One line for each reason, with the runtimes it holds for. */
function reasonsOf(columns: readonly Column[]): readonly string[] {
  const byReason = new Map<string, string[]>()
  for (const { name, outcomes } of columns)
    for (const { capability, state, why } of outcomes) {
      if (state !== 'absent') continue
      const reason = `${CAPABILITIES[capability].split(': ')[0]}: ${why}`
      const names = byReason.get(reason) ?? []
      if (!names.includes(name)) byReason.set(reason, [...names, name])
    }
  return [...byReason].map(([reason, names]) => `- ${names.join(', ')} · ${reason}`)
}

/** A column's name without the version of what the machine brings, which rises by itself. */
function keyOf(name: string): string {
  return name.startsWith('Chromium') ? 'Chromium' : name
}

/** How the table in a text differs from what was found, for the runtimes that ran; empty when it does not. */
export function differences(markdown: string, columns: readonly Column[]): readonly string[] {
  const [table = markdown] = README_BLOCK.exec(markdown) ?? []
  const rows = table
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.split('|').map(cell => cell.trim()))
  const [head = []] = rows
  return columns.flatMap(column => {
    const at = head.findIndex(name => keyOf(name) === keyOf(column.name))
    if (at < 0) return [`the table has no column ${column.name}`]
    return NAMES.flatMap(name => {
      const found = markOf(column, name)
      const written = rows.find(([, label]) => label === CAPABILITIES[name])?.[at]
      if (found === undefined || written === found) return []
      return [`${column.name}, ${CAPABILITIES[name]}: the table says '${written ?? ''}', the run ${found}`]
    })
  })
}

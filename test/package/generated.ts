/** Pages of the reference that are made from the code. `npm run docs` writes them; a test fails when they differ. */

import type { Denial } from '../../src/denials.js'
import type { KeyPolicy, OperationRule, Preset } from '../../src/preset.js'
import type { Component, Scheme } from '../../src/scheme.js'

const NOTICE = '<!-- Made by `npm run docs` from the code. Changes by hand are lost. -->'
const COMPONENTS: readonly Component[] = ['method', 'host', 'path', 'query', 'content-type', 'body']

/** `docs/reference/denials.md` */
export function denialsPage(denials: Readonly<Record<string, Denial>>): string {
  const rows = Object.entries(denials).map(([code, { status, wire, meaning, proven }]) => [
    `\`${code}\``,
    String(status),
    `\`${wire}\``,
    proven ? 'yes' : 'no',
    meaning,
  ])
  return page('Denials', [
    'Why a request can be refused. The code is exact and stays with the host: logs, metrics, tests. The wire code is what the caller is told; it is coarser, so that nobody without the secret learns whether a key exists, which part failed or what state it is in. “Proven” says whether the signature had been verified when this was decided.',
    table(['code', 'status', 'wire code', 'proven', 'meaning'], rows),
  ])
}

/** `docs/reference/schemes.md` */
export function schemesPage(schemes: readonly (readonly [file: string, scheme: Scheme])[]): string {
  const rows = schemes.map(([file, scheme]) => [
    `\`${scheme.id}\``,
    `\`keylattice/schemes/${file}\``,
    proofOf(scheme),
    freshnessOf(scheme),
    ...COMPONENTS.map(component => (scheme.covers.includes(component) ? '●' : '')),
  ])
  return page('Schemes', [
    'How requests can be signed, with the options of the first test vector. A dot means that the signature covers this part of the request: whoever changes it is refused. A server that enables a scheme with a gap has to accept that gap by name.',
    table(['scheme', 'import', 'proof', 'freshness', ...COMPONENTS], rows),
  ])
}

/** `docs/reference/presets.md` */
export function presetsPage(presets: readonly Preset[]): string {
  const head = presets.map(({ id }) => `\`${id}\``)
  const policies = presets.map(({ policy }) => policy)
  const { operations: _, ...rules } = policies[0] as KeyPolicy
  const ruleRows = Object.keys(rules).map(rule => [
    `\`${rule}\``,
    ...policies.map(policy => shown(rule, policy[rule as keyof typeof rules])),
  ])
  const operations = Object.keys((policies[0] as KeyPolicy).operations) as (keyof KeyPolicy['operations'])[]
  const operationRows = operations.map(name => [
    `\`${name}\``,
    ...policies.map(policy => ruleOf(policy.operations[name])),
  ])
  return page('Presets', [
    'The permissions of each house and which others each of them holds, what a form for a new key starts with, and the key policy. What each rule means is said at `KeyPolicy`; which values are the house’s and which are ours, in [the guide](../guide/presets.md).',
    ...presets.flatMap(permissionsOf),
    '## Key policies',
    table(['rule', ...head], ruleRows),
    '## Operations',
    'Who may, and what it needs.',
    table(['operation', ...head], operationRows),
  ])
}

function permissionsOf({ id, permissions: model, defaultPermissions, scheme }: Preset): readonly string[] {
  const impliedBy = (name: string) => {
    const granted = model.parse([name])
    return model.names.filter(other => other !== name && model.covers(granted, model.parse([other])))
  }
  const rows = model.names.map(name => [
    `\`${name}\``,
    list(impliedBy(name)),
    defaultPermissions.includes(name) ? '●' : '',
  ])
  const aliases = model.aliases.map(name => [`\`${name}\` (alias)`, list(model.format(model.parse([name]))), ''])
  return [
    `## ${id}`,
    `\`keylattice/presets/${id}\`${scheme === null ? ', without a scheme' : ''}`,
    table(['permission', 'holds', 'chosen beforehand'], [...rows, ...aliases]),
  ]
}

/** A value of a policy as people write it. */
function shown(rule: string, value: KeyPolicy[Exclude<keyof KeyPolicy, 'operations'>]): string {
  if (value === null) return '–'
  if (typeof value === 'number') return rule.endsWith('Ms') ? duration(value) : String(value)
  if (typeof value === 'object' && 'afterMs' in value)
    return `${list(value.permissions)} after ${duration(value.afterMs)}`
  return typeof value === 'object' ? list(value) || '–' : String(value)
}

function duration(ms: number): string {
  if (ms === 0) return '0'
  const units = { days: 86_400_000, hours: 3_600_000, minutes: 60_000 }
  const [unit, length] = Object.entries(units).find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1]
  return ms === length ? `1 ${unit.replace(/s$/, '')}` : `${ms / length} ${unit}`
}

function ruleOf({ by, needs }: OperationRule): string {
  if (by.length === 0) return 'nobody'
  return needs === 'nothing' ? by.join(', ') : `${by.join(', ')} · ${needs}`
}

/** `docs/reference/imports.md` */
export function importsPage(paths: readonly (readonly [specifier: string, names: readonly string[]])[]): string {
  const rows = paths.map(([specifier, names]) => [`\`${specifier}\``, list(names)])
  return page('Imports', [
    'Every import path and the values it exports; types are not listed. Nothing else of the package can be imported.',
    table(['import', 'exports'], rows),
  ])
}

function proofOf({ proof }: Scheme): string {
  if (proof.kind === 'bearer') return 'the secret itself'
  return 'hash' in proof
    ? `HMAC-${proof.hash.name.toUpperCase().replace('SHA', 'SHA-')}`
    : String((proof as Scheme['proof']).kind)
}

function freshnessOf({ freshness }: Scheme): string {
  if (freshness.kind === 'timestamp') {
    const { recvWindowMs, maxRecvWindowMs, replay } = freshness
    return `timestamp, ${recvWindowMs} ms (at most ${maxRecvWindowMs} ms), ${replay} remembered`
  }
  return freshness.kind === 'rising-nonce' ? `rising nonce, window of ${freshness.window}` : 'none'
}

function list(names: readonly string[]): string {
  return names.map(name => `\`${name}\``).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'--|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function page(title: string, parts: readonly string[]): string {
  return `${[`# ${title}`, NOTICE, ...parts].join('\n\n')}\n`
}

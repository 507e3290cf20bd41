/** Pages of the reference that are made from the code. `npm run docs` writes them; a test fails when they differ. */

import { DENIALS, type Denial, type DenialCode, type WireCode } from '../../src/denials.js'
import type { Answer } from '../../src/http/answer.js'
import type { KeyPolicy, OperationRule, Preset } from '../../src/preset.js'
import type { Component, Freshness, Scheme } from '../../src/scheme.js'

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

/** A scheme as one of its fixtures sets it up. */
export interface TabledScheme {
  /** Name of its file. */
  readonly file: string
  readonly scheme: Scheme
  /** What the fixture is called, if it is not the first one of the file. */
  readonly variant: string
  /** Components of which another spelling of the same parameters passes. */
  readonly byMeaning: readonly Component[]
  /** The same parameters pass in the query and in the body. */
  readonly anyPlace: boolean
  readonly answer: Answer | undefined
}

/** `docs/reference/schemes.md` */
export function schemesPage(schemes: readonly TabledScheme[]): string {
  const notes = schemes.flatMap(({ scheme }) =>
    Object.entries(scheme.partial ?? {}).map(
      ([component, sentence]) => `- \`${scheme.id}\`, ${component}: ${sentence}`,
    ),
  )
  return page('Schemes', [
    'How requests can be signed, and what each signature protects: worked out from the schemes as their test vectors set them up, and proven by the laws in `test/laws/`, which change every part of a signed request. How each of them is set up, and what it asks of a request beyond what its house asks, is said at its factory.',
    '## What is covered',
    '● covered: whoever changes it is refused. ◐ covered in part, as said below. ≈ covered by what it means: the same parameters may be spelled or ordered in another way. ⇄ covered, wherever its parameters stand: they can be moved between query and body. Empty: left open, whoever sees a request can change it, and a server has to accept that by name. – there is none.',
    table(['scheme', 'import', ...COMPONENTS, 'nonce'], distinct(schemes.map(coverageRow))),
    ...(notes.length === 0 ? [] : ['In part:', [...new Set(notes)].join('\n')]),
    '## Time and replay',
    'How old a request may be when it arrives, how far its time may be ahead, and what is remembered of it so that it passes once.',
    table(['scheme', 'accepted', 'ahead', 'remembered', 'login of a WebSocket'], distinct(schemes.map(freshnessRow))),
    '## Keys',
    table(['scheme', 'proof', 'secret', 'passphrase', 'key pairs'], distinct(schemes.map(keyRow))),
    '## Answers',
    'How each dialect words a refusal, where a server lets it: status and body, and the wire codes that are told so. `answer` of `protect` takes them. With these, unmodified clients of ccxt raise the errors they have for the house.',
    table(['scheme', 'status', 'body', 'wire codes'], distinct(schemes.flatMap(answerRows))),
  ])
}

function nameOf({ scheme, variant }: Pick<TabledScheme, 'scheme' | 'variant'>): string {
  return variant === '' ? `\`${scheme.id}\`` : `\`${scheme.id}\`: ${variant}`
}

/** Rows that say the same as an earlier one of the same scheme are left out. */
function distinct(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const seen = new Set<string>()
  return rows.filter(([name = '', ...cells]) => {
    const said = JSON.stringify([name.split(':')[0], ...cells])
    return !seen.has(said) && seen.add(said)
  })
}

function coverageRow({ file, scheme, variant, byMeaning, anyPlace }: TabledScheme): readonly string[] {
  const marks = COMPONENTS.map(component => {
    if (scheme.partial?.[component] !== undefined) return '◐'
    if (!scheme.covers.includes(component)) return ''
    if (anyPlace && (component === 'query' || component === 'body')) return '⇄'
    return byMeaning.includes(component) ? '≈' : '●'
  })
  return [nameOf({ scheme, variant }), `\`keylattice/schemes/${file}\``, ...marks, nonceMark(scheme)]
}

function nonceMark({ covers, freshness }: Scheme): string {
  if (covers.includes('nonce')) return '●'
  return freshness.kind === 'rising-nonce' ? '' : '–'
}

function freshnessRow({ scheme, variant }: TabledScheme): readonly string[] {
  const { freshness, login } = scheme
  const own = [acceptedOf(freshness), aheadOf(freshness), rememberedOf(freshness)]
  const ofLogin = login === undefined ? '–' : sameOrOwn(login.freshness, own)
  return [nameOf({ scheme, variant }), ...own, ofLogin]
}

function sameOrOwn(freshness: Freshness, own: readonly string[]): string {
  const cells = [acceptedOf(freshness), aheadOf(freshness), rememberedOf(freshness)]
  if (cells.join() === own.join()) return 'likewise'
  const [accepted, ahead, remembered] = cells
  return `${accepted}${ahead === '–' ? '' : `, ${ahead} ahead`}; ${remembered}`
}

function acceptedOf(freshness: Freshness): string {
  switch (freshness.kind) {
    case 'timestamp': {
      const { recvWindowMs, maxRecvWindowMs } = freshness
      return recvWindowMs === maxRecvWindowMs
        ? span(recvWindowMs)
        : `${span(recvWindowMs)}, or as asked for up to ${span(maxRecvWindowMs)}`
    }
    case 'deadline':
      return 'until the end it names'
    case 'rising-nonce':
      return 'at any time'
    case 'none':
      return 'for ever'
  }
}

function aheadOf(freshness: Freshness): string {
  if (freshness.kind === 'timestamp') return span(freshness.futureMs)
  return freshness.kind === 'deadline' ? `${span(freshness.maxAheadMs)} at most` : '–'
}

function rememberedOf(freshness: Freshness): string {
  if (freshness.kind === 'rising-nonce') return `the ${freshness.window} highest nonces`
  if (freshness.kind === 'none') return 'nothing'
  const remembered = {
    nonce: 'the nonce',
    tag: 'the signature',
    'tag-except-reads': 'the signature, but of a `GET` or `HEAD`',
  }
  return remembered[freshness.replay]
}

function span(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`
}

function keyRow({ scheme, variant }: TabledScheme): readonly string[] {
  const { proof } = scheme
  const name = nameOf({ scheme, variant })
  if (proof.kind === 'bearer') return [name, 'the secret itself', 'a token', '–', '–']
  const pairs = list(proof.keyPairs?.algorithms ?? []) || '–'
  if (proof.kind === 'signature') return [name, 'signature', '–', '–', pairs]
  const hash = `HMAC-${proof.hash.toUpperCase().replace('SHA', 'SHA-')}`
  const secret = proof.secretEncoding.name === 'base64' ? 'base64 of the key' : 'text, which is the key'
  const passphrase = { plain: 'as it is', mac: 'as its MAC', none: '–' }[proof.passphrase ?? 'none']
  return [name, hash, secret, passphrase, pairs]
}

/** Whether a scheme has the window, the time or the memory that a refusal is about. */
function isPossible(wire: WireCode, { freshness, login }: Scheme): boolean {
  return [freshness, login?.freshness ?? freshness].some(each => {
    switch (wire) {
      case 'recv_window_too_large':
        return each.kind === 'deadline' || (each.kind === 'timestamp' && each.recvWindowMs < each.maxRecvWindowMs)
      case 'timestamp_outside_window':
        return each.kind === 'deadline' || each.kind === 'timestamp'
      case 'replayed':
        return each.kind !== 'none'
      default:
        return true
    }
  })
}

/** One row for each answer, with the codes that get it. */
function answerRows({ scheme, answer }: TabledScheme): readonly (readonly string[])[] {
  if (answer === undefined) return []
  const codes = new Map<string, Set<string>>()
  for (const [denial, { wire }] of Object.entries(DENIALS)) {
    if (!isPossible(wire, scheme)) continue
    const { status, body } = answer({ denial: denial as DenialCode, at: 0 })
    const said = JSON.stringify([String(status), `\`${body}\``])
    codes.set(said, (codes.get(said) ?? new Set()).add(wire))
  }
  return [...codes].map(([said, wires]) => [`\`${scheme.id}\``, ...(JSON.parse(said) as string[]), list([...wires])])
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

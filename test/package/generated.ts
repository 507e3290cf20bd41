/** Pages of the reference that are made from the code. `npm run docs` writes them; a test fails when they differ. */

import type { Denial } from '../../src/denials.js'
import type { PermissionModel } from '../../src/key.js'
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
export function presetsPage(presets: readonly (readonly [id: string, model: PermissionModel])[]): string {
  const sections = presets.flatMap(([id, model]) => {
    const impliedBy = (name: string) => {
      const granted = model.parse([name])
      return model.names.filter(other => other !== name && model.covers(granted, model.parse([other])))
    }
    const rows = model.names.map(name => [`\`${name}\``, list(impliedBy(name))])
    const aliases = model.aliases.map(name => [`\`${name}\` (alias)`, list(model.format(model.parse([name])))])
    return [`## ${id}`, `\`keylattice/presets/${id}\``, table(['permission', 'holds'], [...rows, ...aliases])]
  })
  return page('Presets', ['The permissions of each house, and which others each of them holds.', ...sections])
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

import { createMint } from '../../keys/credentials.js'
import { type Command, EXIT, type ExitCode, type Given } from '../command.js'
import { usage } from '../failures.js'
import { type Finding, filesAt, type ScanSettings, type Skipped, scanFile, scanStream } from '../scanning.js'
import type { Terminal } from '../terminal.js'

const MIB = 1024 * 1024
const MAX_BYTES = 64 * MIB

export const scan: Command = {
  name: 'scan',
  summary: 'finds leaked keys in files and folders',
  arguments: '[<path> …]',
  positionals: { min: 0, max: 100_000 },
  notes: [
    'Without a path, or for -, it reads stdin. Only what has the form and the checksum of a credential is found.',
    'Of a key id the whole is shown, since it is public; of a secret the place, and nothing of it. Links are not followed.',
  ],
  options: {
    brand: { type: 'string', multiple: true, value: 'TEXT', says: 'first letters of the credentials; default kl' },
    'secrets-only': { type: 'boolean', says: 'finds secrets, and no key ids' },
    'max-bytes': { type: 'string', value: 'N', says: `passes over larger files; default ${MAX_BYTES}` },
    all: { type: 'boolean', says: 'looks into binary files, .git and node_modules too' },
  },
  examples: [
    { says: 'this folder, before it is published', line: 'keylattice scan .' },
    { says: 'what is about to be committed', line: 'git diff --cached | keylattice scan --secrets-only' },
    { says: 'credentials of a house', line: 'keylattice scan --brand acme --json logs' },
  ],
  no: 'something was found',
  async run(given, terminal) {
    const settings = readSettings(given, terminal)
    const secretsOnly = given.flag('secrets-only')
    const skipped: Skipped[] = []
    const findings: Finding[] = []
    let scanned = 0
    for await (const found of scanAll(given.positionals, settings, { terminal, skipped })) {
      scanned++
      findings.push(...found.filter(({ kind }) => !secretsOnly || kind === 'secret'))
    }
    const missing = skipped.filter(({ why }) => why === 'unreadable')
    for (const { path } of missing) terminal.note(`cannot read ${shownName(path)}`)
    terminal.note(summaryOf(scanned, findings, skipped))
    const text = findings.map(finding => lineOf(finding, terminal)).join('\n')
    return { text, json: { findings, scanned, skipped }, exitCode: exitCodeOf(findings, missing) }
  },
}

function readSettings(given: Given, terminal: Terminal): ScanSettings {
  const brands = given.list('brand').length === 0 ? ['kl'] : given.list('brand')
  for (const brand of brands) createMint({ brand, environment: 'live' })
  return { folder: terminal.folder, brands, maxBytes: given.integer('max-bytes', MAX_BYTES), all: given.flag('all') }
}

async function* scanAll(
  paths: readonly string[],
  settings: ScanSettings,
  { terminal, skipped }: { readonly terminal: Terminal; readonly skipped: Skipped[] },
): AsyncGenerator<readonly Finding[]> {
  if (paths.length === 0 && terminal.isAnswering) throw usage('scan needs a path, or text on stdin')
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') yield await scanStream(terminal.stdin, { path: '(stdin)', brands: settings.brands })
    else yield* scanPath(path, settings, skipped)
  }
}

async function* scanPath(path: string, settings: ScanSettings, skipped: Skipped[]): AsyncGenerator<readonly Finding[]> {
  for await (const file of filesAt(path, settings, entry => skipped.push(entry))) {
    const found = await scanFile(file, settings)
    if ('why' in found) skipped.push(found)
    else yield found
  }
}

/** What could not be read is not clean. */
function exitCodeOf(findings: readonly Finding[], missing: readonly Skipped[]): ExitCode {
  if (findings.length > 0) return EXIT.no
  return missing.length > 0 ? EXIT.failed : EXIT.ok
}

function lineOf({ path, line, column, kind, brand, environment, keyId }: Finding, { paint }: Terminal): string {
  const place = `${shownName(path)}:${line}:${column}`
  if (kind === 'keyId') return `${place}  key id  ${keyId}`
  return `${place}  ${paint('red', 'secret')}  ${brand}s_${environment}_[redacted]`
}

/** The name of a file may hold what a terminal would act on. */
function shownName(path: string): string {
  return path.replace(/[\0-\x1f\x7f]/g, '?')
}

function summaryOf(scanned: number, findings: readonly Finding[], skipped: readonly Skipped[]): string {
  const count = (why: Skipped['why']) => skipped.filter(entry => entry.why === why).length
  const whys = (['binary', 'too large', 'unreadable'] as const).map(why => [count(why), why] as const)
  const passed = whys.filter(([n]) => n > 0).map(([n, why]) => `${n} ${why}`)
  const files = `${scanned} ${scanned === 1 ? 'file' : 'files'}`
  return `${findings.length} found in ${files}${passed.length === 0 ? '' : `; passed over: ${passed.join(', ')}`}`
}

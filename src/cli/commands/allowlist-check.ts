import { readAddress } from '../../net/address.js'
import { compileAllowlist } from '../../policy/ip-allowlist.js'
import { type Command, EXIT, type Given } from '../command.js'
import { usage } from '../failures.js'
import { readText } from '../files.js'
import type { Terminal } from '../terminal.js'

export const allowlistCheck: Command = {
  name: 'allowlist check',
  summary: 'says which addresses an IP allowlist lets through, and why',
  arguments: '<address> …',
  positionals: { min: 1, max: 10_000 },
  notes: ['The list is the `ipAllowlist` of a key: addresses and CIDR ranges. An empty list lets nobody through.'],
  options: {
    allow: { type: 'string', short: 'a', multiple: true, value: 'CIDR', says: 'an entry of the list' },
    file: {
      type: 'string',
      value: 'PATH',
      says: 'file with entries, one a line, # begins a comment; or a JSON list; - is stdin',
    },
  },
  examples: [
    { says: 'one range, two addresses', line: 'keylattice allowlist check -a 203.0.113.0/24 203.0.113.7 198.51.100.1' },
    { says: 'a list in a file', line: 'keylattice allowlist check --file allowlist.txt 2001:db8::1' },
  ],
  no: 'an address is not let through',
  async run(given, terminal) {
    const entries = await readEntries(given, terminal)
    // Refuses what no key could have, naming the entry.
    const whole = compileAllowlist(entries)
    const each = entries.map(entry => ({ entry, list: compileAllowlist([entry]) }))
    const found = given.positionals.map(address => {
      const allowed = whole.allows(address)
      const by = each.filter(({ list }) => list.allows(address)).map(({ entry }) => entry)
      return { address, allowed, by, reason: reasonOf(address, entries, by) }
    })
    const lines = found.map(({ address, allowed, reason }) => {
      const word = allowed ? terminal.paint('green', 'allowed') : terminal.paint('red', 'refused')
      return `${word}  ${address}  ${reason}`
    })
    return { text: lines.join('\n'), json: found, exitCode: found.every(({ allowed }) => allowed) ? EXIT.ok : EXIT.no }
  },
}

async function readEntries(given: Given, terminal: Terminal): Promise<readonly string[]> {
  const file = given.text('file')
  const listed = given.list('allow')
  if (file === undefined && listed.length === 0) throw usage('give the list: --allow or --file')
  return [...listed, ...(file === undefined ? [] : entriesIn(await readText(file, terminal)))]
}

function entriesIn(text: string): readonly string[] {
  if (!text.trimStart().startsWith('[')) {
    return text
      .split('\n')
      .map(line => line.replace(/#.*$/, '').trim())
      .filter(line => line !== '')
  }
  const list = parseList(text)
  if (list === undefined || !list.every(entry => typeof entry === 'string'))
    throw usage('the file is no JSON list of texts')
  return list
}

function parseList(text: string): readonly string[] | undefined {
  try {
    return JSON.parse(text) as readonly string[]
  } catch {
    return undefined
  }
}

function reasonOf(address: string, entries: readonly string[], by: readonly string[]): string {
  if (by.length > 0) return `in ${by.join(', ')}`
  const family = readAddress(address, new Uint32Array(4))
  if (family === 0) return 'not an address: four decimal parts, or IPv6 without zone and port'
  if (entries.length === 0) return 'the list is empty: nobody is let through'
  const same = entries.filter(entry => isOfFamily(entry, family)).length
  return same === 0 ? `no entry is of IPv${family}` : `in none of the ${same} entries of IPv${family}`
}

/** A mapped entry (`::ffff:192.0.2.1`) is of IPv4, as the address it stands for. */
function isOfFamily(entry: string, family: 4 | 6): boolean {
  return readAddress(entry.replace(/\/.*$/, ''), new Uint32Array(4)) === family
}

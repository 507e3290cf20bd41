import { encodeHex } from '../../bytes.js'
import { randomBytes } from '../../crypto/random.js'
import type { Command } from '../command.js'
import { usage } from '../failures.js'
import { writePrivate } from '../files.js'

const BYTES = 32

export const keygenMaster: Command = {
  name: 'keygen master',
  summary: 'makes a master key, which seals the secrets of a store',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: [
    'The line is `<id>:<hex>`: createSealer takes the bytes under the id, reseal and serve take the line as it is.',
  ],
  options: {
    id: { type: 'string', value: 'ID', says: 'name of the master key, a-z, 0-9, _ and -; default k1' },
    out: { type: 'string', value: 'PATH', says: 'writes it to a new file of mode 600, and does not print it' },
  },
  examples: [
    { says: 'the first one', line: 'keylattice keygen master --out master-keys.txt' },
    { says: 'its successor', line: 'keylattice keygen master --id k2' },
  ],
  showsSecrets: true,
  async run(given, terminal) {
    const id = given.text('id') ?? 'k1'
    if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(id)) throw usage('--id must be up to 32 of a-z, 0-9, _ and -')
    const key = encodeHex(randomBytes(BYTES))
    const out = given.text('out')
    if (out === undefined) return { text: `${id}:${key}`, json: { id, key } }
    await writePrivate(out, `${id}:${key}\n`, terminal)
    return { text: `master key ${id} in ${out}`, json: { id, file: out } }
  },
}

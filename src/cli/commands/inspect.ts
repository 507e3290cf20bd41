import { isMistypedKeyId, parseCredential } from '../../keys/credentials.js'
import { type Command, EXIT } from '../command.js'
import { usage } from '../failures.js'
import { findSecret, SECRET, sourceOptions } from '../secrets.js'

export const inspect: Command = {
  name: 'inspect',
  summary: 'says what a key id says of itself: brand, environment, checksum',
  arguments: '[<key id> …]',
  positionals: { min: 0, max: 1000 },
  notes: ['No store is asked: whether there is such a key is not known here.'],
  options: sourceOptions(SECRET, 'a secret, to inspect that too'),
  examples: [
    { says: 'a key id', line: 'keylattice inspect kl_live_…' },
    { says: 'a secret', line: 'keylattice inspect --secret-file secret.txt' },
  ],
  no: 'one of them is mistyped, or of another form',
  async run(given, terminal) {
    const asked = given.text('secret-file') !== undefined || given.text('secret-env') !== undefined
    const secret = asked ? await findSecret(given, SECRET, terminal) : undefined
    if (given.positionals.length === 0 && secret === undefined)
      throw usage('inspect needs a key id; see keylattice inspect --help')
    const found = given.positionals.map(text => inspected(text, text))
    if (secret !== undefined) found.push(inspected(secret.text, '(secret)'))
    const text = found.map(
      one => `${one.ok ? terminal.paint('green', 'ok') : terminal.paint('red', 'no')}  ${one.shown}  ${one.says}`,
    )
    const json = found.map(({ shown, says, ...rest }) => ({ text: shown, ...rest }))
    return { text: text.join('\n'), json, exitCode: found.every(({ ok }) => ok) ? EXIT.ok : EXIT.no }
  },
}

interface Inspected {
  readonly ok: boolean
  readonly shown: string
  readonly says: string
  readonly kind: 'keyId' | 'secret' | null
  readonly brand: string | null
  readonly environment: string | null
  readonly checksum: boolean | null
}

function inspected(text: string, shown: string): Inspected {
  const credential = parseCredential(text)
  if (credential !== undefined) {
    const { kind, brand, environment } = credential
    const what = kind === 'keyId' ? 'key id' : 'secret'
    return {
      ok: true,
      shown,
      says: `${what} of brand ${brand}, environment ${environment}; checksum right`,
      kind,
      brand,
      environment,
      checksum: true,
    }
  }
  const none = { ok: false, shown, brand: null, environment: null }
  if (!isMistypedKeyId(text))
    return { ...none, says: 'not of the form of Keylattice: of another house, or cut off', kind: null, checksum: null }
  const [brand = '', environment = ''] = text.split('_')
  return {
    ...none,
    says: `key id of brand ${brand}, environment ${environment}; checksum wrong: mistyped`,
    kind: 'keyId',
    brand,
    environment,
    checksum: false,
  }
}

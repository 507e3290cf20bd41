import { CAPTURED_NOTE } from '../captured/captured.js'
import { readCaptured } from '../captured/read.js'
import { type Command, EXIT } from '../command.js'
import { CREDENTIAL_OPTIONS, passphraseFor } from '../credentials.js'
import { AT_OPTION, readAt } from '../instant.js'
import { plain } from '../plain.js'
import { SCHEME_OPTIONS } from '../schemes.js'
import { readJudging } from './verify.js'

export const diagnose: Command = {
  name: 'diagnose',
  summary: 'finds the mistake that makes the signature of a request wrong',
  arguments: '[<file>]',
  positionals: { min: 0, max: 1 },
  notes: [
    CAPTURED_NOTE,
    'It tries the usual mistakes, alone and two together, until one makes the signature match. For the owner of the key, or a test environment.',
  ],
  options: {
    ...SCHEME_OPTIONS,
    ...CREDENTIAL_OPTIONS,
    'public-key-file': { type: 'string', value: 'PATH', says: 'file with the public key, in place of a secret' },
    at: AT_OPTION,
    host: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      says: 'another host or audience that the client may have signed for',
    },
    prefix: {
      type: 'string',
      multiple: true,
      value: 'PATH',
      says: 'beginning of a path that a proxy takes away or adds, as in /api',
    },
  },
  examples: [
    {
      says: 'a refused request from a log',
      line: 'KEYLATTICE_SECRET=… keylattice diagnose request.http --at 1767225600000',
    },
    {
      says: 'behind a proxy that takes /api away',
      line: 'keylattice diagnose --secret-file secret.txt --prefix /api request.http',
    },
  ],
  no: 'something is wrong with the request',
  async run(given, terminal) {
    const captured = await readCaptured(given, terminal)
    const { scheme, credentials, publicKey } = await readJudging(given, captured, terminal)
    const passphrase = credentials && passphraseFor(scheme, credentials)
    const module = await import('../../diagnose/index.js')
    const { text, ...diagnosis } = await module.diagnose(captured.request, {
      scheme,
      ...(credentials !== undefined && { secret: credentials.secret.text }),
      ...(publicKey !== undefined && { publicKey }),
      ...(credentials?.keyId && { keyId: credentials.keyId }),
      ...(passphrase !== undefined && { passphrase: passphrase.text }),
      now: readAt(given),
      hosts: [...given.list('host'), ...(captured.url === undefined ? [] : [captured.url.host, captured.url.hostname])],
      prefixes: given.list('prefix'),
    })
    const { explanation, ...found } = diagnosis
    const { text: _, ...explained } = explanation
    return { text, json: plain({ ...found, explanation: explained }), exitCode: diagnosis.ok ? EXIT.ok : EXIT.no }
  },
}

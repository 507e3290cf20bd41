import { type Handover, parseCredentials } from '../http/credentials-uri.js'
import type { Scheme } from '../scheme.js'
import type { Given, OptionDefinitions } from './command.js'
import { usage } from './failures.js'
import { readText } from './files.js'
import { type FoundSecret, findSecret, needSecret, PASSPHRASE, SECRET, sourceOptions } from './secrets.js'
import type { Terminal } from './terminal.js'

/** The credentials a request is signed or judged with. */

export interface FoundCredentials {
  /** Empty where none was given. */
  readonly keyId: string
  readonly secret: FoundSecret
  readonly passphrase: FoundSecret | undefined
  /** What a credentials URI says besides. */
  readonly scheme: string | undefined
  readonly audience: string | undefined
  readonly server: string | undefined
}

const URI_VARIABLE = 'KEYLATTICE_CREDENTIALS'

export const CREDENTIAL_OPTIONS: OptionDefinitions = {
  'key-id': { type: 'string', short: 'k', value: 'ID', says: 'the key id; default KEYLATTICE_KEY_ID' },
  ...sourceOptions(SECRET, 'the secret, or the private key as PEM'),
  ...sourceOptions(PASSPHRASE, 'the passphrase, where the scheme has one'),
  'credentials-file': {
    type: 'string',
    value: 'PATH',
    says: `file with a keylattice: URI, which holds all of them; default ${URI_VARIABLE}`,
  },
}

/** Reads the credentials; asks for the secret where nothing gives it. */
export async function readCredentials(given: Given, terminal: Terminal): Promise<FoundCredentials> {
  const handover = await readHandover(given, terminal)
  const keyId = given.text('key-id') ?? handover?.uri.credentials.keyId ?? terminal.env['KEYLATTICE_KEY_ID'] ?? ''
  const common = { keyId, scheme: handover?.uri.scheme, audience: handover?.uri.audience, server: handover?.uri.server }
  if (handover === undefined) {
    const secret = await needSecret(given, SECRET, terminal)
    return { ...common, secret, passphrase: await findSecret(given, PASSPHRASE, terminal) }
  }
  const { secret, passphrase } = handover.uri.credentials
  for (const text of [secret, passphrase ?? '']) terminal.conceal(text)
  return {
    ...common,
    secret: { text: secret, from: { variable: SECRET.variable } },
    passphrase: passphrase === undefined ? undefined : { text: passphrase, from: { variable: PASSPHRASE.variable } },
  }
}

/** A URI is asked for by name, or stands in for a secret that nothing else gives. */
async function readHandover(given: Given, terminal: Terminal): Promise<{ readonly uri: Handover } | undefined> {
  const file = given.text('credentials-file')
  const isOther = given.text('secret-file') !== undefined || given.text('secret-env') !== undefined
  if (file !== undefined && isOther) throw usage('give --credentials-file or the secret, not both')
  const variable = isOther || terminal.env[SECRET.variable] ? '' : (terminal.env[URI_VARIABLE] ?? '')
  const text = file === undefined ? variable : await readText(file, terminal)
  if (text === '') return undefined
  terminal.conceal(text.trim())
  return { uri: parseCredentials(text) }
}

/** Whether a secret is a private key: its scheme then signs with a key pair. */
export function isPrivateKey(secret: string): boolean {
  return secret.startsWith('-----BEGIN ')
}

/** The passphrase, where the scheme has one: in an environment that serves several dialects, others stand by. */
export function passphraseFor({ proof }: Scheme, { passphrase }: FoundCredentials): FoundSecret | undefined {
  return proof.kind === 'mac' && proof.passphrase !== undefined ? passphrase : undefined
}

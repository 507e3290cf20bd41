import { formatCredentials } from '../../http/credentials-uri.js'
import { createMint } from '../../keys/credentials.js'
import { credentialsToTerminal } from '../../keys/qr.js'
import type { Command, Given } from '../command.js'
import { usage } from '../failures.js'
import { writePrivate } from '../files.js'

export const keygenCredentials: Command = {
  name: 'keygen credentials',
  summary: 'makes a key id and a secret',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: ['They are random and known to no store: import them, or use them in tests.'],
  options: {
    brand: { type: 'string', value: 'TEXT', says: 'first letters of both; default kl' },
    environment: { type: 'string', value: 'TEXT', says: 'live, test or the like; default test' },
    encoding: { type: 'string', value: 'utf8|base64', says: 'what the scheme needs the secret to be; default utf8' },
    passphrase: { type: 'boolean', says: 'makes a passphrase too' },
    uri: { type: 'boolean', says: 'prints them as one keylattice: URI; needs --scheme' },
    qr: { type: 'boolean', says: 'prints that URI as a QR code; needs --scheme' },
    scheme: { type: 'string', short: 's', value: 'NAME', says: 'the scheme that the URI names' },
    audience: { type: 'string', value: 'NAME', says: 'the deployment that the URI names' },
    server: { type: 'string', value: 'ORIGIN', says: 'the origin that the URI names' },
    label: { type: 'string', value: 'TEXT', says: 'the label that the URI carries' },
    out: {
      type: 'string',
      value: 'PATH',
      says: 'writes the secret, or the URI, to a new file of mode 600, and does not print it',
    },
  },
  examples: [
    { says: 'for the live environment', line: 'keylattice keygen credentials --environment live' },
    { says: 'the secret to a file', line: 'keylattice keygen credentials --out secret.txt' },
    {
      says: 'to be photographed',
      line: 'keylattice keygen credentials --qr --scheme hmac-v1 --audience api.example.com',
    },
  ],
  showsSecrets: true,
  async run(given, terminal) {
    const made = make(given)
    const uri = given.flag('uri') || given.flag('qr') ? uriOf(given, made) : undefined
    const out = given.text('out')
    if (out !== undefined) {
      await writePrivate(out, `${uri ?? made.secret}\n`, terminal)
      const { keyId } = made
      return { text: `key id  ${keyId}\nsecret  in ${out}`, json: { keyId, file: out } }
    }
    const text = uri === undefined ? linesOf(made) : given.flag('qr') ? credentialsToTerminal(uri) : uri
    return { text, json: { ...made, ...(uri !== undefined && { uri }) } }
  },
}

interface Made {
  readonly keyId: string
  readonly secret: string
  readonly passphrase?: string
}

function make(given: Given): Made {
  const { text } = given
  const encoding = text('encoding') ?? 'utf8'
  if (encoding !== 'utf8' && encoding !== 'base64') throw usage('--encoding must be utf8 or base64')
  if (given.flag('passphrase') && text('out') !== undefined && !given.flag('uri')) {
    throw usage('--out holds one secret: with --passphrase, add --uri')
  }
  const mint = createMint({ brand: text('brand') ?? 'kl', environment: text('environment') ?? 'test' })
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const passphrase = given.flag('passphrase') ? { passphrase: decode(mint.mintPassphrase()) } : {}
  return { keyId: mint.mintKeyId(), secret: decode(mint.mintSecret(encoding)), ...passphrase }
}

function uriOf({ text }: Given, credentials: Made): string {
  const scheme = text('scheme')
  if (scheme === undefined) throw usage('--uri and --qr need --scheme')
  const [server, audience, label] = ['server', 'audience', 'label'].map(text)
  return formatCredentials({
    scheme,
    credentials,
    ...(server !== undefined && { server }),
    ...(audience !== undefined && { audience }),
    ...(label !== undefined && { label }),
  })
}

function linesOf({ keyId, secret, passphrase }: Made): string {
  const rows = [`key id      ${keyId}`, `secret      ${secret}`]
  return [...rows, ...(passphrase === undefined ? [] : [`passphrase  ${passphrase}`])].join('\n')
}

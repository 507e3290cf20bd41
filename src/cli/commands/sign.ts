import { encodeBase64, encodeUtf8 } from '../../bytes.js'
import { createSigner, type SignedRequest } from '../../client/signer.js'
import type { Scheme } from '../../scheme.js'
import { type Command, EXIT, type Given, type Outcome } from '../command.js'
import {
  CREDENTIAL_OPTIONS,
  type FoundCredentials,
  isPrivateKey,
  passphraseFor,
  readCredentials,
} from '../credentials.js'
import { usage } from '../failures.js'
import { readInput, writeOver } from '../files.js'
import { loadScheme, SCHEME_OPTIONS } from '../schemes.js'
import { type Answer, send } from '../send.js'
import { type CurlOptions, curlCommand, type HiddenField } from '../shell.js'
import type { Terminal } from '../terminal.js'

export const sign: Command = {
  name: 'sign',
  summary: 'signs a request and prints it as a curl command, or sends it',
  arguments: '[<method>] <url>',
  positionals: { min: 1, max: 2 },
  notes: [
    'The command printed is for a POSIX shell. It is good once, and only as long as the scheme says: run it at once.',
    'Where a dialect sends the secret or the passphrase itself, the command reads it again and does not show it.',
  ],
  options: {
    ...SCHEME_OPTIONS,
    ...CREDENTIAL_OPTIONS,
    header: {
      type: 'string',
      short: 'H',
      multiple: true,
      value: 'FIELD',
      says: "a header field, as in 'content-type: application/json'",
    },
    data: { type: 'string', short: 'd', value: 'TEXT', says: 'the body' },
    'data-file': { type: 'string', value: 'PATH', says: 'file with the body, byte for byte; - is stdin' },
    'body-out': {
      type: 'string',
      value: 'PATH',
      says: 'where to write the body as signed, for the command to read it from',
    },
    'recv-window': {
      type: 'string',
      value: 'MS',
      says: 'how long the request asks to be good for; default: what the server gives',
    },
    send: { type: 'boolean', says: 'sends the request, and prints the answer instead' },
    timeout: { type: 'string', value: 'MS', says: 'longest wait for the answer; default 30000' },
  },
  examples: [
    {
      says: 'the secret from the environment',
      line: 'KEYLATTICE_SECRET=… keylattice sign -k kl_live_… https://api.example.com/v1/balance',
    },
    {
      says: 'run it at once',
      line: `eval "$(keylattice sign -k kl_live_… --secret-file secret.txt POST https://api.example.com/v1/orders -H 'content-type: application/json' -d '{"side":"buy"}')"`,
    },
    {
      says: 'as Binance wants it, and sent',
      line: 'keylattice sign --scheme binance --send https://api.binance.com/api/v3/account',
    },
  ],
  no: 'with --send, the server refused the request (status 400 to 499)',
  async run(given, terminal) {
    const { method, url } = readTarget(given.positionals)
    const body = await readBody(given, terminal)
    const credentials = await readCredentials(given, terminal)
    const hasKeyPair = isPrivateKey(credentials.secret.text)
    const scheme = await loadScheme(given, { ...credentials, url, hasKeyPair })
    const passphrase = passphraseFor(scheme, credentials)
    const signer = createSigner({
      scheme,
      ...(credentials.keyId !== '' && { keyId: credentials.keyId }),
      secret: credentials.secret.text,
      ...(passphrase !== undefined && { passphrase: passphrase.text }),
      ...(given.text('recv-window') !== undefined && { recvWindowMs: given.integer('recv-window', 0) }),
    })
    const request = await signer.sign({ method, url, headers: readHeaders(given.list('header')), body })
    const hidden = hiddenFields(request, scheme, { secret: credentials.secret, passphrase })
    return given.flag('send')
      ? sendNow(request, { given, url, hidden })
      : printed(request, { given, url, hidden, body, terminal, scheme })
  },
}

type Hidden = CurlOptions['hidden']

function readTarget(positionals: readonly string[]): { readonly method: string; readonly url: URL } {
  const [method, text] = positionals.length === 1 ? ['GET', positionals[0]] : positionals
  const url = URL.canParse(text ?? '') ? new URL(text as string) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw usage('the URL must be absolute, and http or https')
  return { method: (method ?? '').toUpperCase(), url }
}

async function readBody(given: Given, terminal: Terminal): Promise<Uint8Array> {
  const data = given.text('data')
  const file = given.text('data-file')
  if (data !== undefined && file !== undefined) throw usage('give --data or --data-file, not both')
  return file === undefined ? encodeUtf8(data ?? '') : readInput(file, terminal)
}

function readHeaders(fields: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null)
  for (const text of fields) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/.exec(text)
    if (match === null) throw usage("--header is written 'name: value', on one line")
    const name = (match[1] as string).toLowerCase()
    if (Object.hasOwn(headers, name)) throw usage(`--header ${name} may come once only`)
    headers[name] = (match[2] as string).trimEnd()
  }
  return headers
}

/** Header fields that hold a secret as it is. */
function hiddenFields(
  { headers }: SignedRequest,
  { proof }: Scheme,
  { secret, passphrase }: Pick<FoundCredentials, 'secret' | 'passphrase'>,
): Hidden {
  const fields = new Map<string, HiddenField>()
  for (const [name, value] of Object.entries(headers)) {
    if (proof.kind === 'bearer' && value === `Bearer ${secret.text}`) fields.set(name, { prefix: 'Bearer ', secret })
    if (passphrase !== undefined && value === passphrase.text) fields.set(name, { prefix: '', secret: passphrase })
  }
  return fields
}

interface Printing {
  readonly given: Given
  readonly url: URL
  readonly hidden: Hidden
  readonly body: Uint8Array
  readonly terminal: Terminal
  readonly scheme: Scheme
}

async function printed(
  request: SignedRequest,
  { given, url, hidden, body, terminal, scheme }: Printing,
): Promise<Outcome> {
  const { method, target, headers } = request
  const out = given.text('body-out')
  if (out !== undefined) await writeOver(out, request.body, terminal)
  const file = given.text('data-file')
  const isFile = file !== undefined && file !== '-' && Buffer.compare(request.body, body) === 0
  const shown = Object.entries(headers).map(([name, value]) => [name, hidden.has(name) ? '[redacted]' : value])
  const json = {
    method,
    url: url.origin + target,
    target,
    headers: Object.fromEntries(shown),
    bodyBase64: encodeBase64(request.body),
  }
  if (given.flag('json')) return { text: '', json }
  const bodyFile = out ?? (isFile ? file : undefined)
  for (const { secret } of hidden.values()) {
    if ('variable' in secret.from)
      terminal.note(`the command reads ${secret.from.variable} where it runs: export it there`)
  }
  terminal.note(goodFor(scheme, given))
  return { text: curlCommand(request, { origin: url.origin, hidden, bodyFile }), json }
}

function goodFor({ freshness }: Scheme, given: Given): string {
  if (freshness.kind === 'none') return 'it works again and again: whoever sees the token can use it'
  if (freshness.kind === 'rising-nonce') return 'good once, until a request with a higher nonce is sent'
  if (given.text('recv-window') !== undefined) return 'good once, for as long as was asked for'
  if (freshness.kind === 'deadline') {
    return `good once, until the end it names; --recv-window asks for up to ${freshness.maxAheadMs} ms`
  }
  const { recvWindowMs, maxRecvWindowMs } = freshness
  const more = maxRecvWindowMs > recvWindowMs ? `; --recv-window asks for up to ${maxRecvWindowMs} ms` : ''
  return `good once, for ${recvWindowMs} ms unless the server is set up otherwise${more}`
}

async function sendNow(
  request: SignedRequest,
  { given, url, hidden }: Pick<Printing, 'given' | 'url' | 'hidden'>,
): Promise<Outcome> {
  if (hidden.size > 0 && url.protocol === 'http:' && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) {
    throw usage('this dialect sends a secret as it is, which only https or this machine itself may see')
  }
  const answer = await send(request, url, given.integer('timeout', 30_000))
  const { status, reason, headers } = answer
  const body = new TextDecoder().decode(answer.body)
  const text = `HTTP ${status} ${reason}\n${body}`.trimEnd()
  return { text, json: { status, headers, body }, exitCode: exitCodeOf(answer) }
}

function exitCodeOf({ status }: Answer): 0 | 1 | 3 {
  if (status >= 500) return EXIT.failed
  return status >= 400 ? EXIT.no : EXIT.ok
}

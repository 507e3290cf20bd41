import { DENIALS } from '../../denials.js'
import { type Claim, isMalformed, type Scheme } from '../../scheme.js'
import type { Verdict } from '../../verify/verdict.js'
import { CAPTURED_NOTE, type Captured } from '../captured/captured.js'
import { readCaptured } from '../captured/read.js'
import { type Command, EXIT, type Given, type Outcome } from '../command.js'
import {
  CREDENTIAL_OPTIONS,
  type FoundCredentials,
  isPrivateKey,
  passphraseFor,
  readCredentials,
} from '../credentials.js'
import { usage } from '../failures.js'
import { readText } from '../files.js'
import { AT_OPTION, readAt, shownInstant } from '../instant.js'
import { judge } from '../judge.js'
import { loadScheme, SCHEME_OPTIONS } from '../schemes.js'
import type { Terminal } from '../terminal.js'

export const verify: Command = {
  name: 'verify',
  summary: 'says whether a captured request is signed with these credentials',
  arguments: '[<file>]',
  positionals: { min: 0, max: 1 },
  notes: [
    CAPTURED_NOTE,
    'It is judged as a server judges it, by signature, passphrase and time; whether it was sent before, nobody knows here.',
  ],
  options: {
    ...SCHEME_OPTIONS,
    ...CREDENTIAL_OPTIONS,
    'public-key-file': { type: 'string', value: 'PATH', says: 'file with the public key, in place of a secret' },
    at: AT_OPTION,
    'any-time': { type: 'boolean', says: 'judges it at the time it names itself, however old it is' },
  },
  examples: [
    { says: 'a request from a log', line: 'KEYLATTICE_SECRET=… keylattice verify --any-time request.http' },
    { says: 'a curl command, without sending it', line: 'keylattice verify --secret-file secret.txt < command.sh' },
    { says: 'by the public key', line: 'keylattice verify --scheme ed25519-v1 --public-key-file key.pub request.http' },
  ],
  no: 'the request would be refused',
  async run(given, terminal) {
    if (given.flag('any-time') && given.text('at') !== undefined) throw usage('give --at or --any-time, not both')
    const captured = await readCaptured(given, terminal)
    const { scheme, credentials, publicKey } = await readJudging(given, captured, terminal)
    const claim = scheme.read(captured.request)
    const known = claim === undefined || isMalformed(claim) ? undefined : claim
    const at = given.flag('any-time') && known !== undefined ? known.timestampMs : readAt(given)
    const keyId = credentials?.keyId || known?.keyId || 'unknown'
    const verdict = await judge(captured.request, {
      ...{ scheme, keyId, publicKey, clock: () => at },
      secret: credentials?.secret.text,
      passphrase: credentials && passphraseFor(scheme, credentials)?.text,
    })
    return outcomeOf(verdict, { scheme, claim: known, at })
  },
}

/** What a captured request is judged with; `credentials` is absent where a public key takes their place. */
export interface Judging {
  readonly scheme: Scheme
  readonly credentials: FoundCredentials | undefined
  readonly publicKey: string | undefined
}

export async function readJudging(given: Given, { url }: Captured, terminal: Terminal): Promise<Judging> {
  const file = given.text('public-key-file')
  if (file !== undefined) {
    const publicKey = await readText(file, terminal)
    return { scheme: await loadScheme(given, { url, hasKeyPair: true }), credentials: undefined, publicKey }
  }
  const credentials = await readCredentials(given, terminal)
  const hasKeyPair = isPrivateKey(credentials.secret.text)
  return { scheme: await loadScheme(given, { ...credentials, url, hasKeyPair }), credentials, publicKey: undefined }
}

interface Judged {
  readonly scheme: Scheme
  readonly claim: Claim | undefined
  readonly at: number
}

function outcomeOf(verdict: Verdict, { scheme, claim, at }: Judged): Outcome {
  const facts = { scheme: scheme.id, ...(claim !== undefined && factsOf(scheme, claim)), at }
  const rows = Object.entries(facts).map(
    ([name, value]) =>
      `  ${name.padEnd(13)}${name === 'at' || name === 'timestampMs' ? shownInstant(Number(value)) : value}`,
  )
  if (verdict.ok)
    return { text: ['yes: signed with these credentials', ...rows].join('\n'), json: { ok: true, ...facts } }
  const { denial, field } = verdict
  const { meaning, wire } = DENIALS[denial]
  const hint = wire === 'invalid_credentials' ? ['keylattice diagnose says which mistake makes it so'] : []
  const first = `no: ${denial}: ${meaning}${field === undefined ? '' : ` (${field})`}`
  return {
    text: [first, ...rows, ...hint].join('\n'),
    json: { ok: false, denial, field: field ?? null, ...facts },
    exitCode: EXIT.no,
  }
}

function factsOf(
  { freshness }: Scheme,
  { keyId, timestampMs, nonce }: Claim,
): Readonly<Record<string, string | number>> {
  const hasTime = freshness.kind === 'timestamp' || freshness.kind === 'deadline'
  return { ...(keyId !== '' && { keyId }), ...(hasTime && { timestampMs }), ...(nonce !== '' && { nonce }) }
}

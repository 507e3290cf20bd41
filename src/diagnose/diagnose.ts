import type { WireRequest } from '../http/request.js'
import { invalidOption, readInteger, readOptions } from '../options.js'
import type { Scheme } from '../scheme.js'
import { systemClock } from '../time.js'
import { checksOf } from './checks.js'
import type { Diagnosis, Tried } from './diagnosis.js'
import { diagnosisText } from './diagnosis-text.js'
import { createDraft, withoutTag } from './draft.js'
import { explain } from './explain.js'
import { hiding, withoutSecrets } from './hiding.js'
import { createMeter } from './meter.js'
import type { Mistake } from './mistakes.js'
import { type TrialOptions, trialsOf } from './provers.js'
import { type Reading, readLeniently, type Unread } from './reading.js'
import { type Found, search } from './search.js'
import { soundRequest } from './sound-request.js'

export interface DiagnoseOptions {
  readonly scheme: Scheme
  /** The key's secret, or the wrapper it was handed out in. For a key pair, `publicKey` in its place. */
  readonly secret?: string | { reveal(): string }
  /** The registered public key: SPKI PEM or base64 of it. */
  readonly publicKey?: string
  /** The key's id, to notice that the request names another. */
  readonly keyId?: string
  /** The key's passphrase, where the scheme has one. */
  readonly passphrase?: string | { reveal(): string }
  /** When the request arrived, epoch ms. Default: now. */
  readonly now?: number
  /** Hosts or audiences of other deployments that the client may have signed for. */
  readonly hosts?: readonly string[]
  /** Beginnings of paths that a proxy takes away or adds, such as `/gateway`. */
  readonly prefixes?: readonly string[]
  /** Most combinations to try, 1 to 1,000,000. Default: 50,000. */
  readonly maxAttempts?: number
  /** Most bytes of requests and strings to make, compare and sign, 1 to 1 GiB. Default: 64 MiB. */
  readonly maxBytes?: number
}

const WHERE = 'diagnose'
const NONE: Found = Object.freeze({ matches: [], attempts: 0, bytes: 0, complete: true, codes: [] })

/**
 * Finds the mistake, or the two, that make a signature match. **For the key's owner, or a test environment, only:** it
 * takes the secret in clear, and its answer says more about a request than anybody else may learn. So it is an import
 * path of its own, which neither the verifier nor any middleware reaches: never answer an unknown caller with it.
 *
 * Every mistake of `MISTAKES` that this request has room for is made alone; where none fits, every two together. With
 * another secret nothing fits, and neither the answer nor what it costs tells anything about the secret that was given.
 * Rising nonces, permissions, addresses and the state of the key are not judged.
 *
 * Costs up to `maxAttempts` signatures and `maxBytes` of work, whatever arrives: a tenth of a second to a second at the defaults, several with a
 * key pair, on the thread that calls it.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export async function diagnose(received: WireRequest, options: DiagnoseOptions): Promise<Diagnosis> {
  const request = soundRequest(received)
  const given = readOptions(WHERE, options, {
    required: ['scheme'],
    optional: ['secret', 'publicKey', 'keyId', 'passphrase', 'now', 'hosts', 'prefixes', 'maxAttempts', 'maxBytes'],
  })
  const { scheme, publicKey, keyId = '', now = systemClock() } = given
  if ((given.secret === undefined) === (publicKey === undefined)) {
    throw invalidOption(WHERE, 'secret', "given, or 'publicKey' in its place")
  }
  const [secret, passphrase] = [textOf(given.secret), textOf(given.passphrase)]
  const secrets = { secret, passphrase, keyId, publicKey }
  const reading = readLeniently(scheme, request)
  const found = reading.claim === undefined ? NONE : await searched(request, reading, { given, secrets })
  const isBearer = scheme.proof.kind === 'bearer'
  const open = isBearer ? request : withoutSecrets(request, [secret])
  const explanation = await explain(open, { scheme, now, ...(keyId !== '' && { keyId }) })
  // Under another secret a passphrase has another MAC, which says nothing of the request.
  const known = { ...secrets, secret: isBearer ? '' : secret, passphrase: found.matches.length > 0 ? passphrase : '' }
  const checks = reading.claim === undefined ? [] : checksOf(scheme, { request, reading, now }, known)
  return diagnosisOf(reading, found, { checks, explanation, hidden: [secret, passphrase] })
}

function textOf(secret: string | { reveal(): string } | undefined): string {
  return typeof secret === 'object' ? secret.reveal() : (secret ?? '')
}

interface Searching {
  readonly given: DiagnoseOptions
  readonly secrets: TrialOptions
}

async function searched(request: WireRequest, reading: Reading, { given, secrets }: Searching): Promise<Found> {
  const { scheme, hosts = [], prefixes = [] } = given
  const read = { where: WHERE, options: given }
  const { claim, tags } = reading
  const maxBytes = readInteger(read, 'maxBytes', { min: 1, max: 2 ** 30, fallback: 2 ** 26 })
  const signing = { claim, request }
  const unsigned = withoutTag(
    scheme,
    signing,
    tags.map(({ bytes }) => bytes),
  )
  return search({
    scheme,
    base: createDraft(scheme, { claim, request: unsigned }, createMeter(maxBytes)),
    trials: await trialsOf(scheme.proof, reading, secrets),
    surroundings: { keyId: secrets.keyId, hosts, prefixes },
    maxAttempts: readInteger(read, 'maxAttempts', { min: 1, max: 1_000_000, fallback: 50_000 }),
  })
}

interface Findings extends Pick<Diagnosis, 'explanation'> {
  readonly checks: readonly Mistake[]
  readonly hidden: readonly string[]
}

function diagnosisOf(reading: Reading | Unread, found: Found, { checks, explanation, hidden }: Findings): Diagnosis {
  const clean = (mistakes: readonly Mistake[]) => distinct(mistakes).map(mistake => hiding(mistake, hidden))
  const [match = [], ...others] = found.matches
  const { attempts, bytes, complete, codes } = found
  const mistakes = clean([...reading.mistakes, ...match, ...checks])
  const matches = found.matches.length > 0
  const tried: Tried = { attempts, bytes, complete, codes }
  const ok = matches && mistakes.length === 0 && reading.malformed === undefined
  const diagnosis = { ok, matches, mistakes, alternatives: others.map(clean), tried, explanation }
  return { ...diagnosis, text: diagnosisText(diagnosis) }
}

/** One mistake seen in two ways is one. */
function distinct(mistakes: readonly Mistake[]): readonly Mistake[] {
  return mistakes.filter(
    ({ code, field }, at) => mistakes.findIndex(other => other.code === code && other.field === field) === at,
  )
}

import { joinParts } from '#mac'
import { encodeHex, encodeUtf8 } from '../bytes.js'
import { type Random, randomBytes } from '../crypto/random.js'
import { KeyError } from '../errors.js'
import { EMPTY_BODY, type WireHeaders, type WireRequest } from '../http/request.js'
import { invalidOption, readOptions } from '../options.js'
import { type Dialect, isMalformed, type LoginMessage, type Scheme } from '../scheme.js'
import { type Clock, systemClock } from '../time.js'
import { type ClockOffset, createClockOffset } from './clock-offset.js'
import { CREATE_SIGNER, prepare, textOf } from './prepared.js'

/** A request before it is signed. */
export interface UnsignedRequest {
  /** As it will be sent: upper case. */
  readonly method: string
  /** Absolute URL; its path and query are signed as the URL standard writes them. Not needed beside `target`. */
  readonly url?: string | URL
  /** The request target exactly as it will be sent: path and, if any, `?query`. */
  readonly target?: string
  /** All that the scheme may cover, above all `content-type`: whatever is sent and not given here is not signed. */
  readonly headers?: WireHeaders
  readonly body?: string | Uint8Array
}

/** What to send, unchanged. */
export interface SignedRequest extends WireRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

export interface SignerOptions {
  readonly scheme: Scheme
  /** Not needed for a bearer token, which names its key itself. */
  readonly keyId?: string
  /**
   * The secret's text, or the wrapper it was handed out in, which is then revealed. For a key pair, the private key:
   * PKCS#8 PEM.
   */
  readonly secret: string | { reveal(): string }
  /** The passphrase, where the scheme has one; as the secret, its text or its wrapper. */
  readonly passphrase?: string | { reveal(): string }
  /** Local time, epoch ms. */
  readonly clock?: Clock
  /** Source of the nonces' randomness. Default: the platform's. */
  readonly random?: Random
  /**
   * Window to ask for with every request, ms; where a request carries its end, how long it is good for. Default: none,
   * which leaves it to the server.
   */
  readonly recvWindowMs?: number
  /** Where nonces that must rise come from, once several processes sign with one key. Default: this signer's own clock. */
  readonly nonces?: Nonces
}

/** Nonces that rise across everything that signs with a key. */
export interface Nonces {
  /**
   * Reserves a nonce: `atLeast`, or one more than the last one reserved for the key, whichever is greater. Must be atomic
   * across all processes. Of another key or a lost memory nothing need be known: `atLeast` is the time.
   */
  next(keyId: string, atLeast: bigint): bigint | Promise<bigint>
}

export interface Signer {
  readonly scheme: Scheme
  /**
   * Signs one request. The signature is good once: sign again to send again. Nonces rise in the order of the calls.
   *
   * The promise rejects with `KeyError` `ERR_INPUT_INVALID`, naming the part of the request the scheme cannot sign.
   */
  sign(request: UnsignedRequest): Promise<SignedRequest>
  /**
   * Signs the message that logs a WebSocket session in, to be sent as JSON.
   *
   * @param message members to send with it, where the dialect has any
   *
   * The promise rejects with `KeyError` `ERR_INPUT_INVALID` where the dialect has no such message.
   */
  login(message?: LoginMessage): Promise<LoginMessage>
  readonly clockOffset: ClockOffset
}

/**
 * Builds a signer. The secret's text is not kept: what stays is the prepared MAC or the platform's key, out of reach of
 * anything that prints or copies the signer.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`; `ERR_PLATFORM` where the
 * platform has no Web Cryptography
 */
export function createSigner(options: SignerOptions): Signer {
  const given = readOptions(CREATE_SIGNER, options, {
    required: ['scheme', 'secret'],
    optional: ['keyId', 'passphrase', 'clock', 'random', 'recvWindowMs', 'nonces'],
  })
  const { scheme, keyId = '', secret, clock = systemClock, random = randomBytes, recvWindowMs = -1, nonces } = given
  if (scheme.proof.kind !== 'bearer' && keyId === '') throw invalidOption(CREATE_SIGNER, 'keyId', 'given')
  const credentials = prepare(scheme, textOf(secret), given.passphrase && textOf(given.passphrase))
  // Whoever awaits it later learns of its failure; until then it is nobody's.
  if (credentials instanceof Promise) credentials.catch(() => {})
  const clockOffset = createClockOffset(clock)
  const lastNonces = new Map<unknown, string>()

  async function write<M>(dialect: Dialect<M>, message: M): Promise<M> {
    const nowMs = Math.round(clockOffset.now())
    const { sign, passphrase, algorithm } = credentials instanceof Promise ? await credentials : credentials
    const lastNonce = lastNonces.get(dialect) ?? ''
    const stamp = { keyId, nowMs, recvWindowMs, lastNonce, passphrase, algorithm }
    let claim = dialect.stamp({ ...stamp, randomNonce: () => randomNonce(random) })
    lastNonces.set(dialect, claim.nonce)
    if (nonces && dialect.freshness.kind === 'rising-nonce') {
      const least = BigInt(claim.nonce)
      const nonce = await nonces.next(keyId, least)
      if (!(nonce >= least)) throw unsignable('nonces')
      claim = { ...claim, nonce: `${nonce}` }
    }
    const unsigned = dialect.write(message, claim, EMPTY_BODY)
    const signed = dialect.write(message, claim, await sign(dialect.stringToSign(unsigned, claim)))
    // Read back, since what the scheme refuses to read the server would refuse as well.
    const read = dialect.read(signed) ?? { malformed: 'credentials' }
    if (isMalformed(read)) throw unsignable(read.malformed)
    return signed
  }

  return Object.freeze<Signer>({
    scheme,
    clockOffset,
    sign: async request => toSigned(await write(scheme, await derived(scheme, toWire(request)))),
    async login(message = {}) {
      if (scheme.login === undefined) throw unsignable('login')
      return write(scheme.login, message)
    },
  })
}

/** With the fields that follow from the others. */
async function derived({ derive }: Scheme, wire: WireRequest): Promise<WireRequest> {
  const headers = { ...wire.headers }
  for (const [name, parts] of Object.entries(derive?.(wire) ?? {})) {
    headers[name] = new TextDecoder().decode(await joinParts(parts))
  }
  return { ...wire, headers }
}

/** Without the fields that are not sent. */
function toSigned(wire: WireRequest): SignedRequest {
  const present = Object.entries(wire.headers).filter(([, value]) => value !== undefined)
  return { ...wire, headers: Object.fromEntries(present.map(([name, value]) => [name, String(value)])) }
}

function toWire({ method, url, target, headers = {}, body = EMPTY_BODY }: UnsignedRequest): WireRequest {
  const bytes = typeof body === 'string' ? encodeUtf8(body) : body
  if (!(bytes instanceof Uint8Array)) throw unsignable('body')
  const names = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return {
    method,
    target: target ?? targetOf(new URL(url as string | URL)),
    headers: Object.fromEntries(names),
    body: bytes,
  }
}

function unsignable(field: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `this '${field}' cannot be signed`, { field })
}

/** The request target that `fetch` sends for a URL. */
export function targetOf({ pathname, search }: URL): string {
  return pathname + search
}

const NONCE_BYTES = 16

/** A source that does not give what it is asked for yields a nonce that no scheme accepts. */
function randomNonce(random: Random): string {
  const bytes = random(NONCE_BYTES)
  return bytes.length === NONCE_BYTES ? encodeHex(bytes) : ''
}

import { encodeHex, encodeUtf8 } from '../bytes.js'
import { type Random, randomBytes } from '../crypto/random.js'
import { KeyError } from '../errors.js'
import { EMPTY_BODY, type WireHeaders, type WireRequest } from '../http/request.js'
import { invalidOption, readOptions } from '../options.js'
import { type Claim, isMalformed, type Scheme } from '../scheme.js'
import { type Clock, systemClock } from '../time.js'
import { type ClockOffset, createClockOffset } from './clock-offset.js'

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
  /** The secret's text, or the wrapper it was handed out in, which is then revealed. */
  readonly secret: string | { reveal(): string }
  /** Local time, epoch ms. */
  readonly clock?: Clock
  /** Source of the nonces' randomness. Default: the platform's. */
  readonly random?: Random
  /** Window to ask for with every request, ms. Default: none, which leaves it to the server. */
  readonly recvWindowMs?: number
}

export interface Signer {
  /**
   * Signs one request. The signature is good once: sign again to send again.
   *
   * @throws {KeyError} `ERR_INPUT_INVALID`, naming the part of the request the scheme cannot sign
   */
  sign(request: UnsignedRequest): SignedRequest
  readonly clockOffset: ClockOffset
}

const WHERE = 'createSigner'

/**
 * Builds a signer. The secret's text is not kept: what stays is the prepared MAC, out of reach of anything that prints
 * or copies the signer.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function createSigner(options: SignerOptions): Signer {
  const {
    scheme,
    keyId = '',
    secret,
    clock = systemClock,
    random = randomBytes,
    recvWindowMs = -1,
  } = readOptions(WHERE, options, {
    required: ['scheme', 'secret'],
    optional: ['keyId', 'clock', 'random', 'recvWindowMs'],
  })
  if (scheme.proof.kind === 'mac' && keyId === '') throw invalidOption(WHERE, 'keyId', 'given')
  const prove = createProver(scheme, typeof secret === 'string' ? secret : secret.reveal())
  const clockOffset = createClockOffset(clock)
  let lastNonce = ''
  return Object.freeze({
    clockOffset,
    sign(request: UnsignedRequest): SignedRequest {
      const wire = toWire(request)
      const nowMs = Math.round(clockOffset.now())
      const claim = scheme.stamp({ keyId, nowMs, recvWindowMs, lastNonce, randomNonce: () => randomNonce(random) })
      lastNonce = claim.nonce
      const unsigned = scheme.write(wire, claim, EMPTY_BODY)
      return toSigned(scheme, scheme.write(wire, claim, prove(unsigned, claim)))
    },
  })
}

/** What proves a request that carries everything but its signature. */
type Prover = (unsigned: WireRequest, claim: Claim) => Uint8Array

function createProver({ proof, stringToSign }: Scheme, secret: string): Prover {
  const text = encodeUtf8(secret)
  const key = proof.kind === 'mac' ? proof.secretEncoding.keyOf(text) : text
  if (!key?.length) throw invalidOption(WHERE, 'secret', 'not empty, and as the scheme encodes it')
  if (proof.kind === 'bearer') return () => key
  const mac = proof.hash.mac(key)
  return (unsigned, claim) => mac.tag(stringToSign(unsigned, claim))
}

/** Reads the signature back, since what the scheme refuses to read the server would refuse as well. */
function toSigned(scheme: Scheme, wire: WireRequest): SignedRequest {
  const read = scheme.read(wire) ?? { malformed: 'credentials' }
  if (isMalformed(read)) throw unsignable(read.malformed)
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

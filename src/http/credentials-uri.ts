import { KeyError } from '../errors.js'
import { readOptions } from '../options.js'
import { type Field, isField, KEY_ID } from './field.js'

/**
 * Credentials on their way from whoever issued them to whoever signs with them. `Secret` is what secrets are held in;
 * parsed credentials hold its text, in clear: neither log nor print them.
 */
export interface Handover<Secret = string> {
  /** Id of the scheme the key works under: 1–40 of a–z, 0–9 and `-`. */
  readonly scheme: string
  /** What `createSigner` takes beside the scheme. */
  readonly credentials: {
    /** 1–128 of A–Z, a–z, 0–9, `_`, `.` and `-`. */
    readonly keyId: string
    /** 1–128 visible ASCII characters. */
    readonly secret: Secret
    /** 1–64 visible ASCII characters, for the dialects that have one. */
    readonly passphrase?: Secret
  }
  /** Origin of the API, as `URL.origin` writes it, up to 128 characters; `https`, or `http` to this machine itself. */
  readonly server?: string
  /** Name of the deployment, where the scheme signs one: 1–255 visible ASCII characters. */
  readonly audience?: string
  /** For the owner's orientation: up to 128 characters (UTF-16 code units), none of them a control character. */
  readonly label?: string
}

/** A secret's text, or the wrapper it was handed out in, which is then revealed. */
export type RevealableSecret = string | { reveal(): string }

const SCHEME = 'keylattice:'
const HEAD = `${SCHEME}v1?`

/** What the largest QR code holds, in bytes. Fields at their limits, written at their longest, take 2,870. */
const MAX_CHARACTERS = 2953

interface Parameter extends Field {
  /** What a message says it must be. */
  readonly expected: string
}

/** In the order in which they are written. */
const PARAMETERS = {
  scheme: { min: 1, max: 40, foreign: /[^a-z0-9-]/, expected: '1 to 40 of a-z, 0-9 and -' },
  keyId: { ...KEY_ID, expected: '1 to 128 of A-Z, a-z, 0-9, _, . and -' },
  secret: { min: 1, max: 128, foreign: /[^!-~]/, expected: '1 to 128 visible ASCII characters' },
  passphrase: { min: 1, max: 64, foreign: /[^!-~]/, expected: '1 to 64 visible ASCII characters' },
  server: { min: 1, max: 128, foreign: /[^a-z0-9._:/[\]-]/, expected: 'an https origin of up to 128 characters' },
  audience: { min: 1, max: 255, foreign: /[^!-~]/, expected: '1 to 255 visible ASCII characters' },
  // Unpaired surrogates have no UTF-8.
  label: { min: 1, max: 128, foreign: /[\p{Cc}\p{Cs}]/u, expected: 'up to 128 characters, none of them a control' },
} satisfies Record<string, Parameter>

type Name = keyof typeof PARAMETERS

/**
 * Writes credentials as a URI, to be handed over as text or QR code: `keylattice:v1?scheme=…&keyId=…&secret=…`. It
 * holds the secret in clear. Specification: `docs/reference/credentials-uri.md`.
 *
 * Wrapped secrets are revealed last, so that a wrong label does not use up their only time.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`, naming the field; `ERR_SECRET_REVEALED`
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function formatCredentials(handover: Handover<RevealableSecret>): string {
  const { scheme, credentials, server, audience, label } = readOptions('formatCredentials', handover, {
    required: ['scheme', 'credentials'],
    optional: ['server', 'audience', 'label'],
  })
  const { keyId, secret, passphrase } = readOptions('formatCredentials', credentials, {
    required: ['keyId', 'secret'],
    optional: ['passphrase'],
  })
  const before = [write('scheme', scheme), write('keyId', keyId)]
  // A key may have an empty label.
  const named = write('label', label === '' ? undefined : label)
  const after = [write('server', server), write('audience', audience), named]
  const plain = typeof passphrase === 'object' ? undefined : write('passphrase', passphrase)
  const shown = [write('secret', textOf(secret)), plain ?? write('passphrase', passphrase && textOf(passphrase))]
  const written = [...before, ...shown, ...after]
  return HEAD + written.filter(parameter => parameter !== undefined).join('&')
}

/**
 * Reads what `formatCredentials` wrote; white space around it is ignored. Nothing else has more than one spelling:
 * another version, a parameter that is unknown, empty, repeated or out of order, and another percent-encoding of the
 * same text are refused.
 *
 * ```ts
 * const { server, audience, credentials } = parseCredentials(scanned)
 * const signer = createSigner({ scheme: hmacV1({ audience }), ...credentials })
 * ```
 *
 * Whoever made the text chose its `server` and `label`: send nothing to a server that the user did not mean.
 *
 * @throws {KeyError} `ERR_INPUT_INVALID`; its `field` is the parameter, `version`, or `uri` when it is no such URI
 */
export function parseCredentials(text: string): Handover {
  if (typeof text !== 'string' || text.length > MAX_CHARACTERS) {
    throw invalid('uri', `text of up to ${MAX_CHARACTERS} characters`)
  }
  const uri = text.trim()
  if (!uri.startsWith(SCHEME)) throw invalid('uri', `a ${SCHEME} URI`)
  if (!uri.startsWith(HEAD)) throw invalid('version', 'v1')
  const values = readParameters(uri.slice(HEAD.length).split('&'))
  const { passphrase, server, audience, label } = values
  return {
    scheme: required(values, 'scheme'),
    credentials: {
      keyId: required(values, 'keyId'),
      secret: required(values, 'secret'),
      ...(passphrase !== undefined && { passphrase }),
    },
    ...(server !== undefined && { server }),
    ...(audience !== undefined && { audience }),
    ...(label !== undefined && { label }),
  }
}

function textOf(secret: RevealableSecret): string {
  return typeof secret === 'object' && secret !== null ? secret.reveal() : secret
}

type Values = { readonly [N in Name]?: string }

/** Each parameter once and in its place, or not at all. */
function readParameters(pairs: readonly string[]): Values {
  const values: { [N in Name]?: string } = {}
  let at = 0
  for (const name of Object.keys(PARAMETERS) as Name[]) {
    const pair = pairs[at]
    if (pair === undefined || !pair.startsWith(`${name}=`)) continue
    values[name] = decode(name, pair.slice(name.length + 1))
    at++
  }
  // What is left may hold anything, a secret under a wrong name say, so its name is not shown.
  if (at < pairs.length) throw invalid('uri', 'without unknown, repeated or misplaced parameters')
  return values
}

function required(values: Values, name: Name): string {
  const value = values[name]
  if (value === undefined) throw invalid(name, 'given')
  return value
}

function write(name: Name, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (!fits(name, value)) throw invalid(name, PARAMETERS[name].expected)
  return `${name}=${encode(value)}`
}

/** A text has one encoding, so what does not encode to itself again was spelled in another way. */
function decode(name: Name, encoded: string): string {
  const value = percentDecoded(encoded)
  if (value === undefined || !fits(name, value) || encode(value) !== encoded) {
    throw invalid(name, `${PARAMETERS[name].expected}, percent-encoded`)
  }
  return value
}

function fits(name: Name, value: unknown): boolean {
  return typeof value === 'string' && isField(value, PARAMETERS[name]) && (name !== 'server' || isOrigin(value))
}

function percentDecoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

/**
 * UTF-8, every byte but `A–Z a–z 0–9 - . _ ~` as `%XX` in upper case.
 *
 * @source RFC 3986 sections 2.1 and 2.3
 */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Where a signed request, or a bearer secret, cannot be read on its way. */
function isOrigin(text: string): boolean {
  try {
    const { origin, protocol, hostname } = new URL(text)
    const isPrivate = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
    return isPrivate && origin === text
  } catch {
    return false
  }
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

function invalid(field: Name | 'version' | 'uri', expected: string): KeyError {
  return new KeyError('ERR_INPUT_INVALID', `credentials: '${field}' must be ${expected}`, { field })
}

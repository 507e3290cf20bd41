import { ConfigError } from '../errors.js'
import { EMPTY_BODY, queryOf, type WireRequest } from '../http/request.js'
import type { Claim, Scheme } from '../scheme.js'

/** A security scheme of OpenAPI: one header field or query parameter of a signed request. */
export interface SecurityScheme {
  readonly type: 'apiKey' | 'http'
  readonly in?: 'header' | 'query'
  readonly name?: string
  readonly scheme?: string
  readonly bearerFormat?: string
  readonly description: string
  /** Id of the signing scheme this is a part of. */
  readonly 'x-signing-scheme': string
}

/** How one signing scheme looks in OpenAPI: its parts by name, all of which a request needs. */
export interface SchemeParts {
  readonly id: string
  readonly parts: Readonly<Record<string, SecurityScheme>>
}

/** What a signed request has that the same request unsigned has not. */
interface Place {
  readonly in: 'header' | 'query'
  readonly name: string
  readonly value: string
}

interface Probe {
  readonly claim: Claim
  readonly places: readonly Place[]
  /** The values that another signature changes. */
  readonly signed: ReadonlySet<string>
  readonly usesBody: boolean
}

const KEY_ID = 'key-id'
const PASSPHRASE = 'passphrase'
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** A scheme, and where it is described for clients. */
export interface LinkedScheme {
  readonly scheme: Scheme
  readonly link: string | undefined
}

/**
 * Finds out what a scheme writes by signing a request with it, so that the document cannot say anything else.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID` for a scheme whose credentials are all in the body
 * @source OpenAPI 3.1.1 section 4.8.27 (security schemes have headers, queries and cookies, no bodies)
 */
export function partsOfScheme(where: string, { scheme, link }: LinkedScheme): SchemeParts {
  const { id } = scheme
  const probe = probeOf(scheme)
  if (probe.places.length === 0) {
    const message = `${where}: scheme '${id}' has its credentials in the body, for which OpenAPI has no word`
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'schemes' })
  }
  const about = `${aboutScheme(scheme, probe)}${link === undefined ? '' : ` How to sign: ${link}`}`
  const parts = probe.places.map(place => {
    const name = probe.places.length === 1 ? id : `${id}.${place.name}`
    return [name, securityScheme(place, { id, description: `${roleOf(place, probe)} ${about}` })] as const
  })
  return { id, parts: Object.fromEntries(parts) }
}

function securityScheme(
  { in: where, name, value }: Place,
  { id, description }: { readonly id: string; readonly description: string },
): SecurityScheme {
  if (where !== 'header' || name !== 'authorization') {
    return { type: 'apiKey', in: where, name, description, 'x-signing-scheme': id }
  }
  const [scheme = '', credentials = ''] = value.split(' ')
  const format = JWT.test(credentials) ? { bearerFormat: 'JWT' } : {}
  return { type: 'http', scheme: scheme.toLowerCase(), ...format, description, 'x-signing-scheme': id }
}

function probeOf(scheme: Scheme): Probe {
  const { proof } = scheme
  const claim = scheme.stamp({
    keyId: KEY_ID,
    nowMs: Date.UTC(2026, 0),
    recvWindowMs: -1,
    lastNonce: '',
    passphrase: PASSPHRASE,
    algorithm: proof.kind === 'signature' ? (proof.keyPairs.algorithms[0] ?? '') : '',
    randomNonce: () => '0123456789abcdef'.repeat(2),
  })
  const unsigned: WireRequest = { method: 'GET', target: '/', headers: {}, body: EMPTY_BODY }
  const [one, other] = [0x61, 0x62].map(byte => scheme.write(unsigned, claim, new Uint8Array(64).fill(byte)))
  const [places, others] = [placesOf(one!), placesOf(other!)]
  const signed = places.filter(place => !others.some(({ value }) => value === place.value))
  return { claim, places, signed: new Set(signed.map(({ value }) => value)), usesBody: one!.body.length > 0 }
}

function placesOf({ headers, target }: WireRequest): readonly Place[] {
  const query = new URLSearchParams(queryOf(target))
  return [
    ...Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): Place => ({ in: 'header', name, value: String(value) })),
    ...[...query].map(([name, value]): Place => ({ in: 'query', name, value })),
  ]
}

/** What a part is, told from its value. */
function roleOf({ value, in: where, name }: Place, { claim, signed }: Probe): string {
  if (name === 'authorization' && where === 'header') return 'The credentials.'
  if (signed.has(value)) return 'The signature.'
  if (value.includes(KEY_ID)) return 'The key id.'
  if (value === PASSPHRASE) return 'The passphrase.'
  if (value === claim.timestamp) return 'The time of signing.'
  return value === claim.nonce ? 'The nonce, new for every request.' : 'Part of what is signed.'
}

function aboutScheme({ id, proof, covers }: Scheme, { places, usesBody }: Probe): string {
  if (proof.kind === 'bearer') return `Scheme '${id}': the token is sent as it is.`
  const all = places.length === 1 ? '' : ' Its parts are needed together.'
  const body = usesBody ? ' A part of it is in the body.' : ''
  return `Scheme '${id}': every request is signed anew, over ${covers.join(', ')}.${all}${body}`
}

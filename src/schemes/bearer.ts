import { encodeHex, encodeUtf8 } from '../bytes.js'
import { type Field, isField } from '../http/field.js'
import { headerOf, REPEATED, type WireRequest } from '../http/request.js'
import { type Claim, claimOf, type Malformed, type Scheme } from '../scheme.js'

const HEADER = 'authorization'
/** 16 characters of base64 are 96 bits: fewer could be guessed. */
const TOKEN: Field = { min: 16, max: 512, foreign: /[^A-Za-z0-9._~+/=-]/ }
const KEY_ID_HEX = 40
/** A token that leads with a key id, as this library mints or derives them, and a full stop. */
const LED_BY_KEY_ID = /^([a-z][a-z0-9]{1,9}_[a-z0-9]{2,12}_[0-9A-Za-z]{28}|bearer_[0-9a-f]{40})\./

/**
 * `Authorization: Bearer <token>`: the secret itself travels and nothing of the request is covered, so whoever sees one
 * request can make any other. A token that this library minted leads with its key id; the key id of any other is `bearer_`
 * and the first 40 hex digits of its SHA-256, with which the tokens lead that later replace it.
 *
 * @source RFC 6750 section 2.1; RFC 9110 section 11.1 (the scheme's name is case-insensitive), 11.2 (token68)
 */
export function bearer(): Scheme<'bearer'> {
  return Object.freeze({
    id: 'bearer',
    proof: { kind: 'bearer', keyIdOfHash },
    freshness: { kind: 'none' },
    covers: [],
    read,
    stringToSign: request => [tokenOf(headerOf(request, HEADER) ?? '') ?? ''],
    stamp: ({ keyId }) => claimOf({ keyId }),
    write,
  } satisfies Scheme<'bearer'>)
}

function keyIdOfHash(sha256OfToken: Uint8Array): string {
  return `bearer_${encodeHex(sha256OfToken).slice(0, KEY_ID_HEX)}`
}

function read(request: WireRequest): Claim | Malformed | undefined {
  const value = headerOf(request, HEADER)
  if (value === undefined) return undefined
  const token = tokenOf(value)
  if (token === undefined) return undefined
  if (!isToken68(token)) return { malformed: HEADER }
  return claimOf({ keyId: LED_BY_KEY_ID.exec(token)?.[1] ?? '', tag: encodeUtf8(token) })
}

/** What follows `Bearer` and one space, valid or not; `undefined` when the header belongs to another scheme. */
function tokenOf(value: string): string | undefined {
  if (value === REPEATED) return ''
  const name = value.slice(0, 7).toLowerCase()
  return name === 'bearer ' || name === 'bearer' ? value.slice(7) : undefined
}

/** `=` stands only at the end, so that a token has one spelling. */
function isToken68(token: string): boolean {
  if (!isField(token, TOKEN)) return false
  const padding = token.indexOf('=')
  return padding < 0 || (padding > 0 && token.endsWith('='.repeat(token.length - padding)))
}

function write(request: WireRequest, _claim: Claim, secret: Uint8Array): WireRequest {
  const value = secret.length === 0 ? undefined : `Bearer ${new TextDecoder().decode(secret)}`
  return { ...request, headers: { ...request.headers, [HEADER]: value } }
}

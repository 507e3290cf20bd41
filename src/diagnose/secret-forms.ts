import { decodeBase64, decodeHex, encodeUtf8 } from '../bytes.js'
import { randomBytes } from '../crypto/random.js'
import type { SecretEncoding } from '../crypto/secret-encoding.js'
import { type Mistake, mistakeOf } from './mistakes.js'

/** A key that a client may have used, and the mistakes that lead to it. */
export interface SecretForm {
  readonly mistakes: readonly Mistake[]
  readonly key: Uint8Array
}

export interface Secrets {
  readonly secret: string
  readonly passphrase: string
  readonly keyId: string
}

type Blank = readonly [detail: string, change: (secret: string) => string]

const BLANKS: readonly Blank[] = [
  ['There was a line feed behind it.', secret => `${secret}\n`],
  ['There were CR and LF behind it.', secret => `${secret}\r\n`],
  ['There was a blank behind it.', secret => `${secret} `],
  ['There was a blank in front of it.', secret => ` ${secret}`],
  ['There were double quotes around it.', secret => `"${secret}"`],
  ['There were single quotes around it.', secret => `'${secret}'`],
  ['Blanks that belong to it were taken away.', secret => secret.trim()],
]

type Decoding = readonly [detail: string, decode: (secret: string) => Uint8Array | undefined]

const DECODINGS: readonly Decoding[] = [
  ['It was decoded from base64.', decodeBase64],
  ['It was decoded from base64url, or from base64 without its padding.', decodeLoosely],
  ['It was decoded from hex.', secret => decodeHex(secret.toLowerCase(), secret.length / 2)],
]

/**
 * Every key that is tried; first, the right one. Their number says nothing of the secret: what it cannot be decoded from
 * is tried as noise.
 */
export function secretForms(encoding: SecretEncoding, { secret, passphrase, keyId }: Secrets): readonly SecretForm[] {
  const form = (mistakes: readonly Mistake[], key: Uint8Array | undefined): SecretForm => ({
    mistakes,
    key: key?.length ? key : randomBytes(32),
  })
  const notDecoded = encoding.name === 'base64' ? [mistakeOf('secret-not-decoded', 'secret')] : []
  const text = encodeUtf8(secret)
  return [
    form([], encoding.keyOf(text)),
    ...notDecoded.map(mistake => form([mistake], text)),
    ...DECODINGS.map(([detail, decode]) => form([mistakeOf('secret-decoded', 'secret', detail)], decode(secret))),
    ...BLANKS.map(([detail, change]) =>
      form([...notDecoded, mistakeOf('secret-blank', 'secret', detail)], changed(secret, change)),
    ),
    form([mistakeOf('secret-key-id', 'secret')], encodeUtf8(keyId)),
    form([mistakeOf('secret-passphrase', 'secret')], encodeUtf8(passphrase)),
  ]
}

/** Texts of a bearer token that a client may have sent. */
export function tokenForms(secret: string): readonly SecretForm[] {
  return [
    { mistakes: [], key: encodeUtf8(secret) },
    ...BLANKS.map(([detail, change]) => ({
      mistakes: [mistakeOf('secret-blank', 'secret', detail)],
      key: changed(secret, change) ?? randomBytes(32),
    })),
    {
      mistakes: [mistakeOf('secret-decoded', 'secret', 'It was encoded as base64.')],
      key: encodeUtf8(base64Of(secret)),
    },
  ]
}

/** Nothing where the secret has no such blanks. */
function changed(secret: string, change: (secret: string) => string): Uint8Array | undefined {
  const text = change(secret)
  return text === secret ? undefined : encodeUtf8(text)
}

function base64Of(secret: string): string {
  return btoa(String.fromCharCode(...encodeUtf8(secret)))
}

function decodeLoosely(secret: string): Uint8Array | undefined {
  const standard = secret.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='))
}

import { prepareMac } from '#mac'
import { encodeBase64, encodeUtf8 } from '../bytes.js'
import type { PrivateKey, Sign, SignatureAlgorithm } from '../crypto/signing.js'
import { invalidOption } from '../options.js'
import type { Scheme } from '../scheme.js'

/** What errors name. */
export const CREATE_SIGNER = 'createSigner'

/** The text of a secret, or of the wrapper it was handed out in. */
export function textOf(secret: string | { reveal(): string }): string {
  return typeof secret === 'string' ? secret : secret.reveal()
}

/** What signs, and what stands on the wire beside the signature. */
export interface Prepared {
  readonly sign: Sign
  readonly passphrase: string
  readonly algorithm: SignatureAlgorithm | ''
}

/** @throws {ConfigError} `ERR_OPTION_INVALID`, `ERR_PLATFORM` */
export function prepare({ proof }: Scheme, secret: string, passphrase = ''): Prepared | Promise<Prepared> {
  const text = encodeUtf8(secret)
  if (proof.kind === 'bearer') return { sign: () => text, passphrase: '', algorithm: '' }
  if (proof.keyPairs !== undefined && (proof.kind === 'signature' || secret.startsWith('-----BEGIN '))) {
    return importKey(proof.keyPairs.privateKey(secret), passphrase)
  }
  const key = proof.kind === 'mac' ? proof.secretEncoding.keyOf(text) : undefined
  if (proof.kind !== 'mac' || !key?.length)
    throw invalidOption(CREATE_SIGNER, 'secret', 'not empty, and as the scheme encodes it')
  if ((proof.passphrase === undefined) !== (passphrase === '')) {
    throw invalidOption(
      CREATE_SIGNER,
      'passphrase',
      proof.passphrase === undefined ? 'left out for this scheme' : 'given',
    )
  }
  const sign = prepareMac(proof.hash, key)
  if (proof.passphrase !== 'mac') return { sign, passphrase, algorithm: '' }
  return Promise.resolve(sign([passphrase])).then(mac => ({ sign, passphrase: encodeBase64(mac), algorithm: '' }))
}

async function importKey(key: PrivateKey | Promise<PrivateKey>, passphrase: string): Promise<Prepared> {
  return { ...(await key), passphrase }
}

import { hashes } from '#hash'
import { encodeBase64, encodeHex } from '../bytes.js'
import type { Proof, Scheme } from '../scheme.js'
import { passphraseParts } from './compiled-secret.js'
import { invalidInput } from './invalid-input.js'

const CHOSEN = /^[!-~]{8,32}$/
/** Other houses have had other rules. */
const IMPORTED = /^[!-~]{1,64}$/

type MacProof = Extract<Proof, { kind: 'mac' }>

/** A new passphrase as its owner chose it, or none where it is to be minted. @throws {KeyError} `ERR_INPUT_INVALID` */
export function expectChosen(scheme: Scheme, passphrase: string | undefined): void {
  if (passphrase === undefined) return
  if (!hasPassphrase(scheme)) throw notHad(scheme)
  if (!CHOSEN.test(passphrase)) throw invalidInput('passphrase', 'must be 8 to 32 visible ASCII characters')
}

/** The passphrase a key has elsewhere. @throws {KeyError} `ERR_INPUT_INVALID` */
export function expectImported(scheme: Scheme, passphrase: string | undefined): void {
  if (!hasPassphrase(scheme)) {
    if (passphrase !== undefined) throw notHad(scheme)
  } else if (passphrase === undefined || !IMPORTED.test(passphrase)) {
    throw invalidInput('passphrase', `is needed for scheme '${scheme.id}': 1 to 64 visible ASCII characters`)
  }
}

/**
 * What is stored of a passphrase: see `passphraseParts`.
 *
 * @param secret UTF-8 of the secret it belongs to, in the encoding of its scheme
 */
export function hashPassphrase(
  { hash, secretEncoding, passphrase }: MacProof,
  secret: Uint8Array,
  text: Uint8Array,
): string {
  const mac = hashes[hash].mac(secretEncoding.keyOf(secret)!)
  const onWire = passphrase === 'mac' ? encodeBase64(mac.tag([text])) : String.fromCharCode(...text)
  return encodeHex(mac.tag(passphraseParts(onWire)))
}

function hasPassphrase({ proof }: Scheme): boolean {
  return proof.kind === 'mac' && proof.passphrase !== undefined
}

function notHad({ id }: Scheme): Error {
  return invalidInput('passphrase', `is none that a key of scheme '${id}' has`)
}

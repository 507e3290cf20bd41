import * as platform from 'node:crypto'
import { encodeBase64 } from '../bytes.js'
import { invalidOption } from '../options.js'
import { isStrongRsa, type KeyText, readPrivateKey, readPublicKey } from './key-text.js'
import { joinParts } from './mac.node.js'
import type { KeyPairs, PublicKey, PublicKeyOf, SignatureAlgorithm, SpkiOfPrivateKey } from './signing.js'

/** What `node:crypto` calls an algorithm. */
interface Naming {
  readonly hash: string | undefined
  readonly options: {
    readonly dsaEncoding?: 'ieee-p1363'
    readonly padding?: number
    readonly saltLength?: number
  }
}

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = platform.constants

const NAMES: Readonly<Record<SignatureAlgorithm, Naming>> = {
  ed25519: { hash: undefined, options: {} },
  'ecdsa-p256-sha256': { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  'rsa-v1_5-sha256': { hash: 'sha256', options: { padding: RSA_PKCS1_PADDING } },
  'rsa-pss-sha512': { hash: 'sha512', options: { padding: RSA_PKCS1_PSS_PADDING, saltLength: 64 } },
}

/** The key pairs of these algorithms. An RSA key is for the first of them that is an RSA algorithm. */
export function keyPairsOf(algorithms: readonly SignatureAlgorithm[]): KeyPairs {
  return {
    algorithms,
    privateKey(text) {
      const read = readPrivateKey(text, algorithms)
      const key = read && unlessThrown(() => importedPrivate(read))
      if (!key || !isOfItsCurve(key)) {
        throw invalidOption('keyPairs', 'secret', `an unencrypted private key for ${algorithms}`)
      }
      const { algorithm } = read
      const { hash, options } = NAMES[algorithm]
      return {
        algorithm,
        sign: parts => new Uint8Array(platform.sign(hash, joinParts(parts), { key, ...options })),
      }
    },
  }
}

/** Reads a public key. */
export const publicKeyOf: PublicKeyOf = (text, algorithms) => {
  const read = readPublicKey(text, algorithms)
  const key = read && unlessThrown(() => platform.createPublicKey({ key: view(read), format: 'der', type: 'spki' }))
  if (!key) return undefined
  const { algorithm, der } = read
  const { modulusLength = 512, publicExponent } = key.asymmetricKeyDetails!
  if (publicExponent && !isStrongRsa(modulusLength, Number(publicExponent))) return undefined
  const spki = encodeBase64(der)
  // One text per key: the one in which the platform writes it.
  if (key.export({ format: 'der', type: 'spki' }).toString('base64') !== spki) return undefined
  const { hash, options } = NAMES[algorithm]
  const input = { key, ...options }
  const signatureBytes = Math.ceil(modulusLength / 8)
  return Object.freeze<PublicKey>({
    algorithm,
    spki,
    // OpenSSL takes an RSA signature without its leading zeros, which would be a second text of it.
    verifies: (parts, signature) =>
      signature.length === signatureBytes && platform.verify(hash, joinParts(parts), input, signature),
  })
}

/** Tells whose private key it is. */
export const spkiOfPrivateKey: SpkiOfPrivateKey = (text, algorithms) => {
  const read = readPrivateKey(text, algorithms)
  const key = read && unlessThrown(() => platform.createPublicKey(importedPrivate(read)))
  return key?.export({ format: 'der', type: 'spki' }).toString('base64')
}

function importedPrivate(read: KeyText): platform.KeyObject {
  return platform.createPrivateKey({ key: view(read), format: 'der', type: 'pkcs8' })
}

function unlessThrown(read: () => platform.KeyObject): platform.KeyObject | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The form of SEC 1 may name another curve than the one it was taken for. */
function isOfItsCurve({ asymmetricKeyDetails }: platform.KeyObject): boolean {
  const { namedCurve = 'prime256v1' } = asymmetricKeyDetails!
  return namedCurve === 'prime256v1'
}

function view({ der }: KeyText): Buffer {
  return Buffer.from(der.buffer)
}

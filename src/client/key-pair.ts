import { encodeBase64 } from '../bytes.js'
import { possessionStatement } from '../crypto/possession.js'
import type { SignatureAlgorithm } from '../crypto/signing.js'
import { webAlgorithms, webCrypto } from '../crypto/web.js'
import { expectText, invalidOption, readOptions } from '../options.js'
import type { Scheme } from '../scheme.js'

/** Strong until 2030 and after (NIST SP 800-57 part 1, table 2). */
const RSA = { modulusLength: 3072, publicExponent: /* @__PURE__ */ Uint8Array.of(1, 0, 1) }

const PUBLIC = /^\s*(-----BEGIN PUBLIC KEY-----)?[A-Za-z0-9+/=\s]+(-----END PUBLIC KEY-----\s*)?$/
/** Base64 of what stands before the 32 bytes. */
const ED25519 = 'MCowBQYDK2VwAyEA'

/** Both halves of a key pair, as PEM. */
export interface KeyPairTexts {
  /** `PUBLIC KEY` (SPKI): to be registered. */
  readonly publicKey: string
  /** `PRIVATE KEY` (PKCS#8), in clear: what `createSigner` takes as `secret`. It goes to nobody, the house least of all. */
  readonly privateKey: string
}

/**
 * Makes a key pair with the platform's cryptography; RSA keys have 3072 bits, and take a second or more.
 *
 * @throws {ConfigError} `ERR_PLATFORM` where the platform has no Web Cryptography; a `DOMException` of the platform's
 * where it lacks the algorithm
 */
export async function generateKeyPair(algorithm: SignatureAlgorithm): Promise<KeyPairTexts> {
  const subtle = webCrypto()
  const wanted = { ...webAlgorithms[algorithm], ...(algorithm.startsWith('rsa') && RSA) }
  const pair = (await subtle.generateKey(wanted, true, ['sign', 'verify'])) as CryptoKeyPair
  const [spki, pkcs8] = await Promise.all([
    subtle.exportKey('spki', pair.publicKey),
    subtle.exportKey('pkcs8', pair.privateKey),
  ])
  return { publicKey: pem('PUBLIC KEY', spki), privateKey: pem('PRIVATE KEY', pkcs8) }
}

export interface PossessionOptions {
  /** The scheme of the key, which says what the key pair is for. */
  readonly scheme: Scheme
  /** Whose key it is, as the house names them. */
  readonly owner: string
  readonly keyId: string
  /** SPKI as PEM, or its base64; for Ed25519 also base64 of the 32 bytes. */
  readonly publicKey: string
  readonly privateKey: string
  /** `credentialsVersion` of the key plus 1. Default 1: the key's first. */
  readonly version?: number
}

/**
 * Proves to the house that whoever registers the public key has the private one: a signature over owner, key, version
 * and public key, as base64. Good for this one registration; nothing else can be made of it.
 *
 * The promise rejects with `ConfigError` `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`, and as
 * `createSigner` throws.
 */
export async function provePossession(options: PossessionOptions): Promise<string> {
  const where = 'provePossession'
  const { scheme, owner, keyId, publicKey, privateKey, version } = readOptions(where, options, {
    required: ['scheme', 'owner', 'keyId', 'publicKey', 'privateKey'],
    optional: ['version'],
  })
  const { proof } = scheme
  if (proof.kind === 'bearer' || !proof.keyPairs) throw invalidOption(where, 'scheme', 'one that has key pairs')
  expectText(where, ['publicKey', publicKey], PUBLIC)
  const { algorithm, sign } = await proof.keyPairs.privateKey(privateKey)
  const base64 = publicKey.replace(/-----[A-Z ]+-----|\s/g, '')
  const spki = base64.length === 44 ? ED25519 + base64 : base64
  return encodeBase64(await sign(possessionStatement({ owner, keyId, version: version ?? 1, algorithm, spki })))
}

function pem(label: string, der: ArrayBuffer): string {
  const lines = encodeBase64(new Uint8Array(der)).replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

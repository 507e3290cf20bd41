import { encodeBase64 } from '../bytes.js'
import { ConfigError } from '../errors.js'
import { invalidOption } from '../options.js'
import { isStrongRsa, type KeyText, readPrivateKey, readPublicKey } from './key-text.js'
import type { KeyPairs, PublicKey, PublicKeyOf, SignatureAlgorithm, SpkiOfPrivateKey } from './signing.js'
import { joinParts, webAlgorithms, webCrypto } from './web.js'

/** The key pairs of these algorithms. An RSA key is for the first of them that is an RSA algorithm. */
export function keyPairsOf(algorithms: readonly SignatureAlgorithm[]): KeyPairs {
  return {
    algorithms,
    async privateKey(text) {
      const read = readPrivateKey(text, algorithms)
      const key = read && (await imported('pkcs8', read))
      if (!key) throw invalidOption('keyPairs', 'secret', `an unencrypted private key for ${algorithms}`)
      const { algorithm } = read
      return {
        algorithm,
        sign: async parts =>
          new Uint8Array(await webCrypto().sign(webAlgorithms[algorithm], key, await joinParts(parts))),
      }
    },
  }
}

/** Reads a public key. */
export const publicKeyOf: PublicKeyOf = async (text, algorithms) => {
  const read = readPublicKey(text, algorithms)
  const key = read && (await imported('spki', read, true))
  if (!key) return undefined
  const { algorithm, der } = read
  const spki = encodeBase64(der)
  const { modulusLength = 512, publicExponent } = key.algorithm as RsaKeyAlgorithm
  if (publicExponent && !isStrongRsa(modulusLength, numberOf(publicExponent))) return undefined
  // One text per key: the one in which the platform writes it.
  if (encodeBase64(new Uint8Array(await webCrypto().exportKey('spki', key))) !== spki) return undefined
  const signatureBytes = Math.ceil(modulusLength / 8)
  return Object.freeze<PublicKey>({
    algorithm,
    spki,
    // A platform may take an RSA signature without its leading zeros, which would be a second text of it.
    verifies: async (parts, signature) =>
      signature.length === signatureBytes &&
      webCrypto().verify(webAlgorithms[algorithm], key, signature.slice(), await joinParts(parts)),
  })
}

/** Tells whose private key it is. */
export const spkiOfPrivateKey: SpkiOfPrivateKey = async (text, algorithms) => {
  const read = readPrivateKey(text, algorithms)
  const key = read && (await imported('pkcs8', read, true))
  if (!key) return undefined
  const { kty, crv, x, y, n, e } = await webCrypto().exportKey('jwk', key)
  const numbers = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  const algorithm = webAlgorithms[read.algorithm]
  const half = await webCrypto().importKey('jwk', Object.fromEntries(numbers), algorithm, true, ['verify'])
  return encodeBase64(new Uint8Array(await webCrypto().exportKey('spki', half)))
}

/** The key, if the platform takes it. */
async function imported(
  format: 'pkcs8' | 'spki',
  { der, algorithm }: KeyText,
  isExtractable = false,
): Promise<CryptoKey | undefined> {
  const subtle = webCrypto()
  const usage = format === 'spki' ? 'verify' : 'sign'
  try {
    return await subtle.importKey(format, der, webAlgorithms[algorithm], isExtractable, [usage])
  } catch (cause) {
    if ((cause as Error).name !== 'NotSupportedError') return undefined
    throw new ConfigError('ERR_PLATFORM', `crypto.subtle of this platform has no ${algorithm}`)
  }
}

/** As precise as it needs to be: an exponent that loses digits is too large in any case. */
function numberOf(bigEndian: Uint8Array): number {
  return bigEndian.reduce((number, byte) => number * 256 + byte, 0)
}

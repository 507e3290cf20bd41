import { encodeUtf8 } from '../bytes.js'
import { ConfigError } from '../errors.js'
import type { HashName, Part } from './hash.js'
import { encodeDigest, isDigest, joinBytes } from './parts.js'
import type { SignatureAlgorithm } from './signing.js'

/**
 * The Web Cryptography of the platform.
 *
 * @throws {ConfigError} `ERR_PLATFORM` where there is none, as in a page that does not come by https
 */
export function webCrypto(): SubtleCrypto {
  const subtle = globalThis.crypto?.subtle
  if (subtle === undefined)
    throw new ConfigError('ERR_PLATFORM', 'this needs crypto.subtle, which pages have over https')
  return subtle
}

/** `sha256` → `SHA-256`. */
export function webName(hash: HashName): string {
  return hash.replace('sha', 'SHA-')
}

interface WebAlgorithm extends Algorithm {
  readonly namedCurve?: string
  readonly hash?: string
  readonly saltLength?: number
}

/** What Web Cryptography is told of an algorithm, to import a key as to use it. */
export const webAlgorithms: Readonly<Record<SignatureAlgorithm, WebAlgorithm>> = {
  ed25519: { name: 'Ed25519' },
  'ecdsa-p256-sha256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'rsa-v1_5-sha256': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'rsa-pss-sha512': { name: 'RSA-PSS', hash: 'SHA-512', saltLength: 64 },
}

/** The bytes of the concatenated parts. */
export async function joinParts(parts: readonly Part[]): Promise<Uint8Array<ArrayBuffer>> {
  return joinBytes(await Promise.all(parts.map(bytesOf)))
}

async function bytesOf(part: Part): Promise<Uint8Array> {
  if (typeof part === 'string') return encodeUtf8(part)
  if (!isDigest(part)) return part
  const digest = new Uint8Array(await webCrypto().digest(webName(part.digest), await joinParts(part.of)))
  const plain = encodeDigest(digest, part.as)
  return typeof plain === 'string' ? encodeUtf8(plain) : plain
}

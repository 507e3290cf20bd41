import { decodeBase64, decodeHex, encodeHex } from '../bytes.js'
import { joinBytes } from './parts.js'
import type { SignatureAlgorithm } from './signing.js'

/** The texts of keys, down to what every platform imports: SubjectPublicKeyInfo and PKCS#8, in DER. */

/** A key that is not imported yet: no more is known of it than its outer form. */
export interface KeyText {
  /** The first of those allowed that its kind of key can make. */
  readonly algorithm: SignatureAlgorithm
  readonly der: Uint8Array<ArrayBuffer>
}

// Whole AlgorithmIdentifiers, so that the parameters are compared with the name.
const ED25519 = '300506032b6570'
const P256 = '301306072a8648ce3d020106082a8648ce3d030107'
const RSA = '300d06092a864886f70d0101010500'
const RSA_PSS = '300b06092a864886f70d01010a'
/** Bytes from the start in which the identifier ends. */
const HEAD_BYTES = 32

/** A private RSA key of 8192 bits takes less than half of it. */
const MAX_CHARS = 16_384
const PEM = /^\s*-----BEGIN ([A-Z ]+)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/

/** y of the points of small order. For such a key, signatures can be made that fit nearly any message. */
const SMALL_ORDER =
  /^(0[01](00){31}|ec(ff){30}7f|c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a|26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05)$/
/** y from 2^255 − 19, which is the text of another y. */
const TOO_LARGE = /^(e[d-f]|f.)(ff){30}7f$/

/**
 * A public key: SPKI in PEM or base64, or the 32 bytes of Ed25519 in base64. `undefined` for anything else.
 *
 * @source RFC 5280 section 4.1, RFC 5480, RFC 8410; small order: RFC 7748 section 7 and the list of libsodium
 */
export function readPublicKey(text: string, allowed: readonly SignatureAlgorithm[]): KeyText | undefined {
  const [label, der] = decodeText(text)
  if (label !== '' && label !== 'PUBLIC KEY') return undefined
  const key = keyOf(label === '' && der.length === 32 ? wrap(0x30, ED25519, wrap(3, '00', der)) : der, allowed)
  if (key?.algorithm === 'ed25519' && !isOfLargeOrder(key.der.subarray(-32))) return undefined
  // Uncompressed, which is the one form of a point that every platform reads.
  return key?.algorithm === 'ecdsa-p256-sha256' && key.der[26] !== 4 ? undefined : key
}

/**
 * A private key: PKCS#8, SEC 1 or PKCS#1 in PEM; for Ed25519 also the seed, or seed and public key, in base64.
 * `undefined` for anything else.
 *
 * @source RFC 5958, RFC 5915, RFC 8017 appendix A.1.2, RFC 8410 section 7
 */
export function readPrivateKey(text: string, allowed: readonly SignatureAlgorithm[]): KeyText | undefined {
  const [label, der] = decodeText(text)
  if (label === 'PRIVATE KEY') return keyOf(der, allowed)
  const isSeed = label === '' && (der.length === 32 || der.length === 64)
  const id = isSeed ? ED25519 : label === 'EC PRIVATE KEY' ? P256 : label === 'RSA PRIVATE KEY' && RSA
  const key = isSeed ? wrap(4, der.subarray(0, 32)) : der
  return id ? keyOf(wrap(0x30, '020100', id, wrap(4, key)), allowed) : undefined
}

/**
 * Whether a text is a private key, or looks like one: a slip of copying that must be noticed, not only refused. PEM, JWK,
 * base64 of PKCS#8, PKCS#1 or SEC 1, which all begin with a version, or of Ed25519 seed and public key.
 */
export function holdsPrivateKey(text: string): boolean {
  if (/PRIVATE KEY|"d"\s*:/.test(text)) return true
  const [, der] = decodeText(text.replace(/\s/g, ''))
  return der.length === 64 || /^30(..|81..|82....)0201/.test(encodeHex(der.subarray(0, 8)))
}

function keyOf(der: Uint8Array<ArrayBuffer>, allowed: readonly SignatureAlgorithm[]): KeyText | undefined {
  const head = encodeHex(der.subarray(0, HEAD_BYTES))
  // Not every platform reads an RSA key that says it is for PSS alone; here the algorithm says it.
  const at = head.indexOf(RSA_PSS) / 2
  const plain = at > 0 ? wrap(0x30, der.subarray(4, at), RSA, der.subarray(at + 13)) : der
  const algorithm = allowed.find(name => {
    const id = name === 'ed25519' ? ED25519 : name === 'ecdsa-p256-sha256' ? P256 : RSA
    return head.includes(id) || (at > 0 && name === 'rsa-pss-sha512')
  })
  return algorithm && { algorithm, der: plain }
}

function isOfLargeOrder(point: Uint8Array): boolean {
  const y = point.slice()
  y[31]! &= 127
  const text = encodeHex(y)
  return !(SMALL_ORDER.test(text) || TOO_LARGE.test(text))
}

/**
 * Whether an RSA key is one to be registered: 2048 to 8192 bits, and an exponent for which a sloppy padding is no way in.
 *
 * @source NIST FIPS 186-5 section 5.4 (65537 at least, and odd)
 */
export function isStrongRsa(modulusBits: number, exponent: number): boolean {
  return modulusBits >= 2048 && modulusBits <= 8192 && exponent > 0xffff && exponent < 2 ** 32 && exponent % 2 === 1
}

/** The label of a PEM text, else none, and the bytes; none of these where the text is neither PEM nor base64. */
function decodeText(text: string): readonly [label: string, der: Uint8Array<ArrayBuffer>] {
  const [, label = '', lines] = (text.length < MAX_CHARS && PEM.exec(text)) || []
  const base64 = lines?.replace(/\s/g, '') ?? text
  return [label, new Uint8Array((base64.length < MAX_CHARS && decodeBase64(base64)) || [])]
}

/** A DER value of pieces, which are bytes or hex. */
function wrap(tag: number, ...pieces: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const content = joinBytes(
    pieces.map(piece => (typeof piece === 'string' ? decodeHex(piece, piece.length / 2)! : piece)),
  )
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return joinBytes([Uint8Array.of(tag, ...size), content])
}

import { sha256 } from '#hash'
import { decodeBase64, encodeBase64, encodeUtf8 } from '../bytes.js'
import { SealError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import { decrypt, encrypt } from './aead.js'
import { randomBytes } from './random.js'

/** CONTRACT: secrets at rest. A key-management service can stand in for `createSealer` by keeping these promises. */

type Awaitable<T> = T | PromiseLike<T>

/** What a sealed value is bound to. Moved to any other owner, key, field or version, it does not open. */
export interface SealContext {
  readonly owner: string
  readonly keyId: string
  /** Which field of the record holds it, e.g. `secret`. */
  readonly field: string
  /** Version of the secret. */
  readonly version: number
}

export interface Sealer {
  /** Encrypts under the primary master key. Two seals of one secret share no text. */
  seal(plaintext: Uint8Array, context: SealContext): Awaitable<string>
  /**
   * The plaintext, in memory of its own, or an exception; never a part of it.
   *
   * @throws {SealError} `ERR_SEAL_MALFORMED`, `ERR_SEAL_KEY_UNKNOWN`, `ERR_SEAL_REFUSED`
   */
  open(sealed: string, context: SealContext): Awaitable<Uint8Array>
  /**
   * Id of the master key a value is sealed under, whether or not this sealer holds it. Says what to seal anew.
   *
   * @throws {SealError} `ERR_SEAL_MALFORMED`
   */
  keyIdOf(sealed: string): string
}

/** A ring of master keys: all of them open, one of them seals. */
export interface SealerOptions {
  /** Id of the master key that seals. */
  readonly primary: string
  /** Master keys by id: `[a-z0-9][a-z0-9_-]{0,31}`. 32 random bytes each; they are copied. */
  readonly keys: Readonly<Record<string, Uint8Array>>
}

const WHERE = 'createSealer'
const FORMAT = 'v1'
const MASTER_KEY_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** A secret is short; whatever is longer than this is not one. */
const MAX_PLAINTEXT_BYTES = 4096
const MAX_SEALED_LENGTH = 5600

const MASTER_KEY_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/
const SEALED = /^v1\.([a-z0-9][a-z0-9_-]{0,31})\.([A-Za-z0-9+/]+={0,2})$/

/**
 * Seals with XChaCha20-Poly1305 under a key derived from the primary master key. The text is
 * `v1.<master-key id>.<base64 of nonce, ciphertext and tag>`. Costs about 15 µs; no request pays it, since an opened
 * key stays compiled.
 *
 * @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID`
 */
export function createSealer(options: SealerOptions): Sealer {
  const { primary, keys } = readOptions(WHERE, options, { required: ['primary', 'keys'], optional: [] })
  const ring = readRing(keys)
  const primaryKey = typeof primary === 'string' ? ring.get(primary) : undefined
  if (primaryKey === undefined) throw invalidOption(WHERE, 'primary', "the id of one of 'keys'")
  return Object.freeze({
    seal(plaintext: Uint8Array, context: SealContext): string {
      if (!(plaintext instanceof Uint8Array) || plaintext.length > MAX_PLAINTEXT_BYTES) {
        throw new SealError('ERR_SEAL_REFUSED', `seal takes a Uint8Array of at most ${MAX_PLAINTEXT_BYTES} bytes`)
      }
      const nonce = randomBytes(NONCE_BYTES)
      const associatedData = encodeContext(primary, context)
      const ciphertext = encrypt({ key: primaryKey, nonce, associatedData }, plaintext)
      return `${FORMAT}.${primary}.${encodeBase64(concat([nonce, ciphertext]))}`
    },
    open(sealed: string, context: SealContext): Uint8Array {
      const { masterKeyId, body } = parseSealed(sealed)
      const key = ring.get(masterKeyId)
      if (key === undefined) throw new SealError('ERR_SEAL_KEY_UNKNOWN', 'no master key of this sealer has that id')
      const nonce = body.subarray(0, NONCE_BYTES)
      const associatedData = encodeContext(masterKeyId, context)
      const plaintext = decrypt({ key, nonce, associatedData }, body.subarray(NONCE_BYTES))
      if (plaintext !== undefined) return plaintext
      throw new SealError('ERR_SEAL_REFUSED', 'the sealed value was altered, or was sealed for another place')
    },
    keyIdOf(sealed: string): string {
      return parseSealed(sealed).masterKeyId
    },
  })
}

/** Sealing keys by master-key id. */
function readRing(keys: SealerOptions['keys']): ReadonlyMap<string, Uint8Array> {
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
    throw invalidOption(WHERE, 'keys', 'an object of master keys by id')
  }
  const ring = new Map<string, Uint8Array>()
  const seen = new Set<string>()
  for (const [id, key] of Object.entries(keys)) {
    if (!MASTER_KEY_ID.test(id)) throw invalidOption(WHERE, 'keys', 'named by a-z, 0-9, _ and -, at most 32 of them')
    if (!isMasterKey(key)) throw invalidOption(WHERE, `keys.${id}`, '32 random bytes, as a Uint8Array')
    const fingerprint = sha256.hexDigest(key)
    if (seen.has(fingerprint)) throw invalidOption(WHERE, `keys.${id}`, 'another key than the others of the ring')
    seen.add(fingerprint)
    ring.set(id, deriveKey(id, key))
  }
  return ring
}

function isMasterKey(key: unknown): key is Uint8Array {
  return key instanceof Uint8Array && key.length === MASTER_KEY_BYTES && key.some(byte => byte !== 0)
}

/** A key for this purpose and this id alone, so that no other use of the master key can open a sealed value. */
function deriveKey(id: string, masterKey: Uint8Array): Uint8Array {
  return sha256.mac(masterKey).tag(['keylattice-seal-v1', id])
}

/** Every part behind its length in four bytes, so that distinct contexts give distinct bytes. */
function encodeContext(masterKeyId: string, { owner, keyId, field, version }: SealContext): Uint8Array {
  if (!Number.isSafeInteger(version) || version < 0) throw unusable('version', 'a whole number from 0')
  const parts = Object.entries({ format: FORMAT, masterKeyId, owner, keyId, field, version: String(version) })
  return concat(parts.flatMap(([name, text]) => withLength(name, text)))
}

function withLength(name: string, text: string): Uint8Array[] {
  // A lone surrogate has no UTF-8 of its own: it would stand for the same bytes as U+FFFD.
  if (typeof text !== 'string' || !text.isWellFormed()) throw unusable(name, 'well-formed text')
  const bytes = encodeUtf8(text)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return [length, bytes]
}

function unusable(field: string, expected: string): SealError {
  return new SealError('ERR_SEAL_REFUSED', `the seal's context needs '${field}' as ${expected}`, { field })
}

interface Sealed {
  readonly masterKeyId: string
  /** Nonce, ciphertext, tag. */
  readonly body: Uint8Array
}

function parseSealed(sealed: string): Sealed {
  const match = typeof sealed === 'string' && sealed.length <= MAX_SEALED_LENGTH ? SEALED.exec(sealed) : null
  const body = decodeBase64(match?.[2] ?? '')
  if (match === null || body === undefined || body.length < NONCE_BYTES + TAG_BYTES) {
    throw new SealError('ERR_SEAL_MALFORMED', 'the sealed value is not in a format of this version')
  }
  return { masterKeyId: match[1]!, body }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

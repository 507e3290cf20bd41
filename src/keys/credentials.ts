import { encodeBase64, encodeUtf8 } from '../bytes.js'
import { CHECKSUM_CHARACTERS, checksum } from '../crypto/checksum.js'
import { type Random, randomBytes, randomCharacters } from '../crypto/random.js'
import { invalidOption, readOptions } from '../options.js'

/** 131 bits. */
const KEY_ID_CHARACTERS = 22
/** 256 bits. */
const SECRET_CHARACTERS = 43
/** 131 bits: dialects allow 32 characters at most. */
const PASSPHRASE_CHARACTERS = 22
/** Of a secret whose text must be base64: the block of SHA-256, above which HMAC would hash it. */
const BASE64_SECRET_BYTES = 64

// The last letter before the first underscore tells a secret from a key id, so no brand may end in it.
const BRAND = '[a-z][a-z0-9]{0,8}[a-rt-z0-9]'
const ENVIRONMENT = '[a-z0-9]{2,12}'
const KEY_ID_BODY = `[0-9A-Za-z]{${KEY_ID_CHARACTERS + CHECKSUM_CHARACTERS}}`
const SECRET_BODY = `[0-9A-Za-z]{${SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}`

const CREDENTIAL = /* @__PURE__ */ new RegExp(
  `^(${BRAND})(?:_(${ENVIRONMENT})_${KEY_ID_BODY}|s_(${ENVIRONMENT})_${SECRET_BODY})$`,
)
const MAX_CREDENTIAL_LENGTH = 10 + 1 + 1 + 12 + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS
const SECRET_WITHIN = /* @__PURE__ */ new RegExp(`${BRAND}s_${ENVIRONMENT}_${SECRET_BODY}`)
/** Of the shortest brand and environment. No key id of ours is as long. */
const MIN_SECRET_LENGTH = 2 + 1 + 1 + 2 + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS

/** How credentials are named. */
export interface MintOptions {
  /** First letters of every credential: 2–10 of a-z and 0-9, starting with a letter and not ending in `s`. */
  readonly brand: string
  /** `live`, `test`, or 2–12 of a-z and 0-9. Keeps a test key from being taken for a real one. */
  readonly environment: string
  /** Source of randomness, for tests. */
  readonly random?: Random
}

/** Makes key ids and secrets. */
export interface Mint {
  /** `kl_live_` and 28 base62 characters: 131 random bits and a checksum. */
  mintKeyId(): string
  /**
   * The UTF-8 bytes of a new secret, never a string, so that they can be wiped.
   *
   * @param encoding `utf8` (default): `kls_live_` and 49 base62 characters, 256 random bits and a checksum;
   * `base64`: base64 of 64 random bytes, for schemes whose MAC key is the decoded text
   */
  mintSecret(encoding?: 'utf8' | 'base64'): Uint8Array
  /** The UTF-8 bytes of a new passphrase: 22 base62 characters, 131 random bits. */
  mintPassphrase(): Uint8Array
}

/** What a credential says of itself. */
export interface Credential {
  readonly kind: 'keyId' | 'secret'
  readonly brand: string
  readonly environment: string
}

/** Where in a text a credential stands. It is not repeated here, so that a finding can be logged. */
export interface FoundCredential extends Credential {
  /** Index of its first character. */
  readonly at: number
  readonly length: number
}

/** @throws {ConfigError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_MISSING`, `ERR_OPTION_INVALID` */
export function createMint(options: MintOptions): Mint {
  const names = { required: ['brand', 'environment'], optional: ['random'] } as const
  const { brand, environment, random = randomBytes } = readOptions('createMint', options, names)
  checkBrand('createMint', brand)
  if (!matchesWhole(ENVIRONMENT, environment)) {
    throw invalidOption('createMint', 'environment', '2 to 12 characters of a-z and 0-9')
  }
  return Object.freeze({
    mintKeyId(): string {
      return decodeAscii(mint(`${brand}_${environment}_`, KEY_ID_CHARACTERS, random))
    },
    mintSecret(encoding: 'utf8' | 'base64' = 'utf8'): Uint8Array {
      return encoding === 'base64'
        ? encodeUtf8(encodeBase64(random(BASE64_SECRET_BYTES)))
        : mint(`${brand}s_${environment}_`, SECRET_CHARACTERS, random)
    },
    mintPassphrase: () => randomCharacters(PASSPHRASE_CHARACTERS, { random }),
  })
}

/** Prefix, random characters, and a checksum over both. */
function mint(prefix: string, characters: number, random: Random): Uint8Array {
  const text = new Uint8Array(prefix.length + characters + CHECKSUM_CHARACTERS)
  const body = randomCharacters(characters, { random })
  text.set(encodeUtf8(prefix))
  text.set(body, prefix.length)
  body.fill(0)
  const end = prefix.length + characters
  text.set(encodeUtf8(checksum(text.subarray(0, end))), end)
  return text
}

/**
 * What a text is, if it is a whole credential with the right checksum. A typing error, a wrong length or a foreign
 * character is `undefined`, at the cost of no store call; a long text is refused by its length.
 */
export function parseCredential(text: string): Credential | undefined {
  if (typeof text !== 'string' || text.length > MAX_CREDENTIAL_LENGTH) return undefined
  const match = CREDENTIAL.exec(text)
  if (match === null || !hasChecksum(text)) return undefined
  const [, brand = '', ofKeyId, ofSecret] = match
  return ofKeyId === undefined
    ? { kind: 'secret', brand, environment: ofSecret ?? '' }
    : { kind: 'keyId', brand, environment: ofKeyId }
}

/** Whether a text has the form of a key id but not its checksum: a typing error, which no store needs to be asked about. */
export function isMistypedKeyId(text: string): boolean {
  return text.length <= MAX_CREDENTIAL_LENGTH && CREDENTIAL.exec(text)?.[2] !== undefined && !hasChecksum(text)
}

/**
 * Whether a secret of ours, or what looks like one, stands where a key id should. Key ids are written to logs. Hot path:
 * one comparison, for a key id of ours.
 */
export function holdsSecret(keyId: string): boolean {
  return keyId.length >= MIN_SECRET_LENGTH && SECRET_WITHIN.test(keyId)
}

function hasChecksum(text: string): boolean {
  const end = text.length - CHECKSUM_CHARACTERS
  return checksum(encodeUtf8(text.slice(0, end))) === text.slice(end)
}

/**
 * The regular expression that finds a brand’s credentials in leaked text, for secret scanners. Every repetition is
 * bounded, so its time grows with the text and no faster, and it uses nothing that RE2 lacks. A new object each call.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID`
 */
export function credentialPattern(brand: string): RegExp {
  checkBrand('credentialPattern', brand)
  return new RegExp(`${brand}(?:_${ENVIRONMENT}_${KEY_ID_BODY}|s_${ENVIRONMENT}_${SECRET_BODY})`, 'g')
}

/**
 * The brand's credentials in a text, without those whose checksum is wrong: one in 2^32 look-alikes remains.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID`
 */
export function findCredentials(text: string, brand: string): readonly FoundCredential[] {
  const pattern = credentialPattern(brand)
  const found: FoundCredential[] = []
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const at = match.index
    const credential = parseCredential(match[0])
    // A look-alike may end in the middle of a real one.
    if (credential === undefined) pattern.lastIndex = at + 1
    else found.push({ ...credential, at, length: match[0].length })
  }
  return found
}

function checkBrand(where: string, brand: string): void {
  if (matchesWhole(BRAND, brand)) return
  throw invalidOption(where, 'brand', "2 to 10 of a-z and 0-9, starting with a letter and not ending in 's'")
}

function matchesWhole(pattern: string, text: unknown): boolean {
  return typeof text === 'string' && new RegExp(`^${pattern}$`).test(text)
}

function decodeAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

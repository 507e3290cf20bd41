import { ConfigError } from '../errors.js'

/** A source of `bytes` random bytes. Injected where tests must own the randomness; `randomBytes` everywhere else. */
export type Random = (bytes: number) => Uint8Array

/** Digits, upper and lower case: 5.95 bits a character, and one word to whoever double-clicks it. */
export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A sound source needs more rounds than this once in 2^500 texts; a broken one must not hang the process. */
const MAX_ROUNDS = 100

/**
 * Bytes of the platform's cryptographic random generator.
 *
 * @param bytes at most 65,536, which is what the platform gives at once
 */
export function randomBytes(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes))
}

/** What random text is made of. */
export interface RandomTextOptions {
  /** 2 to 128 different ASCII characters; base62 by default. */
  readonly alphabet?: string
  readonly random?: Random
}

/**
 * Text of `length` characters, each equally likely: a byte that would favour some characters is thrown away.
 *
 * @throws {ConfigError} `ERR_OPTION_INVALID` for an alphabet that is not 2–128 different ASCII characters, or a source
 * that does not give what it was asked for
 */
export function randomText(length: number, options: RandomTextOptions = {}): string {
  return String.fromCharCode(...randomCharacters(length, options))
}

/**
 * The same as ASCII bytes, for what must never become a string (a string cannot be wiped).
 *
 * @throws {ConfigError} as `randomText`
 */
export function randomCharacters(length: number, options: RandomTextOptions = {}): Uint8Array {
  const { alphabet = BASE62, random = randomBytes } = options
  if (alphabet !== BASE62) checkAlphabet(alphabet)
  const fair = 256 - (256 % alphabet.length)
  const text = new Uint8Array(length)
  let at = 0
  for (let round = 0; at < length; round++) {
    const wanted = length - at + 8
    const bytes = random(wanted)
    if (round === MAX_ROUNDS || bytes.length !== wanted) throw unsound()
    for (let i = 0; i < wanted && at < length; i++) {
      const byte = bytes[i]!
      if (byte < fair) text[at++] = alphabet.charCodeAt(byte % alphabet.length)
    }
    bytes.fill(0)
  }
  return text
}

function checkAlphabet(alphabet: string): void {
  const different = new Set(alphabet).size
  if (different !== alphabet.length || different < 2 || /[^\0-\x7f]/.test(alphabet)) {
    const message = "randomText: option 'alphabet' must be 2 to 128 different ASCII characters"
    throw new ConfigError('ERR_OPTION_INVALID', message, { field: 'alphabet' })
  }
}

function unsound(): ConfigError {
  const message = "randomText: option 'random' must give as many random bytes as it is asked for"
  return new ConfigError('ERR_OPTION_INVALID', message, { field: 'random' })
}

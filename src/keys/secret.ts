import { KeyError } from '../errors.js'

/**
 * A secret that shows itself once. Nothing that prints, copies or sends the object finds the text: it lives in a
 * closure, as bytes, until `reveal`.
 */
export interface Secret {
  /**
   * The text, the first time; the bytes are then overwritten. Wiping is best effort: the string returned, and copies
   * the engine made, stay in memory until they are collected.
   *
   * @throws {KeyError} `ERR_SECRET_REVEALED` every further time
   */
  reveal(): string
  toString(): string
  toJSON(): string
}

const REDACTED = '[redacted]'

/**
 * Wraps a secret.
 *
 * @param bytes UTF-8 of the secret. They are taken over, not copied, so that the one copy is the one wiped.
 */
export function createSecret(bytes: Uint8Array): Secret {
  let held: Uint8Array | undefined = bytes
  const redacted = (): string => REDACTED
  return Object.freeze({
    reveal(): string {
      if (held === undefined) throw new KeyError('ERR_SECRET_REVEALED', 'the secret was revealed before')
      const revealing = held
      held = undefined
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(revealing)
      } finally {
        revealing.fill(0)
      }
    },
    toString: redacted,
    toJSON: redacted,
    [Symbol.for('nodejs.util.inspect.custom')]: redacted,
  })
}

import { hashes } from '#hash'
import { publicKeyOf } from '#key-pairs'
import { decodeHex, encodeBase64 } from '../bytes.js'
import type { HashName } from '../crypto/hash.js'
import { joinBytes } from '../crypto/parts.js'
import type { KeyPairs } from '../crypto/signing.js'
import { webCrypto } from '../crypto/web.js'
import { invalidOption } from '../options.js'
import type { Claim, Proof } from '../scheme.js'
import type { Awaitable } from '../store.js'
import { isEqual } from './draft.js'
import { type Mistake, mistakeOf } from './mistakes.js'
import type { Reading } from './reading.js'
import { type SecretForm, type Secrets, secretForms, tokenForms } from './secret-forms.js'
import type { ReadTag } from './tag-texts.js'

/** One way to prove a string: with the right key, or with a wrong one. */
export interface Prover {
  readonly mistakes: readonly Mistake[]
  proves(string: Uint8Array): Awaitable<boolean>
}

/** The signature as it can be read, and the ways in which it can have been made. The first is without mistake. */
export interface Trial {
  /** What is wrong with the signature itself. */
  readonly mistakes: readonly Mistake[]
  readonly provers: readonly Prover[]
}

/** What a hash of so many bytes is. */
const HASHES: Readonly<Record<number, HashName | 'sha1'>> = { 20: 'sha1', 32: 'sha256', 48: 'sha384', 64: 'sha512' }

export interface TrialOptions extends Secrets {
  readonly publicKey: string | undefined
}

/**
 * @throws {ConfigError} `ERR_OPTION_INVALID` for a public key that the scheme does not take
 */
export async function trialsOf(proof: Proof, reading: Reading, options: TrialOptions): Promise<readonly Trial[]> {
  if (proof.kind === 'bearer') return [bearerTrial(reading, options.secret)]
  const { publicKey } = options
  if (publicKey !== undefined) return pairTrials(proof.keyPairs, reading, publicKey)
  if (proof.kind !== 'mac') return []
  const forms = secretForms(proof.secretEncoding, options)
  const tags = reading.tagEncoding === undefined ? [...reading.tags, ...hexInBase64(reading)] : reading.tags
  return Promise.all(
    tags.flatMap(tag => {
      const hash = HASHES[tag.bytes.length]
      return hash === undefined ? [] : [macTrial({ hash, right: proof.hash }, tag, { reading, forms })]
    }),
  )
}

interface Hashing {
  readonly hash: HashName | 'sha1'
  readonly right: HashName
}

async function macTrial(
  { hash, right }: Hashing,
  tag: ReadTag,
  { reading, forms }: { readonly reading: Reading; readonly forms: readonly SecretForm[] },
): Promise<Trial> {
  const other = hash === right ? [] : [mistakeOf('hash-other', 'signature', `It was ${hash}.`)]
  const provers = await Promise.all(forms.map(({ mistakes, key }) => proverOf(hash, { mistakes, key }, tag.bytes)))
  const plain = forms.flatMap((form, at) => digestProvers(hash, form, tag.bytes).slice(at === 0 ? 0 : 1))
  const encoding = other.length > 0 && tag.encoding === reading.tagEncoding ? [] : encodingMistakes(reading, tag)
  return {
    mistakes: [...other, ...encoding, ...algorithmMistakes(reading, 'hmac-sha256')],
    provers: [...provers, ...plain],
  }
}

async function proverOf(hash: HashName | 'sha1', { mistakes, key }: SecretForm, tag: Uint8Array): Promise<Prover> {
  if (hash !== 'sha1') {
    const mac = hashes[hash].mac(key)
    return { mistakes, proves: string => mac.matches([string], tag) }
  }
  const subtle = webCrypto()
  const imported = await subtle.importKey('raw', key.slice(), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])
  return {
    mistakes,
    proves: async string => isEqual(new Uint8Array(await subtle.sign('HMAC', imported, string.slice())), tag),
  }
}

/** A digest of secret and string, as those make it who have no HMAC at hand. */
function digestProvers(hash: HashName | 'sha1', { mistakes, key }: SecretForm, tag: Uint8Array): readonly Prover[] {
  const orders = [
    ['It was made without the secret.', (string: Uint8Array) => [string]],
    ['It was made of the secret and then the string.', (string: Uint8Array) => [key, string]],
    ['It was made of the string and then the secret.', (string: Uint8Array) => [string, key]],
  ] as const
  return orders.map(([detail, order]) => ({
    mistakes: [...mistakes, mistakeOf('hash-not-mac', 'signature', detail)],
    proves: string => (hash === 'sha1' ? isSha1(tag, order(string)) : isEqual(hashes[hash].digest(order(string)), tag)),
  }))
}

async function isSha1(tag: Uint8Array, parts: readonly Uint8Array[]): Promise<boolean> {
  return isEqual(new Uint8Array(await webCrypto().digest('SHA-1', joinBytes(parts))), tag)
}

function encodingMistakes({ tagEncoding, tags }: Reading, tag: ReadTag): readonly Mistake[] {
  const isRight = tagEncoding === undefined && tag === tags[0]
  if (isRight) return []
  const wanted = tagEncoding === undefined || tagEncoding === tag.encoding ? '' : `, not ${tagEncoding}`
  const escaped = tag.escaped ? ', percent-encoded' : ''
  return [mistakeOf('signature-encoding', 'signature', `It is ${tag.encoding}${escaped}${wanted}.`)]
}

function algorithmMistakes({ claim }: Reading, right: Claim['algorithm']): readonly Mistake[] {
  return claim.algorithm === '' || claim.algorithm === right
    ? []
    : [mistakeOf('algorithm-other', 'algorithm', `The key has ${right}.`)]
}

/** Hex digits are base64 as well, of as many bytes as another hash has. */
function hexInBase64({ tags }: Reading): readonly ReadTag[] {
  return tags.flatMap(({ bytes }) => {
    const text = encodeBase64(bytes)
    const hex = decodeHex(text.toLowerCase(), text.length / 2)
    return hex === undefined ? [] : [{ bytes: hex, encoding: 'hex', escaped: false } as const]
  })
}

async function pairTrials(keyPairs: KeyPairs | undefined, reading: Reading, text: string): Promise<readonly Trial[]> {
  const key = keyPairs && (await publicKeyOf(text, keyPairs.algorithms))
  if (key === undefined) throw invalidOption('diagnose', 'publicKey', 'a public key that the scheme takes')
  return [...reading.tags, ...hexInBase64(reading)].map(tag => ({
    mistakes: [...encodingMistakes(reading, tag), ...algorithmMistakes(reading, key.algorithm)],
    provers: [{ mistakes: [], proves: string => key.verifies([string], tag.bytes) }],
  }))
}

function bearerTrial({ claim }: Reading, secret: string): Trial {
  const provers = tokenForms(secret).map(({ mistakes, key }) => ({ mistakes, proves: () => isEqual(key, claim.tag) }))
  return { mistakes: [], provers }
}

import { describe, expect, it } from 'vitest'
import { sha256 } from '#hash'
import { decodeBase64, decodeHex, encodeUtf8 } from '../../src/bytes.js'
import { type Claim, claimOf, type Dialect, isMalformed, type Scheme } from '../../src/scheme.js'
import { isConsistent } from '../../src/verify/consistency.js'
import { type Prover, plain, proverOf } from '../laws/scheme-case.js'
import { strangerTo } from '../laws/scheme-fixtures.js'
import { loadDialect } from './dialects.js'
import {
  loadVectors,
  schemeIds,
  textOf,
  toWire,
  type ValidLogin,
  type ValidVector,
  type VectorCredentials,
  vectorIds,
} from './vectors.js'

/** Bytes of a signature as a file writes it. */
function tagOf(signature: string): Uint8Array {
  const tag = decodeHex(signature, signature.length / 2) ?? decodeBase64(signature)
  if (tag === undefined) throw new TypeError('the signature is neither hex nor base64')
  return tag
}

/** What a dialect makes of a message under these credentials, in the words of the files. */
async function verdictUnder<M>(dialect: Dialect<M>, message: M, prover: Prover): Promise<string> {
  const read = dialect.read(message)
  if (read === undefined) return 'no credentials'
  if (isMalformed(read)) return `malformed ${read.malformed}`
  if (read.passphrase !== prover.passphrase) return 'wrong passphrase'
  const proven = isConsistent(dialect, message) && (await prover.proves(dialect.stringToSign(message, read), read))
  return proven ? 'accepted' : 'wrong signature'
}

/** The claim of a vector as the dialect reads it; a token's hash is its tag, and its key id where it leads with none. */
function claimIn(scheme: Scheme, { claim, credentials, signature }: ValidVector | ValidLogin, read: Claim): Claim {
  const { proof } = scheme
  if (proof.kind !== 'bearer') return claimOf({ ...claim, tag: tagOf(signature) })
  const token = encodeUtf8(credentials.secret)
  const hash = sha256.digest([token])
  expect(hash).toEqual(tagOf(signature))
  if (read.keyId === '') expect(proof.keyIdOfHash(hash)).toBe(claim.keyId)
  return claimOf({ ...claim, keyId: read.keyId, tag: token })
}

/** What holds for a request and for a login. */
async function expectAccepted<M>(
  { scheme, dialect }: { readonly scheme: Scheme; readonly dialect: Dialect<M> },
  vector: ValidVector | ValidLogin,
  signed: M,
): Promise<void> {
  const { credentials } = vector
  const prover = await proverOf(scheme, credentials)
  const read = dialect.read(signed) as Claim
  expect(read).toEqual(claimIn(scheme, vector, read))
  const parts = dialect.stringToSign(signed, read)
  expect(textOf(parts)).toBe(vector.stringToSign)
  if (prover.isDeterministic) expect(await prover.sign(parts)).toEqual(read.tag)
  expect(await verdictUnder(dialect, signed, prover)).toBe('accepted')
  const stranger = await proverOf(scheme, strangerTo(credentials, scheme))
  // A passphrase that is a MAC changes with the secret.
  expect(await verdictUnder(dialect, signed, { ...stranger, passphrase: read.passphrase })).toBe('wrong signature')
}

// A dialect without vectors is found out by the laws.
for (const id of schemeIds.filter(name => vectorIds.includes(name))) {
  const { scheme: named, valid, validLogins = [], invalid } = loadVectors(id)
  const { make } = await loadDialect(id)

  describe(`${id}, by its published vectors`, () => {
    it('is the scheme the file is about', () => {
      expect(named).toBe(id)
      expect(valid.length).toBeGreaterThan(3)
      expect(invalid.length).toBeGreaterThan(9)
      expect(validLogins.length > 0).toBe(valid.some(({ options }) => make(options).login !== undefined))
    })

    it.each(valid)('reads, and agrees on the string and the signature of: $name', async vector => {
      const scheme = make(vector.options)
      await expectAccepted({ scheme, dialect: scheme }, vector, toWire(vector.signed))
    })

    it.each(valid.filter(({ request }) => request !== undefined))('writes: $name', vector => {
      const scheme = make(vector.options)
      const signed = toWire(vector.signed)
      const claim = scheme.read(signed) as Claim
      expect(plain(scheme.write(toWire(vector.request!), claim, claim.tag))).toEqual(signed)
    })

    it.each(validLogins)('reads, and agrees on the string and the signature of the login: $name', async vector => {
      const scheme = make(vector.options)
      await expectAccepted({ scheme, dialect: scheme.login! }, vector, vector.message)
    })

    it.each(validLogins.filter(({ unsigned }) => unsigned !== undefined))('writes the login: $name', vector => {
      const login = make(vector.options).login!
      const claim = login.read(vector.message) as Claim
      expect(plain(login.write(vector.unsigned!, claim, claim.tag))).toEqual(vector.message)
    })

    it.each(invalid)('refuses: $name', async ({ options, credentials, signed, message, reason }) => {
      const scheme = make(options)
      const prover = await proverOf(scheme, credentials ?? (valid[0]?.credentials as VectorCredentials))
      const verdict =
        signed === undefined
          ? await verdictUnder(scheme.login!, message!, prover)
          : await verdictUnder(scheme, toWire(signed), prover)
      expect(verdict).toBe(reason)
    })
  })
}

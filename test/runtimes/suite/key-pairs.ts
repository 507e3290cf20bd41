import { keyPairsOf, publicKeyOf, spkiOfPrivateKey } from '#key-pairs'
import { encodeBase64, encodeUtf8 } from '../../../src/bytes.js'
import type { PublicKey, SignatureAlgorithm } from '../../../src/crypto/signing.js'
import { webAlgorithms } from '../../../src/crypto/web.js'
import { AbsentError, type Check, expect, expectCode, expectSame } from './check.js'
import { hex, wycheproof } from './shared.js'

interface Group {
  readonly publicKeyPem: string
  readonly publicKeyDer: string
  readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[]
}

/** The file of Wycheproof, and how many of its cases have a key that is refused: RSA with exponent 3. */
const FILES: Readonly<Record<SignatureAlgorithm, readonly [file: string, none: number]>> = {
  ed25519: ['ed25519', 0],
  'ecdsa-p256-sha256': ['ecdsa_secp256r1_sha256_p1363', 0],
  'rsa-v1_5-sha256': ['rsa_signature_2048_sha256', 2],
  'rsa-pss-sha512': ['rsa_pss_4096_sha512_mgf1_64', 0],
}

async function wycheproofSignatures(algorithm: SignatureAlgorithm): Promise<void> {
  const [file, refused] = FILES[algorithm]
  const { numberOfTests, testGroups } = wycheproof<Group>(file)
  let count = 0
  let none = 0
  for (const { publicKeyPem, publicKeyDer, tests } of testGroups) {
    count += tests.length
    const key = await publicKeyOf(publicKeyPem, [algorithm])
    if (key === undefined) none += tests.length
    else {
      expectSame(key.spki, encodeBase64(hex(publicKeyDer)), 'the one text of the key')
      await judge(key, tests)
    }
  }
  expectSame([count, none], [numberOfTests, refused], 'cases, and those whose key is refused')
}

/** What Wycheproof leaves to the implementation is refused. */
async function judge(key: PublicKey, tests: Group['tests']): Promise<void> {
  for (const { tcId, msg, sig, result } of tests)
    expectSame(await key.verifies([hex(msg)], hex(sig)), result === 'valid', `verdict on case ${tcId}`)
}

/** A pair of the platform's own making, as text. */
async function generate(algorithm: SignatureAlgorithm) {
  const rsa = algorithm.startsWith('rsa')
  const parameters = {
    ...webAlgorithms[algorithm],
    ...(rsa ? { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) } : {}),
  }
  const made = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']).catch((error: Error) => {
    throw new AbsentError(`crypto.subtle: ${error.message}`)
  })
  const { privateKey, publicKey } = made as CryptoKeyPair
  const pkcs8 = encodeBase64(new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey)))
  const spki = encodeBase64(new Uint8Array(await crypto.subtle.exportKey('spki', publicKey)))
  const secret = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
  return { secret, spki, publicKey }
}

const MESSAGE = ['text, ', encodeUtf8('and bytes, ü'), { digest: 'sha256', of: ['digested'], as: 'hex' }] as const

async function roundTrip(algorithm: SignatureAlgorithm): Promise<void> {
  const { secret, spki } = await generate(algorithm)
  const other = await generate(algorithm)
  const mine = await keyPairsOf([algorithm]).privateKey(secret)
  const key = await publicKeyOf(spki, [algorithm])
  const stranger = await publicKeyOf(other.spki, [algorithm])
  const signature = await mine.sign(MESSAGE)
  expectSame([mine.algorithm, key?.algorithm, key?.spki], [algorithm, algorithm, spki], 'what was read')
  expectSame(await spkiOfPrivateKey(secret, [algorithm]), spki, 'the public half of the private key')
  expectSame(await key?.verifies(MESSAGE, signature), true, 'its own signature')
  expectSame(await key?.verifies([...MESSAGE, '!'], signature), false, 'a longer message')
  expectSame(await key?.verifies(MESSAGE, signature.slice(1)), false, 'a shorter signature')
  expectSame(await stranger?.verifies(MESSAGE, signature), false, 'the signature of another key')
  expectSame(await publicKeyOf(`${spki.slice(0, -8)}AAAAAAAA=`, [algorithm]), undefined, 'a damaged key')
  await expectCode(() => keyPairsOf([algorithm]).privateKey('secret'), 'ERR_OPTION_INVALID', 'no private key at all')
}

/** What the library signs, the platform's own call accepts. */
async function agreesWithPlatform(algorithm: SignatureAlgorithm): Promise<void> {
  const { secret, publicKey } = await generate(algorithm)
  const signature = await (await keyPairsOf([algorithm]).privateKey(secret)).sign(['message'])
  const message = new Uint8Array(encodeUtf8('message'))
  const verdict = await crypto.subtle.verify(webAlgorithms[algorithm], publicKey, signature.slice(), message)
  expect(verdict, 'crypto.subtle accepts the signature')
}

const ALGORITHMS = Object.keys(FILES) as SignatureAlgorithm[]

export const keyPairChecks: readonly Check[] = ALGORITHMS.flatMap((capability): Check[] => [
  { capability, name: 'Wycheproof holds', run: () => wycheproofSignatures(capability) },
  { capability, name: 'a new pair signs and verifies, and no other', run: () => roundTrip(capability) },
  { capability, name: 'crypto.subtle agrees with what is signed', run: () => agreesWithPlatform(capability) },
])

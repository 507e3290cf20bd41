import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as node from '../../src/crypto/key-pairs.node.js'
import * as web from '../../src/crypto/key-pairs.web.js'
import type { PublicKeyOf, SignatureAlgorithm } from '../../src/crypto/signing.js'
import { describeUnless } from '../skips.js'

// Other people's vectors lie beside the project, not in it.
const folder = new URL('../../../shared/vectors/wycheproof/testvectors_v1/', import.meta.url)
const absent = existsSync(folder) ? undefined : '../shared/vectors/wycheproof is not there'
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

interface Case {
  readonly tcId: number
  readonly msg: string
  readonly sig: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Group {
  readonly publicKeyPem: string
  readonly publicKeyDer: string
  readonly tests: readonly Case[]
}

interface Wycheproof {
  readonly numberOfTests: number
  readonly testGroups: readonly Group[]
}

const platforms = [
  ['node:crypto', node.publicKeyOf],
  ['Web Cryptography', web.publicKeyOf],
] as const

/** How the cases end; `none` counts those whose key is refused. */
async function judge(groups: readonly Group[], read: (text: string) => ReturnType<PublicKeyOf>) {
  const counts = { accepted: 0, refused: 0, none: 0 }
  const wrong: number[] = []
  for (const { publicKeyPem, publicKeyDer, tests } of groups) {
    const key = await read(publicKeyPem)
    if (key !== undefined) expect(key.spki).toBe(Buffer.from(publicKeyDer, 'hex').toString('base64'))
    else counts.none += tests.length
    for (const { tcId, msg, sig, result } of key === undefined ? [] : tests) {
      const verdict = await key?.verifies([hex(msg)], hex(sig))
      // What Wycheproof leaves to the implementation is refused here.
      if (verdict !== (result === 'valid')) wrong.push(tcId)
      counts[verdict ? 'accepted' : 'refused']++
    }
  }
  return { wrong, ...counts }
}

const FILES: readonly (readonly [file: string, algorithm: SignatureAlgorithm, accepted: number, refused: number])[] = [
  ['ed25519', 'ed25519', 88, 63],
  ['ecdsa_secp256r1_sha256_p1363', 'ecdsa-p256-sha256', 173, 89],
  // Both cases of exponent 3 are left out: such keys are refused.
  ['rsa_signature_2048_sha256', 'rsa-v1_5-sha256', 7, 250],
  ['rsa_pss_4096_sha512_mgf1_64', 'rsa-pss-sha512', 132, 47],
]

for (const [platform, publicKeyOf] of platforms)
  describeUnless(absent, `Signature vectors by ${platform}`, () => {
    it.each(FILES)('Wycheproof holds for %s', async (file, algorithm, accepted, refused) => {
      const path = new URL(`${file}_test.json`, folder)
      const { numberOfTests, testGroups }: Wycheproof = JSON.parse(readFileSync(path, 'utf8'))
      const verdicts = await judge(testGroups, text => publicKeyOf(text, [algorithm]))
      const none = algorithm === 'rsa-v1_5-sha256' ? 2 : 0
      expect(verdicts).toEqual({ wrong: [], accepted, refused, none })
      expect(accepted + refused + none).toBe(numberOfTests)
    })
  })

import { hashes } from '#hash'
import { prepareMac } from '#mac'
import { encodeHex } from '../../../src/bytes.js'
import type { HashName } from '../../../src/crypto/hash.js'
import { type Check, expect, expectSame } from './check.js'
import { hex, sharedVectors, wycheproof } from './shared.js'

interface Rfc {
  readonly vectors: Readonly<Record<string, readonly { keyHex: string; dataHex: string; mac: string }[]>>
}

interface Group {
  readonly tagSize: number
  readonly tests: readonly { tcId: number; key: string; msg: string; tag: string; result: string }[]
}

/** The verifier's MAC and the signer's, which are two implementations where there is no `node:crypto`. */
async function tagsOf(name: HashName, key: Uint8Array, message: Uint8Array): Promise<readonly Uint8Array[]> {
  return [hashes[name].mac(key).tag([message]), await prepareMac(name, key)([message])]
}

async function rfc4231(name: HashName): Promise<void> {
  const cases = sharedVectors<Rfc>('hmac-rfc/rfc2202-rfc4231.json').vectors[name] ?? []
  expectSame(cases.length, 6, 'cases of the RFC')
  for (const { keyHex, dataHex, mac } of cases) {
    const tags = await tagsOf(name, hex(keyHex), hex(dataHex))
    expectSame(tags.map(encodeHex), [mac, mac], `tag under ${keyHex}`)
    expect(!hashes[name].mac(hex(keyHex)).matches([hex(`${dataHex}00`)], hex(mac)), 'a longer message is refused')
  }
}

async function wycheproofHmac(name: HashName): Promise<void> {
  const { numberOfTests, testGroups } = wycheproof<Group>(`hmac_${name}`)
  let count = 0
  for (const { tagSize, tests } of testGroups)
    for (const { tcId, key, msg, tag, result } of tests) {
      const tags = await tagsOf(name, hex(key), hex(msg))
      const agrees = tags.map(each => encodeHex(each.subarray(0, tagSize / 8)) === tag)
      expectSame(agrees, [result === 'valid', result === 'valid'], `case ${tcId}`)
      const isWhole = tagSize / 8 === hashes[name].digestBytes
      const accepted = hashes[name].mac(hex(key)).matches([hex(msg)], hex(tag))
      expectSame(accepted, result === 'valid' && isWhole, `verdict on case ${tcId}`)
      count++
    }
  expectSame(count, numberOfTests, 'cases')
}

/** Lengths around the blocks of the hashes and the buffers of the implementations. */
const LENGTHS = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 767, 768, 769, 4095, 4096, 4097, 70_000]

/** `crypto.subtle` is somebody else's hash, wherever it is. */
async function digests(name: HashName): Promise<void> {
  for (const length of LENGTHS) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7)
    const expected = new Uint8Array(await crypto.subtle.digest(name.replace('sha', 'SHA-'), bytes))
    const middle = Math.floor(length / 2)
    expectSame(hashes[name].digest([bytes]), expected, `digest of ${length} bytes`)
    expectSame(hashes[name].digest([bytes.subarray(0, middle), bytes.subarray(middle)]), expected, `in two parts`)
  }
}

const NAMES = ['sha256', 'sha384', 'sha512'] as const

export const hmacChecks: readonly Check[] = NAMES.flatMap((name): Check[] => [
  { capability: 'hmac', name: `RFC 4231 holds for ${name}`, run: () => rfc4231(name) },
  { capability: 'hmac', name: `Wycheproof holds for hmac_${name}`, run: () => wycheproofHmac(name) },
  { capability: 'hmac', name: `${name} of any length is that of crypto.subtle`, run: () => digests(name) },
])

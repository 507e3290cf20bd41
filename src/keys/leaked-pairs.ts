import { sha256 } from '#hash'
import { spkiOfPrivateKey } from '#key-pairs'
import { holdsPrivateKey } from '../crypto/key-text.js'
import type { SignatureAlgorithm } from '../crypto/signing.js'
import type { Desk } from './desk.js'

/** Line breaks may be written as in JSON. */
const PEM = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----(?:[A-Za-z0-9+/=\s]|\\r|\\n)+-----END ([A-Z]+ )?PRIVATE KEY-----/g
/** Base64 of 32 bytes. */
const SEED = /^[A-Za-z0-9+/]{43}=$/

/** Digests that stand for the private keys in a text, as `digestOfPair` makes them of the public ones. */
export async function leakedPairs(
  { schemes }: Pick<Desk, 'schemes'>,
  { text, words }: { readonly text: string; readonly words: ReadonlySet<string> },
): Promise<readonly Uint8Array[]> {
  const algorithms = [...schemes.values()].flatMap(({ proof }): readonly SignatureAlgorithm[] =>
    proof.kind === 'bearer' ? [] : (proof.keyPairs?.algorithms ?? []),
  )
  if (algorithms.length === 0) return []
  const found = await Promise.all(candidatesIn(text, words).map(candidate => spkiOfPrivateKey(candidate, algorithms)))
  return found.filter(spki => spki !== undefined).map(digestOfPair)
}

/** What stands for the private half of a public key. The public one may be published, so its own digest does not. */
export function digestOfPair(spki: string): Uint8Array {
  return sha256.digest([`the private half of ${spki}`])
}

/** Texts of what could be private keys. */
function candidatesIn(text: string, words: ReadonlySet<string>): readonly string[] {
  const blocks = text.match(PEM)?.map(block => block.replace(/\\[rn]/g, '\n')) ?? []
  const bare = [...words].filter(word => SEED.test(word) || holdsPrivateKey(word))
  const wrapped = bare.map(word => `-----BEGIN PRIVATE KEY-----\n${word}\n-----END PRIVATE KEY-----`)
  return [...blocks, ...bare, ...wrapped]
}

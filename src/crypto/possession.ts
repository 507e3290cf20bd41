import type { Part } from './hash.js'
import type { SignatureAlgorithm } from './signing.js'

/** What a key pair is proven for. */
export interface Possession {
  readonly owner: string
  readonly keyId: string
  /** Version of the key's secret that the public key is to be: 1 for its first. */
  readonly version: number
  readonly algorithm: SignatureAlgorithm
  /** Standard base64 of the SubjectPublicKeyInfo. */
  readonly spki: string
}

/**
 * What the private key signs, so that nobody registers a public key that is another's: six lines, none of which can hold
 * a line break. The key id is drawn at random when the key is made, and the version rises, so a statement is as fresh as
 * a challenge would be and good for one registration. The first line keeps it apart from every request.
 */
export function possessionStatement({ owner, keyId, version, algorithm, spki }: Possession): readonly Part[] {
  return [['keylattice-key-possession-v1', owner, keyId, version, algorithm, spki].join('\n')]
}

import { generateKeyPair } from '../../client/key-pair.js'
import type { SignatureAlgorithm } from '../../crypto/signing.js'
import type { Command } from '../command.js'
import { usage } from '../failures.js'
import { writePrivate } from '../files.js'
import { didYouMean } from '../nearest.js'

const ALGORITHMS: readonly SignatureAlgorithm[] = ['ed25519', 'ecdsa-p256-sha256', 'rsa-v1_5-sha256', 'rsa-pss-sha512']

export const keygenPair: Command = {
  name: 'keygen pair',
  summary: 'makes a key pair, of which only the public key is registered',
  arguments: '',
  positionals: { min: 0, max: 0 },
  notes: [],
  options: {
    algorithm: { type: 'string', short: 'a', value: 'NAME', says: `${ALGORITHMS.join(', ')}; default ed25519` },
    out: {
      type: 'string',
      value: 'PATH',
      says: 'writes the private key to a new file of mode 600, and does not print it',
    },
  },
  examples: [
    {
      says: 'the public key is printed, the private key stays in the file',
      line: 'keylattice keygen pair --out key.pem',
    },
    {
      says: 'for dialects that sign with RSA',
      line: 'keylattice keygen pair --algorithm rsa-v1_5-sha256 --out key.pem',
    },
  ],
  showsSecrets: true,
  async run(given, terminal) {
    const name = given.text('algorithm') ?? 'ed25519'
    const algorithm = ALGORITHMS.find(known => known === name)
    if (algorithm === undefined) throw usage(`there is no such algorithm.${didYouMean(name, ALGORITHMS)}`)
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const out = given.text('out')
    if (out === undefined) {
      return { text: `${privateKey}${publicKey}`.trimEnd(), json: { algorithm, publicKey, privateKey } }
    }
    await writePrivate(out, privateKey, terminal)
    return { text: publicKey.trimEnd(), json: { algorithm, publicKey, file: out } }
  },
}

import { encodeUtf8 } from '../../bytes.js'
import { generateKeyPair } from '../../client/key-pair.js'
import { createSigner } from '../../client/signer.js'
import type { Sealer } from '../../crypto/sealer.js'
import { createMint } from '../../keys/credentials.js'
import type { KeyManager } from '../../keys/key-manager.js'
import { createKeyManager } from '../../keys/manager.js'
import { withoutStepUp } from '../../keys/weakenings.js'
import { defineKeyPolicy, standardKeyPolicy } from '../../policy/key-policy.js'
import type { Scheme } from '../../scheme.js'
import type { KeyStore } from '../../store.js'
import { curlCommand } from '../shell.js'
import { type DemoPermission, permissions } from './exchange.js'

/** The keys of the demo, and requests signed with them. */

export interface DemoKey {
  readonly label: string
  readonly permissions: readonly DemoPermission[]
  readonly keyId: string
  /** The secret, or the private key. */
  readonly secret: string
  readonly passphrase?: string
}

const OWNER = 'demo'
const KEYS: readonly Pick<DemoKey, 'label' | 'permissions'>[] = [
  { label: 'trader', permissions: ['trade'] },
  { label: 'reader', permissions: ['read'] },
]

const REQUESTS: readonly (readonly [method: string, path: string, body: string])[] = [
  ['GET', '/v1/balance', ''],
  ['POST', '/v1/orders', '{"side":"buy","amount":"0.1","price":"60000"}'],
  ['GET', '/v1/orders?status=open', ''],
]

/** Makes the keys, unless the store has some of an earlier run: their secrets cannot be shown again. */
export async function issueKeys(keys: KeyStore, sealer: Sealer, scheme: Scheme): Promise<readonly DemoKey[]> {
  const manager = createKeyManager({
    ...{ keys, sealer, permissions, schemes: [scheme] },
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'demo' }),
  })
  const { keys: before } = await manager.list({ owner: OWNER })
  if (before.length > 0) return []
  return Promise.all(KEYS.map(wanted => issue(manager, scheme, wanted)))
}

async function issue(
  manager: KeyManager<DemoPermission | 'full'>,
  scheme: Scheme,
  wanted: Pick<DemoKey, 'label' | 'permissions'>,
): Promise<DemoKey> {
  const asked = { owner: OWNER, ...wanted, accounts: null, ipAllowlist: ['127.0.0.1'] }
  if (scheme.proof.kind !== 'signature') {
    const { credentials } = await manager.create(asked)
    const { keyId, secret, passphrase } = credentials
    return {
      ...wanted,
      keyId,
      secret: secret.reveal(),
      ...(passphrase !== undefined && { passphrase: passphrase.reveal() }),
    }
  }
  const [algorithm = 'ed25519'] = scheme.proof.keyPairs.algorithms
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const keyId = createMint({ brand: 'kl', environment: 'demo' }).mintKeyId()
  await manager.import({ ...asked, actor: { role: 'operator', id: 'demo' }, keyId, publicKey })
  return { ...wanted, keyId, secret: privateKey }
}

/** Requests as curl commands, as far as the dialect can sign them. They are good once. */
export async function signedRequests(key: DemoKey, scheme: Scheme, origin: string): Promise<readonly string[]> {
  const { keyId, secret, passphrase } = key
  const signer = createSigner({
    scheme,
    keyId,
    secret,
    recvWindowMs: 60_000,
    ...(passphrase !== undefined && { passphrase }),
  })
  const commands = await Promise.all(
    REQUESTS.map(async ([method, path, body]) => {
      const headers: Record<string, string> = body === '' ? {} : { 'content-type': 'application/json' }
      try {
        const request = await signer.sign({ method, target: path, headers, body: encodeUtf8(body) })
        return [curlCommand(request, { origin, hidden: new Map(), bodyFile: undefined })]
      } catch {
        // A dialect that cannot say this has other requests, which only its house knows.
        return []
      }
    }),
  )
  return commands.flat()
}

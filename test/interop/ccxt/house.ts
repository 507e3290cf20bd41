/** An exchange of ours that speaks somebody else's dialect: manager, verifier, middleware, and a socket to log in over. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from '../../../src/http/answer.js'
import {
  createKeyManager,
  createMint,
  createSealer,
  createVerifier,
  type DenialCode,
  defineKeyPolicy,
  type ImportKey,
  type Scheme,
  standardKeyPolicy,
  type Verdict,
  type WireRequest,
} from '../../../src/index.js'
import { acceptUncovered, noReplayGuard, withoutStepUp } from '../../../src/insecure.js'
import { protect } from '../../../src/middleware/node.js'
import { standard } from '../../../src/presets/standard.js'
import { createMemoryKeyStore, createMemoryReplayStore } from '../../../src/stores/memory.js'
import { uncoveredBy } from '../../fuzz/house.js'
import type { CcxtCredentials } from './clients.js'
import { acceptSockets, type Sockets } from './socket.js'

type Permission = 'read' | 'trade' | 'withdraw'

export interface HouseOptions {
  readonly scheme: Scheme
  readonly answer: Answer | undefined
  /** JSON text of every answer to a request that passed. */
  readonly success: string
}

/** A request as it arrived, and what was made of it. */
export interface Arrival {
  readonly request: WireRequest
  readonly verdict: 'allowed' | DenialCode
  /** The field that a refusal is about. */
  readonly field: string | undefined
}

/** What tests turn. */
export interface Knobs {
  readonly arrivals: Arrival[]
  /** How far the server's clock is ahead of this machine's, ms. */
  skewMs: number
  /** What every route needs. */
  needs: Permission
  /** Refuses everything with this, as if it had been judged so. */
  refusing: DenialCode | undefined
}

export type ImportedKey = Pick<ImportKey<Permission>, 'keyId' | 'secret' | 'passphrase' | 'publicKey'>

export interface House extends Knobs {
  readonly base: string
  readonly socket: string
  readonly sockets: Sockets
  /** A new key, made by the manager in the form of the dialect. */
  issue(permissions: readonly Permission[]): Promise<CcxtCredentials>
  /** A key with an id, or with a key pair, that somebody else chose. */
  importKey(given: ImportedKey): Promise<void>
  /** Judges a request or a login as the first it sees. */
  judge(message: WireRequest | { readonly login: unknown }): Promise<Verdict>
  /** Judges a login and remembers it. */
  logIn(message: unknown): Promise<Verdict>
  close(): Promise<void>
}

export async function openHouse({ scheme: bare, answer, success }: HouseOptions): Promise<House> {
  const scheme = acceptUncovered(bare, uncoveredBy(bare))
  const knobs: Knobs = { arrivals: [], skewMs: 0, needs: 'read', refusing: undefined }
  const clock = () => Date.now() + knobs.skewMs
  const keys = createMemoryKeyStore()
  const sealer = createSealer({ primary: 'k1', keys: { k1: new Uint8Array(32).fill(7) } })
  const shared = { keys, schemes: [scheme], permissions: standard.permissions, sealer, clock }
  const verifier = createVerifier({ ...shared, replay: createMemoryReplayStore({ clock }) })
  const forgetful = createVerifier({ ...shared, replay: noReplayGuard })
  const manager = createKeyManager({
    ...shared,
    policy: defineKeyPolicy({ ...standardKeyPolicy, operations: withoutStepUp }),
    ceiling: () => ({ permissions: ['full'], accounts: null }),
    mint: createMint({ brand: 'kl', environment: 'test' }),
  })
  const judged = {
    ...verifier,
    verify: async (request: WireRequest, required: { permission: Permission }): Promise<Verdict> => {
      const { refusing } = knobs
      const verdict = await verifier.verify(request, required)
      const said: Verdict =
        refusing === undefined
          ? verdict
          : { ok: false, denial: refusing, keyId: undefined, at: clock(), field: undefined }
      knobs.arrivals.push(
        said.ok
          ? { request, verdict: 'allowed', field: undefined }
          : { request, verdict: said.denial, field: said.field },
      )
      return said
    },
  }
  const routes = {
    match: (method: string) => ({ pattern: `${method} /`, permission: knobs.needs }),
    table: () => [],
  }
  const guard = protect(
    {
      verifier: judged,
      routes,
      onError: error => {
        throw error
      },
      ...(answer !== undefined && { answer: denied => answer(denied) }),
    },
    (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(success),
  )
  const server = createServer(guard)
  const sockets = acceptSockets(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const common = { owner: 'owner-1', label: 'bot', accounts: null, ipAllowlist: null, scheme: scheme.id }
  return Object.assign(knobs, {
    ...{ base: `http://127.0.0.1:${port}`, socket: `ws://127.0.0.1:${port}`, sockets },
    async issue(permissions: readonly Permission[]) {
      const { credentials } = await manager.create({ ...common, permissions })
      const { keyId, secret, passphrase } = credentials
      return { keyId, secret: secret.reveal(), ...(passphrase !== undefined && { passphrase: passphrase.reveal() }) }
    },
    async importKey(given: ImportedKey) {
      await manager.import({
        ...common,
        permissions: ['read', 'trade'],
        actor: { role: 'operator', id: 'staff-7' },
        ...given,
      })
    },
    judge: (message: WireRequest | { readonly login: unknown }) =>
      'login' in message
        ? forgetful.verifyLogin({ message: message.login }, { permission: 'read' })
        : forgetful.verify(message, { permission: 'read' }),
    logIn: (message: unknown) => verifier.verifyLogin({ message }, { permission: 'read' }),
    async close() {
      sockets.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  } satisfies Omit<House, keyof Knobs>)
}

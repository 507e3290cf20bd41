import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { defineRoutes, StoreError } from '../../../src/index.js'
import { protect } from '../../../src/middleware/fetch.js'
import { describeUnless } from '../../skips.js'
import { type OpenStores, openStores } from './backends.js'
import { createJudge, createManager, type Handout, issue, permissions, signerOf } from './house.js'
import { absentCluster, type Cluster, startCluster } from './postgres-cluster.js'
import { type Relay, startRelay } from './relay.js'

const PATIENCE_MS = 120_000
const ORIGIN = 'https://api.example.com'
const routes = defineRoutes(permissions, { 'GET /v1/balance': 'read' })

/** What a client saw of the requests it has sent, each again and again until it was answered. */
interface Seen {
  /** Requests that got this status. */
  readonly statuses: Map<number, number>
  /** Requests that passed more than once. */
  doubled: number
}

/** The answer, or the error. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const countOf = (seen: readonly Seen[], status: number) =>
  seen.reduce((sum, { statuses }) => sum + (statuses.get(status) ?? 0), 0)

/** A house behind its gate, with clients that use it until told to stop. */
function openHouse(stores: OpenStores) {
  const errors: unknown[] = []
  const gate = protect(
    { verifier: createJudge(stores), routes, onError: error => errors.push(error) },
    () => new Response(),
  )
  let isOver = false

  /** Sends one request until it was answered, and once more after that; gives how often it passed. */
  async function send(handout: Handout, { statuses }: Seen): Promise<number> {
    const { target, headers } = await signerOf(handout).sign({ method: 'GET', target: '/v1/balance' })
    let passed = 0
    for (let answers = 0, tries = 0; answers < 2 && tries < 20; tries++) {
      const { status } = await gate(new Request(ORIGIN + target, { headers }))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 200) passed++
      if (status !== 503) answers++
      else await pause(20)
    }
    return passed
  }

  function startClient(handout: Handout): { readonly seen: Seen; readonly end: Promise<void> } {
    const seen: Seen = { statuses: new Map(), doubled: 0 }
    const live = async () => {
      while (!isOver) if ((await send(handout, seen)) > 1) seen.doubled++
    }
    return { seen, end: live() }
  }

  return {
    errors,
    startClient,
    stop: () => {
      isOver = true
    },
  }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** What may happen to a server, and to the way to it. */
const TROUBLES: readonly (readonly [string, (cluster: Cluster, relay: Relay) => Promise<void>])[] = [
  [
    'crashes and comes back',
    async cluster => {
      await cluster.crash()
      await pause(300)
      await cluster.start()
    },
  ],
  [
    'cuts every connection',
    async cluster => {
      for (let i = 0; i < 5; i++) {
        await cluster.cutConnections()
        await pause(60)
      }
    },
  ],
  [
    'is silent for longer than anybody waits',
    async (_, relay) => {
      relay.silence()
      await pause(2_500)
      relay.resume()
    },
  ],
]

describeUnless(absentCluster, 'In mid-load, while PostgreSQL', () => {
  let cluster: Cluster
  let relay: Relay
  const open = () => openStores({ backend: 'PostgreSQL', name: 'public', host: cluster.host, port: relay.port })

  beforeAll(async () => {
    cluster = await startCluster()
    relay = await startRelay(cluster)
  }, PATIENCE_MS)

  afterAll(async () => {
    await relay.close()
    await cluster.remove()
  })

  it.each(TROUBLES)(
    '%s, requests are answered with 503 or rightly, and then as before',
    async (_, cause) => {
      const stores = await open()
      const manager = createManager(stores)
      const [good, ended] = [await issue(manager, 'user'), await issue(manager, 'intruder')]
      await manager.revoke({ ...{ owner: ended.owner, keyId: ended.keyId }, reason: 'test' })

      const house = openHouse(stores)
      const users = Array.from({ length: 6 }, () => house.startClient(good))
      const intruder = house.startClient(ended)
      const used = users.map(({ seen }) => seen)
      await vi.waitUntil(() => countOf(used, 200) > 100, { timeout: 20_000 })
      await cause(cluster, relay)
      await vi.waitUntil(() => countOf(used, 503) > 0, { timeout: 20_000 })
      const before = countOf(used, 200)
      await vi.waitUntil(() => countOf(used, 200) > before + 100, { timeout: 20_000 })
      house.stop()
      await Promise.all([...users, intruder].map(({ end }) => end))

      const known = new Set([200, 401, 503])
      expect(used.flatMap(({ statuses }) => [...statuses.keys()]).filter(status => !known.has(status))).toEqual([])
      expect(used.map(({ doubled }) => doubled)).toEqual(used.map(() => 0))
      expect(intruder.seen.statuses.get(200)).toBeUndefined()
      expect(intruder.seen.statuses.get(401)).toBeGreaterThan(0)
      expect(house.errors.filter(error => !(error instanceof StoreError))).toEqual([])
      await stores.close()
    },
    PATIENCE_MS,
  )

  it(
    'crashes at any moment, nothing that was answered is forgotten',
    async () => {
      const stores = await open()
      const expiresAt = Date.now() + 3_600_000
      const claimed: string[] = []
      for (let crash = 0; crash < 3; crash++) {
        let isOver = false
        const claim = async (lane: number) => {
          for (let i = 0; !isOver; i++) {
            const token = `token-${crash}-${lane}-${i}`
            const outcome = await outcomeOf(() => stores.replay.claim('key', token, expiresAt))
            if (outcome === true) claimed.push(token)
            else expect(outcome).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
          }
        }
        const claiming = Array.from({ length: 8 }, (_, lane) => claim(lane))
        await pause(150)
        await cluster.crash()
        isOver = true
        await Promise.all(claiming)
        await cluster.start()
        const forgotten = await Promise.all(claimed.map(token => stores.replay.claim('key', token, expiresAt)))
        expect(claimed.filter((_, i) => forgotten[i])).toEqual([])
      }
      expect(claimed.length).toBeGreaterThan(50)
      await stores.close()
    },
    PATIENCE_MS,
  )
})

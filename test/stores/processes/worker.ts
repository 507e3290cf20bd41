/** A process of its own with stores of its own, which does what its parent asks; started by team.ts. */

import { openStores, type Place } from './backends.js'
import { ask, BROWSER, createJudge, createMailingManager, createManager, type Handout, issue } from './house.js'
import { type Load, type LoadResult, startLoad } from './load.js'

const stores = await openStores(JSON.parse(process.argv[2] ?? '') as Place)
const mailed: string[] = []
const manager = createManager(stores)
const mailing = createMailingManager(stores, mailed)
const { invalidation } = stores
const announcing = invalidation && createManager(stores, { invalidation, onError: console.error })
let load: Load | undefined

/** What each attempt came to: `done`, or the code of its error. */
async function outcomesOf(count: number, attempt: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const outcome of await Promise.allSettled(Array.from({ length: count }, attempt))) {
    const name = outcome.status === 'fulfilled' ? 'done' : String(outcome.reason.code ?? outcome.reason)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

interface LoadOrder {
  readonly keys: readonly Handout[]
  readonly maxStalenessMs: number
  /** Whether it hears which keys have changed. */
  readonly listens: boolean
}

const TASKS = {
  /** Claims each token so many times at once; answers with those it got. */
  async claim({ tokens, times, expiresAt }: { tokens: readonly string[]; times: number; expiresAt: number }) {
    const rounds = Array.from({ length: times }, () => tokens).flat()
    const won = await Promise.all(
      rounds.map(async token => ((await stores.replay.claim('key', token, expiresAt)) ? token : '')),
    )
    return won.filter(token => token !== '')
  },
  /** Makes keys for an owner, all at once. */
  create: ({ owner, count }: { owner: string; count: number }) => outcomesOf(count, () => issue(manager, owner)),
  /** Gives out keys that work. */
  issue: ({ owners }: { owners: readonly string[] }) => Promise.all(owners.map(owner => issue(manager, owner))),
  /** Asks for a key, and gives the token that was mailed. */
  async request({ owner }: { owner: string }) {
    await ask(mailing, owner)
    return mailed.pop() ?? ''
  },
  /** Redeems a token so many times at once. */
  confirm: ({ token, times }: { token: string; times: number }) =>
    outcomesOf(times, () => mailing.confirm({ token, browser: BROWSER })),
  /** Ends a key, and says when that was done, ns. */
  async revoke({ owner, keyId, announced }: { owner: string; keyId: string; announced: boolean }) {
    const revoking = announced ? announcing : manager
    await revoking?.revoke({ owner, keyId, reason: 'test' })
    return process.hrtime.bigint()
  },
  /** Uses keys until told to stop. */
  async startLoad({ keys, maxStalenessMs, listens }: LoadOrder) {
    const listening = listens && invalidation !== undefined ? { invalidation, onError: console.error } : {}
    const judge = createJudge(stores, { maxStalenessMs, ...listening })
    await judge.ready()
    load = startLoad(judge, keys)
  },
  /** Whether each of these keys has passed. */
  areAccepted: async ({ keys }: { keys: readonly Handout[] }) => keys.every(({ keyId }) => load?.isAccepted(keyId)),
  /** Whether each of these keys has been refused. */
  areRefused: async ({ keys }: { keys: readonly Handout[] }) => keys.every(({ keyId }) => load?.isRefused(keyId)),
  async stopLoad(_: object): Promise<LoadResult> {
    if (load === undefined) throw new Error('there is no load')
    return load.stop()
  },
  /** How many keys an owner has. */
  rows: async ({ owner }: { owner: string }) => (await stores.keys.list({ owner, limit: 1000 })).length,
}

export type Tasks = typeof TASKS

process.on('message', async ({ id, task, input }: { id: number; task: keyof Tasks; input: never }) => {
  try {
    process.send?.({ id, result: await TASKS[task](input) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
  }
})
process.once('disconnect', () => process.exit(0))
process.send?.({ id: 0 })

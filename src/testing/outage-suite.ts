import type { KeyStore, ReplayStore, UsageStore } from '../store.js'
import { createFaults, type Faults } from './faults.js'
import { insertAll, rowOf } from './key-rows.js'
import { check, checkEqual, countOf, inParallel, type SuiteCase } from './suite.js'

/** What shares a driver; left out what the adapter does not offer. */
export interface OutageStores {
  readonly keys?: KeyStore
  readonly replay?: ReplayStore
  readonly usage?: UsageStore
}

/** What makes empty stores over a driver that `faults` has wrapped: what sends commands, and nothing else of it. */
export type MakeOutageStores = (faults: Faults) => OutageStores | PromiseLike<OutageStores>

/** Commands of one operation that are made to fail, one after the other. */
const MOST_COMMANDS = 40
const MINUTE = 60_000

/** What came of a call: its answer, or that it failed as stores do. */
type Outcome<T> = { readonly answer: T } | undefined

/** One call of a store, during which one command to the driver fails. */
interface Attempt {
  /** Differs from attempt to attempt. */
  readonly name: string
  /** Performs the call; any but the first call of an attempt meets a driver that is well. */
  perform<T>(call: () => T | PromiseLike<T>): Promise<Outcome<T>>
}

/**
 * Makes each command fail in turn that an operation sends to the driver, before its effect and after it, and each time
 * looks at what is left.
 */
function outageCase(
  name: string,
  run: (stores: OutageStores, attempt: Attempt) => Promise<void>,
): SuiteCase<MakeOutageStores> {
  return {
    name,
    run: async make => {
      const faults = createFaults()
      const stores = await make(faults)
      for (const when of ['before', 'after'] as const) {
        let hasFailed = true
        for (let command = 1; hasFailed; command++) {
          check(command <= MOST_COMMANDS, 'an operation sends a bounded number of commands')
          hasFailed = false
          const perform: Attempt['perform'] = async call => {
            const failing = faults.calls() + command
            faults.plan({ kind: 'fail', when, call: failing, error: new Error('the connection was lost') })
            const outcome = await settle(call)
            faults.clear()
            if (faults.calls() >= failing) hasFailed = true
            return outcome
          }
          await run(stores, { name: `${when}-${command}`, perform })
        }
      }
    },
  }
}

async function settle<T>(call: () => T | PromiseLike<T>): Promise<Outcome<T>> {
  try {
    return { answer: await call() }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    check(typeof code === 'string' && code.startsWith('ERR_STORE_'), 'a failure is a StoreError')
    return undefined
  }
}

/** What must hold of every adapter whose driver fails in the middle of an operation. */
export const outageSuite: readonly SuiteCase<MakeOutageStores>[] = [
  outageCase('An insert that fails took effect as a whole, or not at all', async ({ keys }, { name, perform }) => {
    if (keys === undefined) return
    const row = rowOf(`key-${name}`, { owner: name })
    const outcome = await perform(() => keys.insert(row, 1))
    const stored = await keys.get(row.keyId)
    if (outcome !== undefined) checkEqual([outcome.answer, stored], ['inserted', row], 'an answer is true')
    if (stored !== undefined) checkEqual(stored, row, 'the row is whole, if it is there')
    checkEqual(await keys.insert(row, 1), stored === undefined ? 'inserted' : 'exists', 'a retry is answered')
    checkEqual(await keys.insert(rowOf(`other-${name}`, { owner: name }), 1), 'limit', 'the owner has the one key')
    checkEqual(await keys.list({ owner: name, limit: 10 }), [row], 'and no other')
  }),
  outageCase('A replace that fails left the old row, or the new one', async ({ keys }, { name, perform }) => {
    if (keys === undefined) return
    const [old, next] = [rowOf(`key-${name}`, { owner: name }), rowOf(`key-${name}`, { owner: name, version: 2 })]
    await insertAll(keys, [old])
    const outcome = await perform(() => keys.replace(next, 1))
    const stored = await keys.get(old.keyId)
    if (outcome !== undefined) checkEqual([outcome.answer, stored], [true, next], 'an answer is true')
    checkEqual(stored, stored?.version === 1 ? old : next, 'the row is whole')
    checkEqual(await keys.replace(next, 1), stored?.version === 1, 'a retry is answered')
    checkEqual(await keys.list({ owner: name, limit: 10 }), [next], 'the row is there once')
  }),
  outageCase('A removal that fails left the row, or none', async ({ keys }, { name, perform }) => {
    if (keys === undefined) return
    const row = rowOf(`key-${name}`, { owner: name })
    await insertAll(keys, [row])
    const outcome = await perform(() => keys.remove(row.keyId, 1))
    const stored = await keys.get(row.keyId)
    if (outcome !== undefined) checkEqual([outcome.answer, stored], [true, undefined], 'an answer is true')
    checkEqual(await keys.remove(row.keyId, 1), stored !== undefined, 'a retry is answered')
    checkEqual(await keys.insert(rowOf(`other-${name}`, { owner: name }), 1), 'inserted', 'the place is free')
  }),
  outageCase('A read that fails gives no answer', async ({ keys }, { name, perform }) => {
    if (keys === undefined) return
    const row = rowOf(`key-${name}`, { owner: name })
    await insertAll(keys, [row])
    const outcome = await perform(() => keys.get(row.keyId))
    if (outcome !== undefined) checkEqual(outcome.answer, row, 'an answer is true')
    const listed = await perform(() => keys.list({ owner: name, limit: 10 }))
    if (listed !== undefined) checkEqual(listed.answer, [row], 'a list is whole')
    checkEqual(await keys.get(row.keyId), row, 'the next read is answered')
  }),
  outageCase('Of parallel inserts, one of which fails, one succeeds at most', async ({ keys }, { name, perform }) => {
    if (keys === undefined) return
    const insert = (i: number) => keys.insert(rowOf(`key-${name}-${i}`, { owner: name }), 1)
    const outcomes = await perform(() => inParallel(8, i => settle(() => insert(i))))
    const answers = outcomes?.answer.map(outcome => outcome?.answer) ?? []
    check(countOf(answers, 'inserted') <= 1, 'one says so at most')
    await insert(8)
    checkEqual((await keys.list({ owner: name, limit: 10 })).length, 1, 'the owner has one key')
  }),
  outageCase('A claim that fails lets nothing through twice', async ({ replay }, { name, perform }) => {
    if (replay === undefined) return
    const claim = () => replay.claim('key', name, Date.now() + MINUTE)
    const outcomes = [await perform(claim), await settle(claim), await settle(claim)]
    expectOnce(outcomes)
    checkEqual(await replay.claim('key', `other-${name}`, Date.now() + MINUTE), true, 'another token is claimed')
  }),
  outageCase('A nonce whose use fails is accepted once at most', async ({ replay }, { name, perform }) => {
    if (replay === undefined) return
    const advance = () => replay.advance(name, 7n, 4)
    expectOnce([await perform(advance), await settle(advance), await settle(advance)])
    checkEqual(await replay.advance(name, 8n, 4), true, 'the next nonce is accepted')
  }),
  outageCase('A use whose count fails is counted once, or not at all', async ({ usage }, { name, perform }) => {
    if (usage === undefined) return
    const once = { keyId: name, lastUsedAt: 1000, lastAddress: null, count: 1 }
    await usage.touch(once)
    const outcome = await perform(() => usage.touch({ ...once, lastUsedAt: 2000 }))
    const stored = await usage.get(name)
    const [before, after] = [once, { ...once, lastUsedAt: 2000, count: 2 }]
    checkEqual(stored, outcome === undefined && stored?.count === 1 ? before : after, 'the usage is whole')
  }),
]

/** The second and the third try met a driver that is well. */
function expectOnce(outcomes: readonly Outcome<boolean>[]): void {
  const answers = outcomes.map(outcome => outcome?.answer)
  check(countOf(answers, true) <= 1, 'it passes once at most')
  checkEqual(answers.slice(1).includes(undefined), false, 'the store works on')
  checkEqual(answers[2], false, 'in the end it is known')
}

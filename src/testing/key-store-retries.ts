import type { KeyStore } from '../store.js'
import { createFaults } from './faults.js'
import { insertAll, type MakeKeyStore, rowOf } from './key-rows.js'
import { check, checkEqual, type SuiteCase } from './suite.js'

/** Carries out a call whose answer gets lost. */
async function loseAnswer(store: KeyStore, call: (unreliable: KeyStore) => unknown): Promise<void> {
  const faults = createFaults()
  faults.plan({ kind: 'fail', when: 'after' })
  let isLost = false
  try {
    await call(faults.wrap(store))
  } catch {
    isLost = faults.calls() === 1
  }
  check(isLost, 'the answer was lost')
}

/** What must hold of a call that is tried again after its answer was lost. Each took effect, and the retry says no. */
export const KEY_RETRIES: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'An insert that is tried again after its answer was lost says exists, and takes one place',
    run: async make => {
      const store = await make()
      await loseAnswer(store, unreliable => unreliable.insert(rowOf('key'), 2))
      checkEqual(await store.get('key'), rowOf('key'), 'the row is there')
      checkEqual(await store.insert(rowOf('key'), 2), 'exists', 'the same row is not inserted again')
      checkEqual(await store.insert(rowOf('second'), 2), 'inserted', 'one place is left')
      checkEqual(await store.insert(rowOf('third'), 2), 'limit', 'and no more')
    },
  },
  {
    name: 'A replace that is tried again after its answer was lost says no, and changes nothing',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const next = rowOf('key', { version: 2 })
      await loseAnswer(store, unreliable => unreliable.replace(next, 1))
      checkEqual(await store.get('key'), next, 'the new row is there')
      checkEqual(await store.replace(next, 1), false, 'the version that was named is no longer there')
      checkEqual(await store.get('key'), next, 'the row is unchanged')
    },
  },
  {
    name: 'A removal that is tried again after its answer was lost says no, and frees no second place',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key'), rowOf('second')])
      await loseAnswer(store, unreliable => unreliable.remove('key', 1))
      checkEqual(await store.remove('key', 1), false, 'there is nothing to remove')
      checkEqual(await store.insert(rowOf('third'), 2), 'inserted', 'one place was freed')
      checkEqual(await store.insert(rowOf('fourth'), 2), 'limit', 'and no more')
    },
  },
]

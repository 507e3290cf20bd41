import type { KeyRow } from '../store.js'
import { insertAll, type MakeKeyStore, rowOf, UNLIMITED } from './key-rows.js'
import { check, checkEqual, countOf, inParallel, type SuiteCase } from './suite.js'

/** What must hold of `insert`, `replace` and `remove`. */
export const KEY_WRITES: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'A key id is inserted once, and a second insert changes nothing',
    run: async make => {
      const store = await make()
      const first = rowOf('key')
      await insertAll(store, [first])
      checkEqual(await store.insert(rowOf('key', { version: 2 }), UNLIMITED), 'exists', 'the second insert says exists')
      checkEqual(await store.get('key'), first, 'the first row is still there')
    },
  },
  {
    name: 'A key id is unique across owners',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const outcome = await store.insert(rowOf('key', { owner: 'owner-2' }), UNLIMITED)
      checkEqual(outcome, 'exists', 'the id of another owner’s key exists')
      checkEqual(await store.list({ owner: 'owner-2', limit: 10 }), [], 'the other owner has no key')
    },
  },
  {
    name: 'Of 64 parallel inserts of one id, one succeeds',
    run: async make => {
      const store = await make()
      const outcomes = await inParallel(64, i => store.insert(rowOf('key', { version: i + 1 }), UNLIMITED))
      checkEqual(countOf(outcomes, 'inserted'), 1, 'exactly one insert succeeds')
      checkEqual(countOf(outcomes, 'exists'), 63, 'all others say exists')
    },
  },
  {
    name: 'A row is replaced if its version is the expected one',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key', { version: 7 })])
      const next = rowOf('key', { version: 8, state: 'suspended', expiresAt: 5, createdAt: 6, record: '{"new":true}' })
      checkEqual(await store.replace(next, 7), true, 'replacing the current version succeeds')
      checkEqual(await store.get('key'), next, 'the new row is there, every column of it')
    },
  },
  {
    name: 'A row is not replaced if its version is another, older or newer',
    run: async make => {
      const store = await make()
      const current = rowOf('key', { version: 7 })
      await insertAll(store, [current])
      for (const stale of [6, 8, 0, 70]) {
        checkEqual(await store.replace(rowOf('key', { version: 9 }), stale), false, 'a wrong version is refused')
      }
      checkEqual(await store.get('key'), current, 'the row is unchanged')
    },
  },
  {
    name: 'Replacing a row that is not there creates none',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('other')])
      checkEqual(await store.replace(rowOf('key', { version: 2 }), 1), false, 'an absent row is not replaced')
      checkEqual(await store.get('key'), undefined, 'nothing was created')
    },
  },
  {
    name: 'Of 32 parallel writers that read the same version, one wins and its row stays',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const rows = Array.from({ length: 32 }, (_, i) => rowOf('key', { version: 2, record: `{"writer":${i}}` }))
      const outcomes = await inParallel(rows.length, i => store.replace(rows[i] as KeyRow, 1))
      checkEqual(countOf(outcomes, true), 1, 'exactly one replace succeeds')
      checkEqual(await store.get('key'), rows[outcomes.indexOf(true)], 'the row is the winner’s')
    },
  },
  {
    name: 'A row is removed if its version is the expected one, and not otherwise',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key', { version: 3 }), rowOf('other', { version: 3 })])
      checkEqual(await store.remove('key', 2), false, 'a stale version removes nothing')
      checkEqual(await store.remove('absent', 3), false, 'an absent row is not removed')
      check((await store.get('key')) !== undefined, 'the row is still there')
      checkEqual(await store.remove('key', 3), true, 'the current version is removed')
      checkEqual(await store.get('key'), undefined, 'the row is gone')
      checkEqual(await store.remove('key', 3), false, 'it is not removed twice')
      check((await store.get('other')) !== undefined, 'no other row went with it')
    },
  },
  {
    name: 'Of a replace and a remove in parallel, one wins',
    run: async make => {
      const store = await make()
      for (const [keyId, later] of [['replaced-first', 1] as const, ['removed-first', 0] as const]) {
        await insertAll(store, [rowOf(keyId)])
        const outcomes = await inParallel(2, i =>
          i === later ? store.remove(keyId, 1) : store.replace(rowOf(keyId, { version: 2 }), 1),
        )
        checkEqual(countOf(outcomes, true), 1, 'exactly one of them succeeds')
        const removed = outcomes[later]
        checkEqual((await store.get(keyId))?.version, removed ? undefined : 2, 'the row is as the winner left it')
      }
    },
  },
  {
    name: 'A removed key id can be inserted again, and no write to the old row reaches the new one',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key', { version: 5 })])
      await store.remove('key', 5)
      const again = rowOf('key', { owner: 'owner-2' })
      await insertAll(store, [again])
      checkEqual(await store.replace(rowOf('key', { version: 6 }), 5), false, 'the old version is unknown')
      checkEqual(await store.get('key'), again, 'the new row is there')
      checkEqual(await store.list({ owner: 'owner-1', limit: 10 }), [], 'the former owner has no key left')
    },
  },
  {
    name: 'A row that is replaced by one of another owner leaves the list and the limit of the former',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const moved = rowOf('key', { version: 2, owner: 'owner-2' })
      checkEqual(await store.replace(moved, 1), true, 'the owner is replaced like any other column')
      checkEqual(await store.get('key'), moved, 'the row has its new owner')
      checkEqual(await store.list({ owner: 'owner-1', limit: 10 }), [], 'the former owner has no key')
      checkEqual(await store.list({ owner: 'owner-2', limit: 10 }), [moved], 'the new one has it')
      checkEqual(await store.insert(rowOf('second', { owner: 'owner-2' }), 1), 'limit', 'which takes their place')
      checkEqual(await store.insert(rowOf('second'), 1), 'inserted', 'and leaves that of the former owner')
    },
  },
]

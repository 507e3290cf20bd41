import { insertAll, type MakeKeyStore, rowOf, UNLIMITED } from './key-rows.js'
import { checkEqual, countOf, inParallel, type SuiteCase } from './suite.js'

/** What must hold of the limit of keys an owner may have. */
export const KEY_LIMITS: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'An owner gets as many keys as the limit says, and no more',
    run: async make => {
      const store = await make()
      for (const i of [1, 2, 3])
        checkEqual(await store.insert(rowOf(`key-${i}`), 3), 'inserted', `key ${i} of 3 is inserted`)
      checkEqual(await store.insert(rowOf('key-4'), 3), 'limit', 'the fourth is refused')
      checkEqual(await store.get('key-4'), undefined, 'a refused row is not stored')
      checkEqual((await store.list({ owner: 'owner-1', limit: 10 })).length, 3, 'a refused row is not listed')
    },
  },
  {
    name: 'A limit of 0 admits nobody',
    run: async make => {
      const store = await make()
      checkEqual(await store.insert(rowOf('key'), 0), 'limit', 'the first key is refused')
    },
  },
  {
    name: 'With one place left, one of 64 parallel inserts succeeds',
    run: async make => {
      const store = await make()
      const limit = 16
      await insertAll(
        store,
        Array.from({ length: limit - 1 }, (_, i) => rowOf(`before-${i}`)),
      )
      const outcomes = await inParallel(64, i => store.insert(rowOf(`key-${i}`), limit))
      checkEqual(countOf(outcomes, 'inserted'), 1, 'exactly one insert succeeds')
      checkEqual(countOf(outcomes, 'limit'), 63, 'all others meet the limit')
      checkEqual((await store.list({ owner: 'owner-1', limit: 100 })).length, limit, 'the owner has as many as allowed')
    },
  },
  {
    name: 'The limit is each owner’s own',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1'), rowOf('key-2')])
      checkEqual(await store.insert(rowOf('key-3', { owner: 'owner-2' }), 1), 'inserted', 'another owner has room')
    },
  },
  {
    name: 'Revoked keys do not count, all others do',
    run: async make => {
      const store = await make()
      await insertAll(store, [
        rowOf('revoked-1', { state: 'revoked' }),
        rowOf('revoked-2', { state: 'revoked' }),
        rowOf('pending', { state: 'pending' }),
        rowOf('suspended', { state: 'suspended' }),
        rowOf('expired', { expiresAt: 1 }),
      ])
      checkEqual(
        await store.insert(rowOf('key-1'), 3),
        'limit',
        'pending, suspended and expired keys take a place each',
      )
      checkEqual(await store.insert(rowOf('key-1'), 4), 'inserted', 'revoked keys take none')
    },
  },
  {
    name: 'Revoking or removing a key frees its place, and only that does',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1'), rowOf('key-2')])
      await store.replace(rowOf('key-1', { version: 2, state: 'suspended' }), 1)
      checkEqual(await store.insert(rowOf('key-3'), 2), 'limit', 'a suspended key keeps its place')
      await store.replace(rowOf('key-1', { version: 3, state: 'revoked' }), 2)
      checkEqual(await store.insert(rowOf('key-3'), 2), 'inserted', 'a revoked key leaves its place')
      await store.remove('key-2', 1)
      checkEqual(await store.insert(rowOf('key-4'), 2), 'inserted', 'a removed key leaves its place')
      await store.remove('key-1', 3)
      checkEqual(await store.insert(rowOf('key-5'), 2), 'limit', 'a revoked key leaves no second place when removed')
    },
  },
  {
    name: 'Without a limit, 200 parallel inserts all succeed',
    run: async make => {
      const store = await make()
      const outcomes = await inParallel(200, i => store.insert(rowOf(`key-${i}`), UNLIMITED))
      checkEqual(countOf(outcomes, 'inserted'), 200, 'every insert succeeds')
    },
  },
]

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
  {
    name: 'A write that is refused frees no place',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1', { version: 5 }), rowOf('key-2')])
      checkEqual(await store.replace(rowOf('key-1', { version: 5, state: 'revoked' }), 4), false, 'a stale version')
      checkEqual(await store.replace(rowOf('absent', { version: 5, state: 'revoked' }), 4), false, 'an absent row')
      checkEqual(await store.remove('key-1', 4), false, 'a stale removal')
      checkEqual(await store.insert(rowOf('key-3'), 2), 'limit', 'the owner still has two keys')
    },
  },
  {
    name: 'Replacing a revoked key frees no second place',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1'), rowOf('key-2'), rowOf('key-3')])
      for (const version of [1, 2, 3]) {
        await store.replace(rowOf('key-1', { version: version + 1, state: 'revoked' }), version)
      }
      checkEqual(await store.insert(rowOf('key-4'), 3), 'inserted', 'a revoked key leaves its place')
      checkEqual(await store.insert(rowOf('key-5'), 3), 'limit', 'and that one only')
    },
  },
  {
    name: 'An insert that is refused takes no place',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1'), rowOf('other', { owner: 'owner-2' })])
      for (const keyId of ['key-1', 'other', 'key-1']) {
        checkEqual(await store.insert(rowOf(keyId, { version: 2 }), 3), 'exists', 'an id is taken once')
      }
      checkEqual(await store.insert(rowOf('key-2'), 1), 'limit', 'a lower limit is met')
      checkEqual(await store.insert(rowOf('key-2'), 3), 'inserted', 'the second of three')
      checkEqual(await store.insert(rowOf('key-3'), 3), 'inserted', 'the third of three')
    },
  },
  {
    name: 'An owner above a limit that was lowered gets no key until there is room again',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key-1'), rowOf('key-2'), rowOf('key-3')])
      checkEqual(await store.insert(rowOf('key-4'), 2), 'limit', 'three are more than two')
      await store.remove('key-1', 1)
      checkEqual(await store.insert(rowOf('key-4'), 2), 'limit', 'two are as many as allowed')
      await store.remove('key-2', 1)
      checkEqual(await store.insert(rowOf('key-4'), 2), 'inserted', 'one leaves room for another')
    },
  },
  {
    name: 'Of parallel inserts of several owners, each with one place left, one of each owner succeeds',
    run: async make => {
      const store = await make()
      const owners = Array.from({ length: 6 }, (_, i) => `owner-${i}`)
      await insertAll(
        store,
        owners.map(owner => rowOf(`${owner} before`, { owner })),
      )
      const outcomes = await inParallel(48, i => store.insert(rowOf(`key-${i}`, { owner: `owner-${i % 6}` }), 2))
      for (const [i, owner] of owners.entries()) {
        const own = outcomes.filter((_, at) => at % 6 === i)
        checkEqual(countOf(own, 'inserted'), 1, 'exactly one insert of the owner succeeds')
        checkEqual((await store.list({ owner, limit: 10 })).length, 2, 'the owner has as many as allowed')
      }
    },
  },
]

import { allKeyIds, insertAll, type MakeKeyStore, rowOf } from './key-rows.js'
import { checkEqual, type SuiteCase } from './suite.js'

/** What must hold of `list`. */
export const KEY_LISTS: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'A list is ordered by the bytes of the key id, whatever the page size',
    run: async make => {
      const store = await make()
      const keyIds = ['-', '0', '10', '9', 'A', 'B', 'Z', '_', 'a', 'aa', 'b', 'z', 'é', '\uff5e', '\u{1f511}']
      await insertAll(
        store,
        keyIds.toReversed().map(keyId => rowOf(keyId)),
      )
      for (const limit of [1, 2, 5, keyIds.length, 1000]) {
        checkEqual(await allKeyIds(store, 'owner-1', limit), keyIds, `pages of ${limit} give every key once, in order`)
      }
    },
  },
  {
    name: 'A list is the owner’s alone and at most as long as asked',
    run: async make => {
      const store = await make()
      await insertAll(store, [
        rowOf('a'),
        rowOf('b', { owner: 'owner-2' }),
        rowOf('c'),
        rowOf('d', { state: 'revoked' }),
      ])
      checkEqual(await store.list({ owner: 'owner-1', limit: 2 }), [rowOf('a'), rowOf('c')], 'two rows were asked for')
      const rest = await store.list({ owner: 'owner-1', limit: 2, after: 'c' })
      checkEqual(rest, [rowOf('d', { state: 'revoked' })], 'the last page holds what is left')
      checkEqual(await store.list({ owner: 'owner-1', limit: 2, after: 'd' }), [], 'after the last row comes nothing')
      checkEqual(await store.list({ owner: 'owner-3', limit: 2 }), [], 'an unknown owner has no keys')
    },
  },
  {
    name: 'Pages stay in step while keys come and go',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('b'), rowOf('d'), rowOf('f'), rowOf('h')])
      const first = await store.list({ owner: 'owner-1', limit: 2 })
      checkEqual(first, [rowOf('b'), rowOf('d')], 'the first page')
      await insertAll(store, [rowOf('a'), rowOf('c'), rowOf('e')])
      await store.remove('d', 1)
      const second = await store.list({ owner: 'owner-1', limit: 2, after: 'd' })
      checkEqual(second, [rowOf('e'), rowOf('f')], 'the next page goes on behind the last row, though it is gone')
      checkEqual(
        await store.list({ owner: 'owner-1', limit: 2, after: 'f' }),
        [rowOf('h')],
        'no row twice, none missed',
      )
    },
  },
  {
    name: 'A list shows rows as they are now',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const revoked = rowOf('key', { version: 2, state: 'revoked' })
      await store.replace(revoked, 1)
      checkEqual(await store.list({ owner: 'owner-1', limit: 10 }), [revoked], 'the replaced row is listed')
      await store.remove('key', 2)
      checkEqual(await store.list({ owner: 'owner-1', limit: 10 }), [], 'the removed row is not')
    },
  },
]

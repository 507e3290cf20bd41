import { insertAll, type MakeKeyStore, rowOf, scannedKeyIds } from './key-rows.js'
import { checkEqual, HOSTILE_TEXTS, type SuiteCase } from './suite.js'

/** What must hold of `scan`. */
export const KEY_SCANS: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'A scan of an empty store finds nothing',
    run: async make => {
      const store = await make()
      checkEqual(await store.scan({ limit: 10 }), [], 'the first page is empty')
      checkEqual(await store.scan({ limit: 10, after: 'key' }), [], 'so is any other')
    },
  },
  {
    name: 'A scan meets the rows of all owners, in every state',
    run: async make => {
      const store = await make()
      const rows = [
        rowOf('a', { owner: 'owner-2', state: 'pending' }),
        rowOf('b', { owner: 'owner-1', state: 'active', expiresAt: 0 }),
        rowOf('c', { owner: 'owner-3', state: 'suspended', version: 9 }),
        rowOf('d', { owner: 'owner-1', state: 'revoked' }),
      ]
      await insertAll(store, rows.toReversed())
      checkEqual(await store.scan({ limit: 10 }), rows, 'the scanned rows are equal')
    },
  },
  {
    name: 'A scan is ordered by the bytes of the key id, whatever the page size and whoever the owner',
    run: async make => {
      const store = await make()
      const keyIds = ['-', '0', '10', '9', 'A', 'B', 'Z', '_', 'a', 'aa', 'b', 'z', 'é', '\uff5e', '\u{1f511}']
      const rows = keyIds.map((keyId, i) => rowOf(keyId, { owner: `owner-${(i * 7) % 5}` }))
      await insertAll(store, rows.toReversed())
      for (const limit of [1, 2, 5, keyIds.length, 1000]) {
        checkEqual(await scannedKeyIds(store, limit), keyIds, `pages of ${limit} give every key once, in order`)
      }
    },
  },
  {
    name: 'A page of a scan is at most as long as asked, and begins behind the row it is told, there or not',
    run: async make => {
      const store = await make()
      const [a, b, d] = [rowOf('a'), rowOf('b', { owner: 'owner-2' }), rowOf('d')]
      await insertAll(store, [a, b, d])
      checkEqual(await store.scan({ limit: 2 }), [a, b], 'two rows were asked for')
      checkEqual(await store.scan({ limit: 2, after: 'b' }), [d], 'the last page holds what is left')
      checkEqual(await store.scan({ limit: 2, after: 'c' }), [d], 'a row that is not there has a place all the same')
      checkEqual(await store.scan({ limit: 2, after: 'd' }), [], 'after the last row comes nothing')
    },
  },
  {
    name: 'Pages of a scan stay in step while keys come and go',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('b'), rowOf('d', { owner: 'owner-2' }), rowOf('f'), rowOf('h')])
      checkEqual(await store.scan({ limit: 2 }), [rowOf('b'), rowOf('d', { owner: 'owner-2' })], 'the first page')
      await insertAll(store, [rowOf('a'), rowOf('c'), rowOf('e', { owner: 'owner-3' })])
      await store.remove('d', 1)
      const second = await store.scan({ limit: 2, after: 'd' })
      checkEqual(second, [rowOf('e', { owner: 'owner-3' }), rowOf('f')], 'the next page goes on behind the last row')
      checkEqual(await store.scan({ limit: 2, after: 'f' }), [rowOf('h')], 'no row twice, none missed')
    },
  },
  {
    name: 'A scan shows rows as they are now',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      checkEqual(await store.scan({ limit: 10 }), [rowOf('key')], 'the inserted row is met')
      const revoked = rowOf('key', { version: 2, state: 'revoked' })
      await store.replace(revoked, 1)
      checkEqual(await store.scan({ limit: 10 }), [revoked], 'the replaced row is met')
      await store.remove('key', 2)
      checkEqual(await store.scan({ limit: 10 }), [], 'the removed row is not')
      await insertAll(store, [rowOf('key')])
      checkEqual(await store.scan({ limit: 10 }), [rowOf('key')], 'a row that came back is met once')
    },
  },
  {
    name: 'A scan meets keys and owners that look alike, each once',
    run: async make => {
      const store = await make()
      await insertAll(
        store,
        HOSTILE_TEXTS.map(text => rowOf(text, { owner: text })),
      )
      const keyIds = await scannedKeyIds(store, 7)
      checkEqual(keyIds.length, HOSTILE_TEXTS.length, 'as many keys as were inserted')
      checkEqual(new Set(keyIds).size, HOSTILE_TEXTS.length, 'each of them another')
    },
  },
]

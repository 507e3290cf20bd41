import type { KeyRow } from '../store.js'
import { allKeyIds, insertAll, type MakeKeyStore, rowOf, UNLIMITED } from './key-rows.js'
import { checkEqual, HOSTILE_TEXTS, type SuiteCase, UNSTORABLE_TEXTS, unlessRefused, vandalise } from './suite.js'

const LONG = 'x'.repeat(100_000)

/** What must hold of `get` and `list`. */
export const KEY_READS: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'What was never inserted is absent',
    run: async make => {
      const store = await make()
      for (const keyId of [...HOSTILE_TEXTS, LONG]) {
        checkEqual(await store.get(keyId), undefined, 'an empty store has no row')
        checkEqual(await store.list({ owner: keyId, limit: 10 }), [], 'an empty store lists no row')
      }
    },
  },
  {
    name: 'A row comes back as it was inserted, in every state and at every extreme',
    run: async make => {
      const store = await make()
      const rows: readonly KeyRow[] = [
        rowOf('pending', { state: 'pending', expiresAt: 0, createdAt: 0 }),
        rowOf('active', { state: 'active', version: Number.MAX_SAFE_INTEGER }),
        rowOf('suspended', { state: 'suspended', expiresAt: 8_640_000_000_000_000 }),
        rowOf('revoked', { state: 'revoked', createdAt: 8_640_000_000_000_000 }),
      ]
      await insertAll(store, rows)
      for (const row of rows) checkEqual(await store.get(row.keyId), row, `the ${row.state} row is equal`)
      const listed = await store.list({ owner: 'owner-1', limit: 10 })
      checkEqual(
        listed,
        rows.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1)),
        'the listed rows are equal',
      )
    },
  },
  {
    name: 'The record comes back character by character, also when it is large',
    run: async make => {
      const store = await make()
      const records = [
        '{ "a" : 1.0 , "a" : "\\u0000" }\n',
        JSON.stringify({ texts: HOSTILE_TEXTS }),
        `"${'é🔑'.repeat(150_000)}"`,
      ]
      for (const [i, record] of records.entries()) {
        await insertAll(store, [rowOf(`key-${i}`, { record })])
        checkEqual((await store.get(`key-${i}`))?.record, record, 'the record is equal')
      }
    },
  },
  {
    name: 'What a caller does to a row, before or after, does not reach the store',
    run: async make => {
      const store = await make()
      const given = { ...rowOf('key') }
      await insertAll(store, [given])
      vandalise(given)
      checkEqual(await store.get('key'), rowOf('key'), 'the row inserted was copied')
      const replacement = { ...rowOf('key', { version: 2 }) }
      await store.replace(replacement, 1)
      vandalise(replacement)
      const read = await store.get('key')
      if (read !== undefined) vandalise(read)
      const listed = await store.list({ owner: 'owner-1', limit: 10 })
      for (const row of listed) vandalise(row)
      vandalise(listed)
      checkEqual(await store.get('key'), rowOf('key', { version: 2 }), 'the stored row is unchanged')
      checkEqual(await store.list({ owner: 'owner-1', limit: 10 }), [rowOf('key', { version: 2 })], 'so is the list')
    },
  },
  {
    name: 'Key ids that look alike are different keys',
    run: async make => {
      const store = await make()
      const held: string[] = []
      for (const keyId of [...HOSTILE_TEXTS, ...UNSTORABLE_TEXTS]) {
        const outcome = await unlessRefused(() => store.insert(rowOf(keyId), UNLIMITED))
        if (outcome === undefined && UNSTORABLE_TEXTS.includes(keyId)) continue
        checkEqual(outcome, 'inserted', `${JSON.stringify(keyId)} is not taken for another key id`)
        held.push(keyId)
      }
      for (const keyId of held) checkEqual(await store.get(keyId), rowOf(keyId), 'each id finds its own row')
      for (const keyId of UNSTORABLE_TEXTS) {
        const found = await unlessRefused(() => store.get(keyId))
        checkEqual(found?.keyId, held.includes(keyId) ? keyId : undefined, 'an id that was refused finds no row')
      }
      checkEqual((await allKeyIds(store, 'owner-1', 10)).length, held.length, 'all of them are listed')
    },
  },
  {
    name: 'Owners that look alike are different owners',
    run: async make => {
      const store = await make()
      for (const [i, owner] of HOSTILE_TEXTS.entries()) {
        checkEqual(await store.insert(rowOf(`key-${i}`, { owner }), 1), 'inserted', 'each owner has a limit of its own')
      }
      for (const [i, owner] of HOSTILE_TEXTS.entries()) {
        checkEqual(await allKeyIds(store, owner, 10), [`key-${i}`], `${JSON.stringify(owner)} sees its own key only`)
      }
    },
  },
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

import type { KeyRow } from '../store.js'
import { allKeyIds, insertAll, type MakeKeyStore, rowOf, UNLIMITED } from './key-rows.js'
import { checkEqual, HOSTILE_TEXTS, type SuiteCase, UNSTORABLE_TEXTS, unlessRefused, vandalise } from './suite.js'

const LONG = 'x'.repeat(100_000)

/** What must hold of reading one row, and of what rows can hold. */
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
    name: 'Ids and owners that share a long beginning are different',
    run: async make => {
      const store = await make()
      // As long as the library makes or admits them.
      const keyIds = ['a', 'b'].map(end => 'k'.repeat(127) + end)
      const owners = ['o', '\uffe5'].flatMap(text => ['a', 'b'].map(end => text.repeat(255) + end))
      for (const [i, owner] of owners.entries()) {
        checkEqual(await store.insert(rowOf(`key-${i}`, { owner }), 1), 'inserted', 'each owner has a limit of its own')
      }
      await insertAll(
        store,
        keyIds.map(keyId => rowOf(keyId)),
      )
      for (const keyId of keyIds) checkEqual(await store.get(keyId), rowOf(keyId), 'each id finds its own row')
      for (const [i, owner] of owners.entries()) {
        checkEqual(await allKeyIds(store, owner, 10), [`key-${i}`], 'each owner sees its own key only')
      }
    },
  },
  {
    name: 'An owner or a record the store cannot hold is refused, or comes back whole',
    run: async make => {
      const store = await make()
      const current = rowOf('key')
      await insertAll(store, [current])
      for (const [i, text] of UNSTORABLE_TEXTS.entries()) {
        for (const field of ['owner', 'record']) {
          const row = rowOf(`${field}-${i}`, { [field]: text })
          const outcome = await unlessRefused(() => store.insert(row, UNLIMITED))
          checkEqual(await store.get(row.keyId), outcome && row, `a row with such a text as its ${field} is whole`)
        }
        const next = rowOf('key', { version: current.version + i + 1, record: text })
        const before = await store.get('key')
        const replaced = await unlessRefused(() => store.replace(next, before?.version ?? 0))
        checkEqual(await store.get('key'), replaced ? next : before, 'so is one that was replaced')
      }
    },
  },
  {
    name: 'A key that was looked for before it was there is found',
    run: async make => {
      const store = await make()
      checkEqual(await store.get('key'), undefined, 'it is not there yet')
      await insertAll(store, [rowOf('key')])
      checkEqual(await store.get('key'), rowOf('key'), 'it is there now')
      await store.remove('key', 1)
      checkEqual(await store.get('key'), undefined, 'it is gone')
      await insertAll(store, [rowOf('key', { version: 2 })])
      checkEqual(await store.get('key'), rowOf('key', { version: 2 }), 'it is there again')
    },
  },
]

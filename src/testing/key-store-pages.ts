import { byBytes, insertAll, type MakeKeyStore, rowOf, UNLIMITED } from './key-rows.js'
import { checkEqual, HOSTILE_TEXTS, inParallel, type SuiteCase, unlessRefused } from './suite.js'

/** What must hold of the pages of `list` and `scan`. */
export const KEY_PAGES: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'A page holds as many rows as asked while there are any',
    run: async make => {
      const store = await make()
      const keyIds = Array.from({ length: 130 }, (_, i) => `key-${i + 100}`)
      await inParallel(keyIds.length, i => store.insert(rowOf(keyIds[i] ?? ''), UNLIMITED))
      // Whoever gets fewer takes the page for the last one.
      for (const [limit, expected] of [[120, 120] as const, [1000, 130] as const]) {
        checkEqual((await store.list({ owner: 'owner-1', limit })).length, expected, `a list of ${limit} is full`)
        checkEqual((await store.scan({ limit })).length, expected, `a scan of ${limit} is full`)
      }
      const rest = await store.scan({ limit: 120, after: 'key-219' })
      checkEqual(rest.length, 10, 'the last page holds what is left')
    },
  },
  {
    name: 'A page of no size holds no row',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('a'), rowOf('b')])
      for (const limit of [0, -1, Number.NaN]) {
        const listed = await unlessRefused(() => store.list({ owner: 'owner-1', limit }))
        checkEqual(listed ?? [], [], `a list of ${limit} is empty, or refused`)
        const scanned = await unlessRefused(() => store.scan({ limit }))
        checkEqual(scanned ?? [], [], `a scan of ${limit} is empty, or refused`)
      }
    },
  },
  {
    name: 'A page begins behind any text by its bytes, whether it is an id or not',
    run: async make => {
      const store = await make()
      const keyIds = HOSTILE_TEXTS.filter((_, i) => i % 2 === 0).toSorted(byBytes)
      await inParallel(keyIds.length, i => store.insert(rowOf(keyIds[i] ?? ''), UNLIMITED))
      await inParallel(HOSTILE_TEXTS.length, async i => {
        const after = HOSTILE_TEXTS[i] ?? ''
        const expected = keyIds.filter(keyId => byBytes(keyId, after) > 0)
        const listed = await store.list({ owner: 'owner-1', limit: 1000, after })
        const claim = `behind ${JSON.stringify(after)} come the ids above it`
        checkEqual(
          listed.map(({ keyId }) => keyId),
          expected,
          claim,
        )
      })
    },
  },
  {
    name: 'Pages miss no row, and have none twice, while others are inserted',
    run: async make => {
      const store = await make()
      const before = Array.from({ length: 16 }, (_, i) => `key-${i + 10}`)
      await insertAll(
        store,
        before.map(keyId => rowOf(keyId)),
      )
      const reads = {
        list: (after: string | undefined) => store.list({ owner: 'owner-1', limit: 5, after }),
        scan: (after: string | undefined) => store.scan({ limit: 5, after }),
      }
      for (const [name, read] of Object.entries(reads)) {
        const seen: string[] = []
        for (let page = 0, isLast = false; !isLast; page++) {
          const inserts = ['a', 'key-10', 'key-18', 'key-30'].map(start => `${start}-${name}-${page}`)
          const [rows = []] = await inParallel(1 + inserts.length, async i => {
            if (i === 0) return read(seen.at(-1))
            await store.insert(rowOf(inserts[i - 1] ?? ''), UNLIMITED)
            return []
          })
          seen.push(...rows.map(({ keyId }) => keyId))
          isLast = rows.length === 0 || page > 20
        }
        const known = seen.filter(keyId => before.includes(keyId))
        checkEqual(known, before, `a ${name} has every row that was there all the time once, in order`)
      }
    },
  },
]

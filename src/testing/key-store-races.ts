import type { KeyRow, KeyStore } from '../store.js'
import { insertAll, type MakeKeyStore, rowOf } from './key-rows.js'
import { checkEqual, countOf, inParallel, type SuiteCase } from './suite.js'

/** Owner, state and all numbers follow from the version, so that a row made of two shows. */
function rowOfVersion(version: number): KeyRow {
  const state = version % 2 === 0 ? 'suspended' : 'active'
  return rowOf('key', { version, state, createdAt: version, expiresAt: version })
}

/** Reads again and again, and checks that each row is one that was written. */
async function expectWhole(read: () => Promise<readonly KeyRow[]>): Promise<void> {
  for (let reads = 0; reads < 30; reads++) {
    const [row, ...others] = await read()
    checkEqual(row, rowOfVersion(row?.version ?? 0), 'the row is as one write left it')
    checkEqual(others, [], 'it is there once')
  }
}

function readersOf(store: KeyStore): readonly (() => Promise<readonly KeyRow[]>)[] {
  return [
    async () => [await store.get('key')].filter(row => row !== undefined),
    async () => store.list({ owner: 'owner-1', limit: 10 }),
    async () => store.scan({ limit: 10 }),
  ]
}

/** What must hold of calls that overlap. */
export const KEY_RACES: readonly SuiteCase<MakeKeyStore>[] = [
  {
    name: 'A row is read whole, and once, while it is replaced',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOfVersion(1)])
      const write = async () => {
        for (let version = 1; version <= 12; version++) {
          checkEqual(await store.replace(rowOfVersion(version + 1), version), true, 'nobody else writes')
        }
      }
      await Promise.all([write(), ...readersOf(store).map(expectWhole)])
      checkEqual(await store.get('key'), rowOfVersion(13), 'the last write stays')
    },
  },
  {
    name: 'Parallel reads get the rows they asked for',
    run: async make => {
      const store = await make()
      const rows = Array.from({ length: 24 }, (_, i) => rowOf(`key-${i}`, { owner: `owner-${i}` }))
      await insertAll(store, rows)
      const found = await inParallel(48, i => store.get(`key-${i}`))
      checkEqual(found.slice(0, 24), rows, 'every id gets its own row')
      checkEqual(
        found.slice(24),
        Array.from({ length: 24 }, () => undefined),
        'an id without a row gets none',
      )
      const lists = await inParallel(24, i => store.list({ owner: `owner-${i}`, limit: 10 }))
      checkEqual(lists.flat(), rows, 'every owner gets their own list')
    },
  },
  {
    name: 'Of 16 parallel removals, one succeeds',
    run: async make => {
      const store = await make()
      await insertAll(store, [rowOf('key')])
      const outcomes = await inParallel(16, () => store.remove('key', 1))
      checkEqual(countOf(outcomes, true), 1, 'exactly one removes the row')
      checkEqual(await store.get('key'), undefined, 'the row is gone')
    },
  },
]

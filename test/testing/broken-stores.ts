import type { AuditEntry, KeyRow, KeyStore, KeyUsage, ListQuery, ReplayStore, ScanQuery } from '../../src/store.js'
import { createMemoryKeyStore, createMemoryReplayStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import type { MakeAuditSink, MakeKeyStore, MakeReplayStore, MakeUsageStore } from '../../src/testing/index.js'
import { UNSTORABLE_TEXTS } from '../../src/testing/suite.js'
import type { Clock } from '../../src/time.js'

/** Stores with one typical defect each, and what must notice it. */

/** A store that is defective in one way; the titles of cases that must fail, at least. */
export interface Broken<Make> {
  readonly defect: string
  readonly make: Make
  readonly noticedBy: readonly string[]
  /** Whether no other case of the suite notices it. */
  readonly only?: true
}

const turn = () => new Promise(resolve => setImmediate(resolve))

/** A correct key store, with some of it replaced. */
function keyStore(change: (store: KeyStore) => Partial<KeyStore>): MakeKeyStore {
  return () => {
    const store = createMemoryKeyStore()
    return { ...store, ...change(store) }
  }
}

/** A correct key store that sees key ids and owners through a function, as a careless column does. */
function seenThrough(see: (text: string) => string): MakeKeyStore {
  return () => {
    const store = createMemoryKeyStore()
    const given = new Map<string, KeyRow>()
    const remember = (row: KeyRow) => given.set(see(row.keyId), Object.freeze({ ...row }))
    const seen = (row: KeyRow) => ({ ...row, keyId: see(row.keyId), owner: see(row.owner) })
    return {
      get: keyId => (store.get(see(keyId)) === undefined ? undefined : given.get(see(keyId))),
      insert(row, maxPerOwner) {
        const outcome = store.insert(seen(row), maxPerOwner)
        if (outcome === 'inserted') remember(row)
        return outcome
      },
      replace(row, expectedVersion) {
        const replaced = store.replace(seen(row), expectedVersion)
        if (replaced) remember(row)
        return replaced
      },
      remove: (keyId, expectedVersion) => store.remove(see(keyId), expectedVersion),
      async list(query) {
        const after = query.after === undefined ? {} : { after: see(query.after) }
        const rows = await store.list({ owner: see(query.owner), limit: query.limit, ...after })
        return rows.flatMap(row => given.get(row.keyId) ?? [])
      },
      async scan({ limit, after }) {
        const rows = await store.scan({ limit, after: after === undefined ? undefined : see(after) })
        return rows.flatMap(row => given.get(row.keyId) ?? [])
      },
    }
  }
}

/** A key store over a plain map, whose rows are whatever `copy` makes of those it is given. */
function mapStore(copy: (row: KeyRow) => KeyRow): MakeKeyStore {
  return () => {
    const rows = new Map<string, KeyRow>()
    const scanned = ({ limit, after }: ScanQuery, of: (row: KeyRow) => boolean = () => true) =>
      [...rows.values()]
        .filter(row => of(row) && (after === undefined || row.keyId > after))
        .sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
        .slice(0, limit)
    const listed = (query: ListQuery) => scanned(query, row => row.owner === query.owner)
    const living = (owner: string) => [...rows.values()].filter(row => row.owner === owner && row.state !== 'revoked')
    return {
      get: keyId => rows.get(keyId),
      insert(row, maxPerOwner) {
        if (rows.has(row.keyId)) return 'exists'
        if (living(row.owner).length >= maxPerOwner) return 'limit'
        rows.set(row.keyId, copy(row))
        return 'inserted'
      },
      replace(row, expectedVersion) {
        if (rows.get(row.keyId)?.version !== expectedVersion) return false
        rows.set(row.keyId, copy(row))
        return true
      },
      remove: (keyId, expectedVersion) => rows.get(keyId)?.version === expectedVersion && rows.delete(keyId),
      list: listed,
      scan: query => scanned(query),
    }
  }
}

/** A key store that counts freed places beside the rows, and now and then one too many. */
function countingStore(countsToo: (written: boolean) => boolean): MakeKeyStore {
  return keyStore(store => {
    const freed = new Map<string, number>()
    return {
      insert: (row, maxPerOwner) => store.insert(row, maxPerOwner + (freed.get(row.owner) ?? 0)),
      async replace(row, expectedVersion) {
        const old = await store.get(row.keyId)
        const written = await store.replace(row, expectedVersion)
        const isFreed = written && old?.state !== 'revoked'
        if (row.state === 'revoked' && !isFreed && countsToo(written)) {
          freed.set(row.owner, (freed.get(row.owner) ?? 0) + 1)
        }
        return written
      },
    }
  })
}

const ALIKE = 'Key ids that look alike are different keys'
const ONE_PLACE_LEFT = 'With one place left, one of 64 parallel inserts succeeds'

export const BROKEN_KEY_STORES: readonly Broken<MakeKeyStore>[] = [
  {
    defect: 'counts, waits, and inserts',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const rows = await store.list({ owner: row.owner, limit: 1000 })
        if ((await store.get(row.keyId)) !== undefined) return 'exists'
        if (rows.filter(each => each.state !== 'revoked').length >= maxPerOwner) return 'limit'
        await turn()
        return store.insert(row, Number.MAX_SAFE_INTEGER)
      },
    })),
    noticedBy: [ONE_PLACE_LEFT],
  },
  {
    defect: 'overwrites a key that exists',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const old = await store.get(row.keyId)
        if (old !== undefined) await store.remove(row.keyId, old.version)
        return store.insert(row, maxPerOwner)
      },
    })),
    noticedBy: ['A key id is inserted once, and a second insert changes nothing', 'A key id is unique across owners'],
  },
  {
    defect: 'ignores the limit',
    make: keyStore(store => ({ insert: row => store.insert(row, Number.MAX_SAFE_INTEGER) })),
    noticedBy: [
      'An owner gets as many keys as the limit says, and no more',
      'A limit of 0 admits nobody',
      ONE_PLACE_LEFT,
    ],
  },
  {
    defect: 'counts revoked keys',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const { length } = await store.list({ owner: row.owner, limit: 1000 })
        return length < maxPerOwner ? store.insert(row, maxPerOwner) : 'limit'
      },
    })),
    noticedBy: ['Revoked keys do not count, all others do'],
  },
  {
    defect: 'ignores the version when replacing',
    make: keyStore(store => ({
      async replace(row) {
        const old = await store.get(row.keyId)
        return old !== undefined && store.replace(row, old.version)
      },
    })),
    noticedBy: ['A row is not replaced if its version is another, older or newer'],
  },
  {
    defect: 'reads the version, waits, and replaces',
    make: keyStore(store => ({
      async replace(row, expectedVersion) {
        if ((await store.get(row.keyId))?.version !== expectedVersion) return false
        await turn()
        const old = await store.get(row.keyId)
        return old !== undefined && store.replace(row, old.version)
      },
    })),
    noticedBy: ['Of 32 parallel writers that read the same version, one wins and its row stays'],
  },
  {
    defect: 'creates the row it cannot replace',
    make: keyStore(store => ({
      async replace(row, expectedVersion) {
        if ((await store.get(row.keyId)) === undefined) await store.insert(row, Number.MAX_SAFE_INTEGER)
        return store.replace(row, expectedVersion)
      },
    })),
    noticedBy: ['Replacing a row that is not there creates none'],
  },
  {
    defect: 'ignores the version when removing',
    make: keyStore(store => ({
      async remove(keyId) {
        const old = await store.get(keyId)
        return old !== undefined && store.remove(keyId, old.version)
      },
    })),
    noticedBy: ['A row is removed if its version is the expected one, and not otherwise'],
  },
  {
    defect: 'says it replaced, and did not',
    make: keyStore(store => ({ replace: async (row, version) => (await store.get(row.keyId))?.version === version })),
    noticedBy: ['A row is replaced if its version is the expected one'],
  },
  { defect: 'folds case', make: seenThrough(text => text.toLowerCase()), noticedBy: [ALIKE] },
  {
    defect: 'trims blanks',
    make: seenThrough(text => text.trimEnd()),
    noticedBy: [ALIKE, 'Owners that look alike are different owners'],
  },
  { defect: 'normalises Unicode', make: seenThrough(text => text.normalize('NFC')), noticedBy: [ALIKE] },
  { defect: 'cuts text at NUL', make: seenThrough(text => text.split('\0')[0] ?? ''), noticedBy: [ALIKE] },
  {
    defect: 'replaces half a surrogate pair',
    make: seenThrough(text => Buffer.from(text).toString()),
    noticedBy: [ALIKE],
  },
  {
    defect: 'keeps the caller’s rows',
    make: mapStore(row => row),
    noticedBy: ['What a caller does to a row, before or after, does not reach the store'],
  },
  {
    defect: 'gives out its own rows, unfrozen',
    make: mapStore(row => ({ ...row })),
    noticedBy: ['What a caller does to a row, before or after, does not reach the store'],
  },
  {
    defect: 'orders as JavaScript does',
    make: mapStore(row => Object.freeze({ ...row })),
    noticedBy: [
      'A list is ordered by the bytes of the key id, whatever the page size',
      'A scan is ordered by the bytes of the key id, whatever the page size and whoever the owner',
    ],
  },
  {
    defect: 'parses the record and writes it anew',
    make: mapStore(row => Object.freeze({ ...row, record: JSON.stringify(JSON.parse(row.record)) })),
    noticedBy: ['The record comes back character by character, also when it is large'],
  },
  {
    defect: 'holds instants as 32-bit numbers',
    make: mapStore(row => Object.freeze({ ...row, createdAt: row.createdAt | 0 })),
    noticedBy: ['A row comes back as it was inserted, in every state and at every extreme'],
  },
  {
    defect: 'takes no expiry for 0',
    make: mapStore(row => Object.freeze({ ...row, expiresAt: row.expiresAt || null })),
    noticedBy: ['A row comes back as it was inserted, in every state and at every extreme'],
  },
  {
    defect: 'pages by position',
    make: keyStore(store => ({
      async list({ owner, limit, after }) {
        const rows = await store.list({ owner, limit: 1000 })
        const at = rows.findIndex(row => row.keyId === after)
        return rows.slice(at + 1, at + 1 + limit)
      },
    })),
    noticedBy: ['Pages stay in step while keys come and go'],
  },
  {
    defect: 'lists everybody’s keys',
    make: keyStore(store => {
      const owners = new Set<string>()
      return {
        insert(row, maxPerOwner) {
          owners.add(row.owner)
          return store.insert(row, maxPerOwner)
        },
        async list(query) {
          const lists = await Promise.all([...owners].map(owner => store.list({ ...query, owner })))
          return lists
            .flat()
            .sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
            .slice(0, query.limit)
        },
      }
    }),
    noticedBy: ['A list is the owner’s alone and at most as long as asked'],
  },
  {
    defect: 'ignores the page size',
    make: keyStore(store => ({ list: query => store.list({ ...query, limit: 1000 }) })),
    noticedBy: ['A list is the owner’s alone and at most as long as asked'],
  },
  {
    defect: 'scans one owner after the other',
    make: keyStore(store => ({
      async scan({ limit, after }) {
        const rows = await store.scan({ limit: 1000 })
        const grouped = rows.toSorted((a, b) => (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0))
        const at = grouped.findIndex(row => row.keyId === after)
        return grouped.slice(at + 1, at + 1 + limit)
      },
    })),
    noticedBy: ['A scan is ordered by the bytes of the key id, whatever the page size and whoever the owner'],
  },
  {
    defect: 'scans by position',
    make: keyStore(store => ({
      async scan({ limit, after }) {
        const rows = await store.scan({ limit: 1000 })
        const at = rows.findIndex(row => row.keyId === after)
        return rows.slice(at + 1, at + 1 + limit)
      },
    })),
    noticedBy: ['Pages of a scan stay in step while keys come and go'],
  },
  {
    defect: 'leaves revoked keys out of a scan',
    make: keyStore(store => ({
      scan: async query => (await store.scan(query)).filter(({ state }) => state !== 'revoked'),
    })),
    noticedBy: ['A scan meets the rows of all owners, in every state'],
  },
  {
    defect: 'ignores the page size of a scan',
    make: keyStore(store => ({ scan: query => store.scan({ ...query, limit: 1000 }) })),
    noticedBy: ['A page of a scan is at most as long as asked, and begins behind the row it is told, there or not'],
  },
  {
    defect: 'scans a list that it made earlier',
    make: keyStore(store => {
      let made: readonly KeyRow[] | undefined
      return {
        async scan({ limit, after }) {
          made ??= await store.scan({ limit: 1000 })
          return made.filter(row => after === undefined || row.keyId > after).slice(0, limit)
        },
      }
    }),
    noticedBy: ['A scan shows rows as they are now', 'Pages of a scan stay in step while keys come and go'],
  },
  {
    defect: 'keeps properties in an object',
    make: keyStore(store => {
      const rows: Record<string, KeyRow> = {}
      return {
        get: keyId => rows[keyId],
        insert(row, maxPerOwner) {
          rows[row.keyId] = row
          return store.insert(row, maxPerOwner)
        },
      }
    }),
    noticedBy: ['What was never inserted is absent'],
  },
  {
    defect: 'looks for the id, waits, and inserts',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        if ((await store.get(row.keyId)) !== undefined) return 'exists'
        await turn()
        const old = await store.get(row.keyId)
        if (old !== undefined) await store.remove(row.keyId, old.version)
        return store.insert(row, maxPerOwner)
      },
    })),
    noticedBy: ['Of 64 parallel inserts of one id, one succeeds'],
    only: true,
  },
  {
    defect: 'counts everybody’s keys',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const rows = await store.scan({ limit: 1000 })
        if (await store.get(row.keyId)) return 'exists'
        return rows.filter(({ state }) => state !== 'revoked').length < maxPerOwner ? store.insert(row, 1000) : 'limit'
      },
    })),
    noticedBy: ['The limit is each owner’s own'],
  },
  {
    defect: 'fails when 150 call at the same time',
    make: keyStore(store => {
      let waiting = 0
      return {
        async insert(row, maxPerOwner) {
          if (++waiting >= 150) throw new Error('the queue is full')
          await turn()
          waiting--
          return store.insert(row, maxPerOwner)
        },
      }
    }),
    noticedBy: ['Without a limit, 200 parallel inserts all succeed'],
    only: true,
  },
  {
    defect: 'lists rows as they were inserted',
    make: keyStore(store => {
      const inserted = new Map<string, KeyRow>()
      return {
        async insert(row, maxPerOwner) {
          const outcome = await store.insert(row, maxPerOwner)
          if (outcome === 'inserted') inserted.set(row.keyId, { ...row })
          return outcome
        },
        list: async query => (await store.list(query)).flatMap(({ keyId }) => inserted.get(keyId) ?? []),
      }
    }),
    noticedBy: ['A list shows rows as they are now'],
  },
  {
    defect: 'takes no id that was there once',
    make: keyStore(store => {
      const known = new Set<string>()
      return {
        async insert(row, maxPerOwner) {
          if (known.has(row.keyId)) return 'exists'
          const outcome = await store.insert(row, maxPerOwner)
          if (outcome === 'inserted') known.add(row.keyId)
          return outcome
        },
      }
    }),
    noticedBy: ['A removed key id can be inserted again, and no write to the old row reaches the new one'],
  },
  {
    defect: 'scans one of the keys that differ in blanks only',
    make: keyStore(store => ({
      async scan(query) {
        const rows = new Map((await store.scan(query)).map(row => [row.keyId.trim(), row] as const))
        return [...rows.values()]
      },
    })),
    noticedBy: ['A scan meets keys and owners that look alike, each once'],
    only: true,
  },
  {
    defect: 'looks at the version, waits, and removes whatever is there',
    make: keyStore(store => ({
      async remove(keyId, expectedVersion) {
        if ((await store.get(keyId))?.version !== expectedVersion) return false
        await turn()
        const row = await store.get(keyId)
        return row !== undefined && store.remove(keyId, row.version)
      },
    })),
    noticedBy: ['Of a replace and a remove in parallel, one wins'],
    only: true,
  },
  {
    defect: 'frees a place for a revoked key that is removed',
    make: keyStore(store => {
      const freed = new Map<string, number>()
      return {
        insert: (row, maxPerOwner) => store.insert(row, maxPerOwner + (freed.get(row.owner) ?? 0)),
        async remove(keyId, expectedVersion) {
          const row = await store.get(keyId)
          if (row?.state === 'revoked') freed.set(row.owner, (freed.get(row.owner) ?? 0) + 1)
          return store.remove(keyId, expectedVersion)
        },
      }
    }),
    noticedBy: ['Revoking or removing a key frees its place, and only that does'],
    only: true,
  },
  {
    defect: 'asks an empty table for its last row',
    make: keyStore(store => ({
      async scan(query) {
        const rows = await store.scan({ limit: 1000 })
        if (rows.length === 0) throw new Error('no row')
        return store.scan(query)
      },
    })),
    noticedBy: ['A scan of an empty store finds nothing'],
  },
  {
    defect: 'cuts ids and owners at 100 characters',
    make: seenThrough(text => text.slice(0, 100)),
    noticedBy: ['Ids and owners that share a long beginning are different'],
    only: true,
  },
  {
    defect: 'cuts a record at NUL',
    make: keyStore(store => {
      const cut = (row: KeyRow) => ({ ...row, record: row.record.split('\0')[0] ?? '' })
      return {
        insert: (row, maxPerOwner) => store.insert(cut(row), maxPerOwner),
        replace: (row, expectedVersion) => store.replace(cut(row), expectedVersion),
      }
    }),
    noticedBy: ['An owner or a record the store cannot hold is refused, or comes back whole'],
    only: true,
  },
  {
    defect: 'remembers that a key was absent',
    make: keyStore(store => {
      const absent = new Set<string>()
      return {
        async get(keyId) {
          const row = absent.has(keyId) ? undefined : await store.get(keyId)
          if (row === undefined) absent.add(keyId)
          return row
        },
      }
    }),
    noticedBy: ['A key that was looked for before it was there is found'],
    only: true,
  },
  {
    defect: 'gives 100 rows a page at most',
    make: keyStore(store => ({
      list: query => store.list({ ...query, limit: Math.min(query.limit, 100) }),
      scan: query => store.scan({ ...query, limit: Math.min(query.limit, 100) }),
    })),
    noticedBy: ['A page holds as many rows as asked while there are any'],
    only: true,
  },
  {
    defect: 'takes a page of no size for one without an end',
    make: keyStore(store => ({
      list: query => store.list({ ...query, limit: query.limit > 0 ? query.limit : 1000 }),
      scan: query => store.scan({ ...query, limit: query.limit > 0 ? query.limit : 1000 }),
    })),
    noticedBy: ['A page of no size holds no row'],
    only: true,
  },
  {
    defect: 'begins a page behind an id as it would be written in another way',
    make: keyStore(store => ({ list: query => store.list({ ...query, after: query.after?.normalize('NFC') }) })),
    noticedBy: ['A page begins behind any text by its bytes, whether it is an id or not'],
  },
  {
    defect: 'counts the rows before a page, waits, and leaves out as many',
    make: keyStore(store => {
      type Read = (query: ScanQuery) => ReturnType<KeyStore['scan']>
      const paged = async (read: Read, { limit, after }: ScanQuery) => {
        if (!(limit >= 1 && limit <= 1000)) return read({ limit })
        const all = await read({ limit: 1000 })
        const before = all.length - (await read({ limit: 1000, after })).length
        await turn()
        return (await read({ limit: 1000 })).slice(before, before + limit)
      }
      return {
        list: ({ owner, ...query }) => paged(each => store.list({ owner, ...each }), query),
        scan: query => paged(store.scan, query),
      }
    }),
    noticedBy: ['Pages miss no row, and have none twice, while others are inserted'],
    only: true,
  },
  {
    defect: 'writes a row in two steps',
    make: keyStore(store => {
      const records = new Map<string, string>()
      return {
        async replace(row, expectedVersion) {
          if ((await store.get(row.keyId))?.version !== expectedVersion) return false
          records.set(row.keyId, row.record)
          await turn()
          return store.replace(row, expectedVersion)
        },
        async get(keyId) {
          const row = await store.get(keyId)
          return row && { ...row, record: records.get(keyId) ?? row.record }
        },
      }
    }),
    noticedBy: ['A row is read whole, and once, while it is replaced'],
  },
  {
    defect: 'replaces a row by removing it first',
    make: keyStore(store => ({
      async replace(row, expectedVersion) {
        if (!(await store.remove(row.keyId, expectedVersion))) return false
        await turn()
        return (await store.insert(row, Number.MAX_SAFE_INTEGER)) === 'inserted'
      },
    })),
    noticedBy: ['A row is read whole, and once, while it is replaced'],
    only: true,
  },
  {
    defect: 'answers parallel reads with the row asked for last',
    make: keyStore(store => {
      let asked = ''
      return {
        async get(keyId) {
          asked = keyId
          await turn()
          return store.get(asked)
        },
      }
    }),
    noticedBy: ['Parallel reads get the rows they asked for'],
    only: true,
  },
  {
    defect: 'looks, waits, and removes',
    make: keyStore(store => ({
      async remove(keyId, expectedVersion) {
        if ((await store.get(keyId))?.version !== expectedVersion) return false
        await turn()
        await store.remove(keyId, expectedVersion)
        return true
      },
    })),
    noticedBy: ['Of 16 parallel removals, one succeeds'],
  },
  {
    defect: 'says inserted when the same row is there already',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const same = JSON.stringify(await store.get(row.keyId)) === JSON.stringify(row)
        return same ? 'inserted' : store.insert(row, maxPerOwner)
      },
    })),
    noticedBy: ['An insert that is tried again after its answer was lost says exists, and takes one place'],
    only: true,
  },
  {
    defect: 'says it replaced when the same row is there already',
    make: keyStore(store => ({
      async replace(row, expectedVersion) {
        const same = JSON.stringify(await store.get(row.keyId)) === JSON.stringify(row)
        return same || store.replace(row, expectedVersion)
      },
    })),
    noticedBy: ['A replace that is tried again after its answer was lost says no, and changes nothing'],
    only: true,
  },
  {
    defect: 'frees a place for every removal of a key that was there once',
    make: keyStore(store => {
      const removed = new Map<string, string>()
      const freed = new Map<string, number>()
      return {
        insert: (row, maxPerOwner) => store.insert(row, maxPerOwner + (freed.get(row.owner) ?? 0)),
        async remove(keyId, expectedVersion) {
          const owner = (await store.get(keyId))?.owner
          const again = removed.get(keyId)
          if (owner !== undefined) removed.set(keyId, owner)
          else if (again !== undefined) freed.set(again, (freed.get(again) ?? 0) + 1)
          return store.remove(keyId, expectedVersion)
        },
      }
    }),
    noticedBy: ['A removal that is tried again after its answer was lost says no, and frees no second place'],
    only: true,
  },
  {
    defect: 'keeps the owner a key began with',
    make: keyStore(store => ({
      async replace(row, expectedVersion) {
        const old = await store.get(row.keyId)
        return store.replace({ ...row, owner: old?.owner ?? row.owner }, expectedVersion)
      },
    })),
    noticedBy: ['A row that is replaced by one of another owner leaves the list and the limit of the former'],
    only: true,
  },
  {
    defect: 'counts places down before it looks at the version',
    make: countingStore(written => !written),
    noticedBy: ['A write that is refused frees no place'],
    only: true,
  },
  {
    defect: 'counts places down whenever a revoked key is written',
    make: countingStore(written => written),
    noticedBy: ['Replacing a revoked key frees no second place'],
    only: true,
  },
  {
    defect: 'counts places up before it looks at the id',
    make: keyStore(store => {
      const refused = new Map<string, number>()
      return {
        async insert(row, maxPerOwner) {
          const counted = refused.get(row.owner) ?? 0
          const outcome = await store.insert(row, maxPerOwner - counted)
          if (outcome === 'exists') refused.set(row.owner, counted + 1)
          return outcome
        },
      }
    }),
    noticedBy: ['An insert that is refused takes no place'],
  },
  {
    defect: 'refuses the key that would be one too many, and no other',
    make: keyStore(store => ({
      async insert(row, maxPerOwner) {
        const rows = await store.list({ owner: row.owner, limit: 1000 })
        const above = rows.filter(({ state }) => state !== 'revoked').length > maxPerOwner
        return store.insert(row, above ? Number.MAX_SAFE_INTEGER : maxPerOwner)
      },
    })),
    noticedBy: ['An owner above a limit that was lowered gets no key until there is room again'],
  },
  {
    defect: 'counts for the owner who came first at the same time',
    make: keyStore(store => {
      let first: string | undefined
      return {
        async insert(row, maxPerOwner) {
          first ??= row.owner
          const isCounted = first === row.owner
          await turn()
          first = undefined
          return store.insert(row, isCounted ? maxPerOwner : Number.MAX_SAFE_INTEGER)
        },
      }
    }),
    noticedBy: ['Of parallel inserts of several owners, each with one place left, one of each owner succeeds'],
    only: true,
  },
]

/** Remembers until it is told to forget; every part can be replaced. */
interface NaiveReplay {
  readonly idOf: (keyId: string, token: string) => string
  readonly isDue: (expiresAt: number, now: number) => boolean
  /** What is refused before anything is looked up. */
  readonly isLate: (expiresAt: number, now: number, horizon: number) => boolean
}

function naiveReplay(parts: Partial<NaiveReplay>): MakeReplayStore {
  return (clock: Clock) => {
    const { idOf, isDue, isLate } = { ...CORRECT, ...parts }
    const claims = new Map<string, number>()
    const { advance } = createMemoryReplayStore({ clock })
    let horizon = 0
    const claim = (keyId: string, token: string, expiresAt: number) => {
      const now = clock()
      for (const [id, due] of claims) {
        if (!isDue(due, now)) continue
        claims.delete(id)
        horizon = Math.max(horizon, due)
      }
      const id = idOf(keyId, token)
      if (isLate(expiresAt, now, horizon) || claims.has(id)) return false
      claims.set(id, expiresAt)
      return true
    }
    return { claim, advance }
  }
}

const CORRECT: NaiveReplay = {
  idOf: (keyId, token) => JSON.stringify([keyId, token]),
  isDue: (expiresAt, now) => expiresAt <= now,
  isLate: (expiresAt, now, horizon) => !(expiresAt > now && expiresAt > horizon),
}

/** A correct replay store, to see that the parts above are. */
export const NAIVE_REPLAY: MakeReplayStore = naiveReplay({})

function replayStore(change: (store: ReplayStore, clock: Clock) => Partial<ReplayStore>): MakeReplayStore {
  return clock => {
    const store = createMemoryReplayStore({ clock })
    return { ...store, ...change(store, clock) }
  }
}

const TOKENS_ALIKE = 'Tokens and keys that look alike are different'
const STEPPED_BACK = 'A clock that is stepped back brings no request to life'

/** A window kept in an array per key. */
function naiveWindow(
  admit: (kept: readonly bigint[], nonce: bigint, window: number) => readonly bigint[] | undefined,
): MakeReplayStore {
  return replayStore(() => {
    const windows = new Map<string, readonly bigint[]>()
    return {
      advance(keyId, nonce, window) {
        if (!(window >= 1) || !Number.isInteger(window) || BigInt.asUintN(64, nonce) !== nonce) return false
        const kept = admit(windows.get(keyId) ?? [], nonce, window)
        if (kept !== undefined) windows.set(keyId, kept)
        return kept !== undefined
      },
    }
  })
}

const highest = (nonces: readonly bigint[], window: number) =>
  [...nonces].sort((a, b) => (a < b ? -1 : 1)).slice(-window)

export const BROKEN_REPLAY_STORES: readonly Broken<MakeReplayStore>[] = [
  {
    defect: 'looks, waits, and remembers',
    make: replayStore(store => {
      const seen = new Set<string>()
      return {
        async claim(keyId, token, expiresAt) {
          if (seen.has(`${keyId} ${token}`)) return false
          await turn()
          seen.add(`${keyId} ${token}`)
          await store.claim(keyId, token, expiresAt)
          return true
        },
      }
    }),
    noticedBy: ['Of 1,000 parallel claims of one token, one succeeds'],
  },
  {
    defect: 'remembers nothing',
    make: replayStore(() => ({ claim: () => true })),
    noticedBy: ['A token is claimed once'],
  },
  {
    defect: 'remembers tokens without their keys',
    make: naiveReplay({ idOf: (_, token) => token }),
    noticedBy: ['Each key has tokens of its own'],
  },
  {
    defect: 'joins key and token',
    make: naiveReplay({ idOf: (keyId, token) => keyId + token }),
    noticedBy: ['Each key has tokens of its own'],
  },
  {
    defect: 'joins key and token with a colon',
    make: naiveReplay({ idOf: (keyId, token) => `${keyId}:${token}` }),
    noticedBy: ['Each key has tokens of its own'],
  },
  {
    defect: 'folds case',
    make: naiveReplay({ idOf: (keyId, token) => JSON.stringify([keyId, token]).toLowerCase() }),
    noticedBy: [TOKENS_ALIKE],
  },
  {
    defect: 'trims tokens',
    make: naiveReplay({ idOf: (keyId, token) => JSON.stringify([keyId, token.trimEnd()]) }),
    noticedBy: [TOKENS_ALIKE],
  },
  {
    defect: 'cuts long tokens',
    make: naiveReplay({ idOf: (keyId, token) => JSON.stringify([keyId, token.slice(0, 255)]) }),
    noticedBy: [TOKENS_ALIKE],
  },
  {
    defect: 'remembers the expiry with the token',
    make: replayStore((_, clock) => {
      const seen = new Set<string>()
      return {
        claim(keyId, token, expiresAt) {
          const id = JSON.stringify([keyId, token, expiresAt])
          if (expiresAt <= clock() || seen.has(id)) return false
          seen.add(id)
          return true
        },
      }
    }),
    noticedBy: ['A token is remembered, not its expiry'],
  },
  {
    defect: 'pushes old claims out',
    make: replayStore(() => {
      const seen = new Set<string>()
      return {
        claim(keyId, token) {
          const id = JSON.stringify([keyId, token])
          if (seen.has(id)) return false
          seen.add(id)
          if (seen.size > 1000) seen.delete([...seen][0] ?? '')
          return true
        },
      }
    }),
    noticedBy: ['A claim is not pushed out by those after it'],
  },
  {
    defect: 'has no horizon',
    make: naiveReplay({ isLate: (expiresAt, now) => expiresAt <= now }),
    noticedBy: [STEPPED_BACK, 'A clock that jumps ahead and back brings no request to life'],
  },
  {
    defect: 'accepts what is due',
    make: naiveReplay({ isLate: () => false }),
    noticedBy: [
      'A claim must outlast the present instant',
      'A claim that is due long since is refused',
      'The same claim is refused when it is due',
      STEPPED_BACK,
    ],
  },
  {
    defect: 'forgets a second early',
    make: naiveReplay({ isDue: (expiresAt, now) => expiresAt - 1000 <= now }),
    noticedBy: ['A token is remembered until it is due, to the last millisecond'],
  },
  {
    defect: 'never forgets',
    make: naiveReplay({ isDue: () => false }),
    noticedBy: ['A token can be claimed anew once it is due'],
  },
  {
    defect: 'keeps the highest nonce only',
    make: naiveWindow((kept, nonce) => (nonce > (kept[0] ?? -1n) ? [nonce] : undefined)),
    noticedBy: [
      'Nonces may come late within the window, once',
      'Parallel nonces within the window are all accepted, once',
    ],
  },
  {
    defect: 'has no lower end of the window',
    make: naiveWindow((kept, nonce, window) => (kept.includes(nonce) ? undefined : highest([...kept, nonce], window))),
    noticedBy: [
      'With a window of one, a nonce must be above the last',
      'Below a full window everything is refused, seen or not',
    ],
  },
  {
    defect: 'brings dropped nonces back under a wider window',
    make: naiveWindow((kept, nonce, window) => {
      const isBelow = kept.length >= window && nonce <= (highest(kept, window)[0] ?? -1n)
      return isBelow || kept.includes(nonce) ? undefined : highest([...kept, nonce], window)
    }),
    noticedBy: ['A wider window later does not bring back what a narrower one dropped'],
  },
  {
    defect: 'measures the window in numbers, not in nonces',
    make: naiveWindow((kept, nonce, window) => {
      const top = kept.at(-1) ?? nonce
      return nonce <= top - BigInt(window) || kept.includes(nonce) ? undefined : highest([...kept, nonce], 10_000)
    }),
    noticedBy: [
      'A window that is not full yet accepts any nonce it has not seen',
      'The window agrees with its definition on 600 mixed nonces',
    ],
  },
  {
    defect: 'turns nonces into floating point',
    make: replayStore(store => ({
      advance: (keyId, nonce, window) => store.advance(keyId, BigInt(Number(nonce)), window),
    })),
    noticedBy: ['Nonces are unsigned 64-bit numbers, exact at every size'],
  },
  {
    defect: 'holds nonces as signed 64-bit numbers',
    make: naiveWindow((kept, nonce, window) => {
      const signed = BigInt.asIntN(64, nonce)
      const isBelow = kept.length >= window && signed <= (kept[0] ?? 0n)
      return isBelow || kept.includes(signed) ? undefined : highest([...kept, signed], window)
    }),
    noticedBy: ['Nonces are unsigned 64-bit numbers, exact at every size'],
  },
  {
    defect: 'lets nonces wrap around',
    make: replayStore(store => ({
      advance: (keyId, nonce, window) => store.advance(keyId, BigInt.asUintN(64, nonce), window),
    })),
    noticedBy: ['What is no unsigned 64-bit number is refused and changes nothing'],
  },
  {
    defect: 'reads the window, waits, and writes it',
    make: replayStore(() => {
      const windows = new Map<string, readonly bigint[]>()
      return {
        async advance(keyId, nonce, window) {
          const kept = windows.get(keyId) ?? []
          await turn()
          if (kept.includes(nonce) || (kept.length >= window && nonce <= (kept[0] ?? 0n))) return false
          windows.set(keyId, highest([...kept, nonce], window))
          return true
        },
      }
    }),
    noticedBy: [
      'Of 200 parallel uses of one nonce, one succeeds',
      'Parallel nonces within the window are all accepted, once',
    ],
  },
  {
    defect: 'shares one window among all keys',
    make: replayStore(store => ({ advance: (_, nonce, window) => store.advance('all', nonce, window) })),
    noticedBy: ['Each key has nonces of its own'],
  },
  {
    defect: 'keeps nonces among the claimed tokens',
    make: replayStore((store, clock) => ({
      advance: (keyId, nonce) => store.claim(keyId, `${nonce}`, clock() + 60_000),
    })),
    noticedBy: ['Claimed tokens and rising nonces do not meet'],
  },
  {
    defect: 'accepts one claim of a key at a time',
    make: replayStore(store => {
      const busy = new Set<string>()
      return {
        async claim(keyId, token, expiresAt) {
          if (busy.has(keyId)) return false
          busy.add(keyId)
          await turn()
          busy.delete(keyId)
          return store.claim(keyId, token, expiresAt)
        },
      }
    }),
    noticedBy: ['1,000 parallel claims of different tokens all succeed, once'],
  },
  {
    defect: 'does not remember what it cannot hold',
    make: replayStore(store => ({
      claim: (keyId, token, expiresAt) => UNSTORABLE_TEXTS.includes(token) || store.claim(keyId, token, expiresAt),
    })),
    noticedBy: ['A token the store cannot hold is refused, or claimed once'],
    only: true,
  },
  {
    defect: 'takes an empty token for none',
    make: replayStore(store => ({
      claim: (keyId, token, expiresAt) => token === '' || store.claim(keyId, token, expiresAt),
    })),
    noticedBy: ['An empty token is a token like any other'],
    only: true,
  },
  {
    defect: 'compares an expiry so that what is no number passes',
    make: naiveReplay({ isLate: (expiresAt, now, horizon) => expiresAt <= now || expiresAt <= horizon }),
    noticedBy: ['An expiry that is no number is refused'],
    only: true,
  },
  {
    defect: 'forgets by a timer of 32 bits',
    make: replayStore((store, clock) => ({
      claim: (keyId, token, expiresAt) => expiresAt - clock() >= 2 ** 31 || store.claim(keyId, token, expiresAt),
    })),
    noticedBy: ['A claim may last longer than a timer can'],
    only: true,
  },
  {
    defect: 'prolongs a claim that it refuses',
    make: replayStore((store, clock) => {
      const asked = new Map<string, number>()
      return {
        claim(keyId, token, expiresAt) {
          const id = JSON.stringify([keyId, token])
          const known = asked.get(id) ?? 0
          asked.set(id, Math.max(expiresAt, known))
          return known <= clock() && store.claim(keyId, token, expiresAt)
        },
      }
    }),
    noticedBy: ['A claim that is refused does not prolong the one before'],
    only: true,
  },
  {
    defect: 'looks, waits, and claims anew what is due',
    make: replayStore((store, clock) => {
      const claims = new Map<string, number>()
      return {
        async claim(keyId, token, expiresAt) {
          const id = JSON.stringify([keyId, token])
          const isDue = (claims.get(id) ?? Number.POSITIVE_INFINITY) <= clock()
          if (isDue) await turn()
          const isClaimed = await store.claim(keyId, token, expiresAt)
          if (isClaimed) claims.set(id, expiresAt)
          return isClaimed || (isDue && expiresAt > clock())
        },
      }
    }),
    noticedBy: ['Of parallel claims of a token that has just fallen due, one succeeds'],
    only: true,
  },
  {
    defect: 'fails when two clear away what is due',
    make: replayStore((store, clock) => {
      let due: number[] = []
      let isClearing = false
      return {
        async claim(keyId, token, expiresAt) {
          if (due.filter(each => each <= clock()).length > 10) {
            if (isClearing) throw new Error('deadlock')
            isClearing = true
            await turn()
            due = due.filter(each => each > clock())
            isClearing = false
          }
          due.push(expiresAt)
          return store.claim(keyId, token, expiresAt)
        },
      }
    }),
    noticedBy: ['Parallel claims do not fail while much falls due'],
    only: true,
  },
  {
    defect: 'compares a window so that what is none is endless',
    make: replayStore(store => ({
      advance: (keyId, nonce, window) => !(window >= 1) || store.advance(keyId, nonce, window),
    })),
    noticedBy: ['A window that is no window is refused, and uses no nonce'],
    only: true,
  },
  {
    defect: 'accepts what was above the last when it looked',
    make: replayStore(store => {
      const last = new Map<string, bigint>()
      const pending = new Set<string>()
      return {
        async advance(keyId, nonce, window) {
          const id = `${keyId} ${nonce}`
          if (window !== 1 || nonce !== BigInt.asUintN(64, nonce)) return store.advance(keyId, nonce, window)
          if (nonce <= (last.get(keyId) ?? -1n) || pending.has(id)) return false
          pending.add(id)
          await turn()
          pending.delete(id)
          const isNew = await store.advance(keyId, nonce, window)
          const isAbove = nonce > (last.get(keyId) ?? -1n)
          last.set(keyId, nonce)
          return isNew || !isAbove
        },
      }
    }),
    noticedBy: ['Parallel nonces under a window of one never let the highest fall'],
    only: true,
  },
]

export const BROKEN_USAGE_STORES: readonly Broken<MakeUsageStore>[] = [
  {
    defect: 'knows a usage of every key',
    make: () => {
      const store = createMemoryUsageStore()
      const unused = { lastUsedAt: 0, lastAddress: null, count: 0 }
      return { ...store, get: async keyId => (await store.get(keyId)) ?? { keyId, ...unused } }
    },
    noticedBy: ['A key that was never used has no usage'],
  },
  {
    defect: 'takes 0 for no instant',
    make: () => {
      const store = createMemoryUsageStore()
      return { ...store, touch: usage => store.touch({ ...usage, lastUsedAt: usage.lastUsedAt || 1 }) }
    },
    noticedBy: ['The first use is stored as it is, at every extreme'],
    only: true,
  },
  {
    defect: 'keeps the caller’s first usage',
    make: () => {
      const store = createMemoryUsageStore()
      const first = new Map<string, KeyUsage>()
      return {
        async touch(usage) {
          await store.touch(usage)
          if (first.has(usage.keyId)) first.delete(usage.keyId)
          else first.set(usage.keyId, usage)
        },
        get: async keyId => first.get(keyId) ?? store.get(keyId),
      }
    },
    noticedBy: ['What a caller does to a usage, before or after, does not reach the store'],
  },
  {
    defect: 'writes the last use over the one before',
    make: () => {
      const usages = new Map<string, KeyUsage>()
      return { touch: usage => void usages.set(usage.keyId, Object.freeze({ ...usage })), get: id => usages.get(id) }
    },
    noticedBy: ['Uses add up', 'The last use only rises, and the address goes with the latest'],
  },
  {
    defect: 'reads, waits, and writes',
    make: () => {
      const store = createMemoryUsageStore()
      const counts = new Map<string, number>()
      return {
        async touch(usage) {
          const count = (counts.get(usage.keyId) ?? 0) + usage.count
          await turn()
          counts.set(usage.keyId, count)
          await store.touch(usage)
        },
        async get(keyId) {
          const usage = await store.get(keyId)
          return usage && { ...usage, count: counts.get(keyId) ?? 0 }
        },
      }
    },
    noticedBy: ['200 parallel uses are all counted, and the latest instant stays'],
  },
  {
    defect: 'keeps an address the latest use did not have',
    make: () => {
      const store = createMemoryUsageStore()
      const addresses = new Map<string, string>()
      return {
        touch(usage) {
          if (usage.lastAddress !== null) addresses.set(usage.keyId, usage.lastAddress)
          return store.touch(usage)
        },
        async get(keyId) {
          const usage = await store.get(keyId)
          return usage && { ...usage, lastAddress: addresses.get(keyId) ?? null }
        },
      }
    },
    noticedBy: ['The last use only rises, and the address goes with the latest'],
  },
  {
    defect: 'folds case',
    make: () => {
      const store = createMemoryUsageStore()
      const see = (keyId: string) => keyId.toLowerCase()
      return { touch: usage => store.touch({ ...usage, keyId: see(usage.keyId) }), get: id => store.get(see(id)) }
    },
    noticedBy: ['Keys that look alike have usages of their own'],
  },
  {
    defect: 'cuts ids at NUL',
    make: () => {
      const store = createMemoryUsageStore()
      const see = (keyId: string) => keyId.split('\0')[0] ?? ''
      return { touch: usage => store.touch({ ...usage, keyId: see(usage.keyId) }), get: id => store.get(see(id)) }
    },
    noticedBy: ['A key id the store cannot hold is refused, or has a usage of its own'],
    only: true,
  },
  {
    defect: 'counts parallel uses for the key that was used last',
    make: () => {
      const store = createMemoryUsageStore()
      let used = ''
      return {
        async touch(usage) {
          used = usage.keyId
          await turn()
          await store.touch({ ...usage, keyId: used })
        },
        get: store.get,
      }
    },
    noticedBy: ['Parallel uses of many keys, in any order, are each counted for their own'],
    only: true,
  },
  {
    defect: 'writes addresses in its own way',
    make: () => {
      const store = createMemoryUsageStore()
      const see = (address: string | null) => address?.toLowerCase().slice(0, 39) ?? null
      return { ...store, touch: usage => store.touch({ ...usage, lastAddress: see(usage.lastAddress) }) }
    },
    noticedBy: ['An address comes back as it was written'],
    only: true,
  },
]

/** An audit sink that sees text through a function. */
function auditSink(see: (text: string | null) => string | null): MakeAuditSink {
  return () => {
    const entries: AuditEntry[] = []
    const append = ({ at, event, owner, keyId, detail }: AuditEntry) =>
      void entries.push({
        ...{ at, owner: see(owner), keyId: see(keyId) },
        ...{ event: see(event) ?? '', detail: see(detail) ?? '' },
      })
    return { sink: { append }, read: () => entries.map(each => ({ ...each })) }
  }
}

export const BROKEN_AUDIT_SINKS: readonly Broken<MakeAuditSink>[] = [
  {
    defect: 'keeps the caller’s entries',
    make: () => {
      const entries: AuditEntry[] = []
      return { sink: { append: entry => void entries.push(entry) }, read: () => entries }
    },
    noticedBy: ['What a caller does to an entry, before or after, does not reach the sink'],
  },
  {
    defect: 'drops entries that are equal',
    make: () => {
      const entries = new Set<string>()
      const sink = { append: (entry: AuditEntry) => void entries.add(JSON.stringify(entry)) }
      return { sink, read: () => [...entries].map(entry => JSON.parse(entry) as AuditEntry) }
    },
    noticedBy: ['Entries come back as they were appended, in that order'],
  },
  {
    defect: 'orders by time',
    make: () => {
      const entries: AuditEntry[] = []
      const read = () => entries.toSorted((a, b) => a.at - b.at).map(entry => ({ ...entry }))
      return { sink: { append: entry => void entries.push({ ...entry }) }, read }
    },
    noticedBy: ['Entries come back as they were appended, in that order'],
  },
  {
    defect: 'loses entries that come together',
    make: () => {
      let entries: readonly AuditEntry[] = []
      const append = async (entry: AuditEntry) => {
        const before = entries
        await turn()
        entries = [...before, { ...entry }]
      }
      return { sink: { append }, read: () => entries.map(entry => ({ ...entry })) }
    },
    noticedBy: ['No entry is lost of 100 appended in parallel'],
  },
  {
    defect: 'cuts long details',
    make: () => {
      const entries: AuditEntry[] = []
      const append = (entry: AuditEntry) => void entries.push({ ...entry, detail: entry.detail.slice(0, 65_535) })
      return { sink: { append }, read: () => entries.map(entry => ({ ...entry })) }
    },
    noticedBy: ['Hostile and large text comes back character by character'],
  },
  {
    defect: 'cuts text at NUL',
    make: auditSink(text => text?.split('\0')[0] ?? null),
    noticedBy: ['Text the sink cannot hold is refused, or comes back whole'],
    only: true,
  },
  {
    defect: 'takes an empty text for none',
    make: auditSink(text => text || null),
    noticedBy: ['An empty text is not the same as none'],
    only: true,
  },
]

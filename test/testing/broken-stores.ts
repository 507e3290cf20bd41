import type { AuditEntry, KeyRow, KeyStore, KeyUsage, ListQuery, ReplayStore, ScanQuery } from '../../src/store.js'
import { createMemoryKeyStore, createMemoryReplayStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import type { MakeAuditSink, MakeKeyStore, MakeReplayStore, MakeUsageStore } from '../../src/testing/index.js'
import type { Clock } from '../../src/time.js'

/** Stores with one typical defect each, and what must notice it. */

/** A store that is defective in one way; the titles of cases that must fail, at least. */
export interface Broken<Make> {
  readonly defect: string
  readonly make: Make
  readonly noticedBy: readonly string[]
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
    const remember = (row: KeyRow) => given.set(see(row.keyId), { ...row })
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
  isLate: (expiresAt, now, horizon) => expiresAt <= now || expiresAt <= horizon,
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
    noticedBy: ['A claim must outlast the present instant', 'A claim that is due long since is refused', STEPPED_BACK],
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
    noticedBy: ['A window that is not full yet accepts any nonce it has not seen'],
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
]

export const BROKEN_USAGE_STORES: readonly Broken<MakeUsageStore>[] = [
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
]

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
]

import { StoreError } from '../../src/errors.js'
import { createMemoryKeyStore, createMemoryReplayStore, createMemoryUsageStore } from '../../src/stores/memory.js'
import type { MakeOutageStores, OutageStores } from '../../src/testing/index.js'
import type { Broken } from './broken-stores.js'

/** Adapters with one typical defect each when their driver fails, and what must notice it. */

/** Sends one command to the database, which carries it out as a whole. */
type Send = <T>(command: () => T | PromiseLike<T>) => Promise<T>

type Stores = Required<OutageStores>

const KEY_OPERATIONS = ['get', 'insert', 'replace', 'remove', 'list', 'scan'] as const

/** The same store, each call one command. */
function over<S extends object>(send: Send, store: S): S {
  return new Proxy(store, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown
      return (...args: unknown[]) => send(() => method.apply(target, args))
    },
  })
}

/** A correct adapter, with some of it replaced; `raw` sends a command and throws the driver's own error. */
function adapter(change: (stores: Stores, send: Send, raw: Send) => Partial<OutageStores>): MakeOutageStores {
  return faults => {
    const driver = faults.wrap({ query: async (command: () => unknown) => command() })
    const raw: Send = command => driver.query(command) as never
    const send: Send = async <T>(command: () => T | PromiseLike<T>) => {
      try {
        return await raw(command)
      } catch (cause) {
        throw new StoreError('ERR_STORE_UNAVAILABLE', 'the database failed', { cause })
      }
    }
    const database = {
      keys: createMemoryKeyStore(),
      replay: createMemoryReplayStore(),
      usage: createMemoryUsageStore(),
    }
    const stores = {
      keys: over(send, database.keys),
      replay: over(send, database.replay),
      usage: over(send, database.usage),
    }
    return { ...stores, ...change({ ...database }, send, raw) }
  }
}

/** A correct adapter, to see that the parts above are. */
export const NAIVE_ADAPTER: MakeOutageStores = adapter(() => ({}))

const CLAIM = 'A claim that fails lets nothing through twice'
const INSERT = 'An insert that fails took effect as a whole, or not at all'

export const BROKEN_ADAPTERS: readonly Broken<MakeOutageStores>[] = [
  {
    defect: 'throws what the driver throws',
    make: adapter(({ keys }, _, raw) => ({ keys: over(raw, keys) })),
    noticedBy: [INSERT, 'A read that fails gives no answer'],
  },
  {
    defect: 'counts an owner’s keys in a second command',
    make: adapter(({ keys }, send) => {
      const counts = new Map<string, number>()
      const remote = over(send, keys)
      return {
        keys: {
          ...pick(remote),
          async insert(row, maxPerOwner) {
            if ((counts.get(row.owner) ?? 0) >= maxPerOwner) return 'limit'
            const outcome = await remote.insert(row, Number.MAX_SAFE_INTEGER)
            if (outcome === 'inserted') await send(() => counts.set(row.owner, (counts.get(row.owner) ?? 0) + 1))
            return outcome
          },
        },
      }
    }),
    noticedBy: [INSERT],
  },
  {
    defect: 'takes the lost answer of an insert for a good one',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      return {
        keys: { ...pick(remote), insert: async (row, most) => orElse(() => remote.insert(row, most), 'inserted') },
      }
    }),
    noticedBy: [INSERT],
  },
  {
    defect: 'inserts again what it got no answer for',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      const insert: typeof remote.insert = async (row, most) => twice(() => remote.insert(row, most))
      return { keys: { ...pick(remote), insert } }
    }),
    noticedBy: [INSERT],
  },
  {
    defect: 'replaces in two commands',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      return {
        keys: {
          ...pick(remote),
          async replace(row, expectedVersion) {
            if (!(await remote.remove(row.keyId, expectedVersion))) return false
            return (await remote.insert(row, Number.MAX_SAFE_INTEGER)) === 'inserted'
          },
        },
      }
    }),
    noticedBy: ['A replace that fails left the old row, or the new one'],
    only: true,
  },
  {
    defect: 'replaces again what it got no answer for',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      const replace: typeof remote.replace = async (row, version) => twice(() => remote.replace(row, version))
      return { keys: { ...pick(remote), replace } }
    }),
    noticedBy: ['A replace that fails left the old row, or the new one'],
    only: true,
  },
  {
    defect: 'says that nothing was removed where it does not know',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      return {
        keys: { ...pick(remote), remove: async (keyId, version) => orElse(() => remote.remove(keyId, version), false) },
      }
    }),
    noticedBy: ['A removal that fails left the row, or none'],
    only: true,
  },
  {
    defect: 'takes a key it cannot read for one that is not there',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      return { keys: { ...pick(remote), get: async keyId => orElse(() => remote.get(keyId), undefined) } }
    }),
    noticedBy: ['A read that fails gives no answer'],
    only: true,
  },
  {
    defect: 'counts in one command and inserts in another while somebody waits',
    make: adapter(({ keys }, send) => {
      const remote = over(send, keys)
      let locked: Promise<unknown> = Promise.resolve()
      return {
        keys: {
          ...pick(remote),
          async insert(row, maxPerOwner) {
            // The lock of whoever failed is taken for none by all that wait.
            const before = locked
            const inserting = before.then(
              () => remote.insert(row, maxPerOwner),
              () => remote.insert(row, Number.MAX_SAFE_INTEGER),
            )
            locked = inserting
            const unlock = () => {
              if (locked === inserting) locked = Promise.resolve()
            }
            inserting.then(unlock, unlock)
            return inserting
          },
        },
      }
    }),
    noticedBy: ['Of parallel inserts, one of which fails, one succeeds at most'],
    only: true,
  },
  {
    defect: 'accepts a request while the database is away',
    make: adapter(({ replay }, send) => {
      const remote = over(send, replay)
      return {
        replay: { advance: remote.advance, claim: async (...args) => orElse(() => remote.claim(...args), true) },
      }
    }),
    noticedBy: [CLAIM],
    only: true,
  },
  {
    defect: 'looks in one command and remembers in another, after it has answered',
    make: adapter(({ replay }, send) => {
      const seen = new Set<string>()
      const remote = over(send, replay)
      return {
        replay: {
          claim: remote.claim,
          async advance(keyId, nonce) {
            if (await send(() => seen.has(`${keyId} ${nonce}`))) return false
            await send(() => seen.add(`${keyId} ${nonce}`)).catch(() => {})
            return true
          },
        },
      }
    }),
    noticedBy: ['A nonce whose use fails is accepted once at most'],
    only: true,
  },
  {
    defect: 'never uses a connection again that failed once',
    make: adapter(({ replay }, send) => {
      const remote = over(send, replay)
      let isBroken = false
      return {
        replay: {
          advance: remote.advance,
          async claim(...args) {
            if (isBroken) throw new StoreError('ERR_STORE_UNAVAILABLE', 'the connection is gone')
            return Promise.resolve(remote.claim(...args)).catch(error => {
              isBroken = true
              throw error
            })
          },
        },
      }
    }),
    noticedBy: [CLAIM],
    only: true,
  },
  {
    defect: 'counts again what it got no answer for',
    make: adapter(({ usage }, send) => {
      const remote = over(send, usage)
      return { usage: { get: remote.get, touch: async use => twice(() => remote.touch(use)) } }
    }),
    noticedBy: ['A use whose count fails is counted once, or not at all'],
    only: true,
  },
]

/** The methods of a proxy, as an object of its own. */
function pick(keys: Stores['keys']): Stores['keys'] {
  return Object.fromEntries(KEY_OPERATIONS.map(name => [name, keys[name]])) as never
}

async function orElse<T>(call: () => T | PromiseLike<T>, otherwise: T): Promise<T> {
  try {
    return await call()
  } catch {
    return otherwise
  }
}

async function twice<T>(call: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await call()
  } catch {
    return call()
  }
}

import type { KeyUsage, UsageStore } from '../store.js'
import {
  checkEqual,
  HOSTILE_TEXTS,
  inParallel,
  type SuiteCase,
  UNSTORABLE_TEXTS,
  unlessRefused,
  vandalise,
} from './suite.js'

/** What makes an empty usage store. */
export type MakeUsageStore = () => UsageStore | PromiseLike<UsageStore>

function use(changes: Partial<KeyUsage> = {}): KeyUsage {
  return { keyId: 'key', lastUsedAt: 1000, lastAddress: '192.0.2.1', count: 1, ...changes }
}

/** What must hold of every `UsageStore`. */
export const usageStoreSuite: readonly SuiteCase<MakeUsageStore>[] = [
  {
    name: 'A key that was never used has no usage',
    run: async make => {
      const store = await make()
      await store.touch(use())
      for (const keyId of HOSTILE_TEXTS) checkEqual(await store.get(keyId), undefined, 'an unused key has none')
    },
  },
  {
    name: 'The first use is stored as it is, at every extreme',
    run: async make => {
      const store = await make()
      const uses = [
        use({ keyId: 'a', lastUsedAt: 0, lastAddress: null, count: 0 }),
        use({ keyId: 'b', lastUsedAt: 8_640_000_000_000_000, lastAddress: '2001:db8::1', count: 2 ** 40 }),
      ]
      for (const each of uses) await store.touch(each)
      for (const each of uses) checkEqual(await store.get(each.keyId), each, 'it is equal')
    },
  },
  {
    name: 'Uses add up',
    run: async make => {
      const store = await make()
      for (const count of [1, 10, 100]) await store.touch(use({ count }))
      checkEqual((await store.get('key'))?.count, 111, 'the counts are summed')
    },
  },
  {
    name: 'The last use only rises, and the address goes with the latest',
    run: async make => {
      const store = await make()
      await store.touch(use({ lastUsedAt: 2000, lastAddress: '192.0.2.2' }))
      await store.touch(use({ lastUsedAt: 1000, lastAddress: '192.0.2.1' }))
      const late = use({ lastUsedAt: 2000, lastAddress: '192.0.2.2', count: 2 })
      checkEqual(await store.get('key'), late, 'an older use counts, and moves nothing back')
      await store.touch(use({ lastUsedAt: 3000, lastAddress: null }))
      const latest = use({ lastUsedAt: 3000, lastAddress: null, count: 3 })
      checkEqual(await store.get('key'), latest, 'the latest use has no address, so there is none')
    },
  },
  {
    name: '200 parallel uses are all counted, and the latest instant stays',
    run: async make => {
      const store = await make()
      await inParallel(200, i =>
        store.touch(use({ lastUsedAt: (i * 37) % 200, lastAddress: `192.0.2.${(i * 37) % 200}` })),
      )
      checkEqual(
        await store.get('key'),
        use({ lastUsedAt: 199, lastAddress: '192.0.2.199', count: 200 }),
        'none is lost',
      )
    },
  },
  {
    name: 'Keys that look alike have usages of their own',
    run: async make => {
      const store = await make()
      for (const [i, keyId] of HOSTILE_TEXTS.entries()) await store.touch(use({ keyId, count: i + 1 }))
      for (const [i, keyId] of HOSTILE_TEXTS.entries()) {
        checkEqual(await store.get(keyId), use({ keyId, count: i + 1 }), `${JSON.stringify(keyId)} has its own count`)
      }
    },
  },
  {
    name: 'What a caller does to a usage, before or after, does not reach the store',
    run: async make => {
      const store = await make()
      const given = { ...use() }
      await store.touch(given)
      vandalise(given)
      const read = await store.get('key')
      if (read !== undefined) vandalise(read)
      checkEqual(await store.get('key'), use(), 'the stored usage is unchanged')
    },
  },
  {
    name: 'A key id the store cannot hold is refused, or has a usage of its own',
    run: async make => {
      const store = await make()
      await store.touch(use({ keyId: 'a', count: 100 }))
      const counted: string[] = []
      for (const [i, keyId] of UNSTORABLE_TEXTS.entries()) {
        const touch = async () => {
          await store.touch(use({ keyId, count: i + 1 }))
          counted.push(keyId)
        }
        await unlessRefused(touch)
      }
      for (const [i, keyId] of UNSTORABLE_TEXTS.entries()) {
        const found = await unlessRefused(() => store.get(keyId))
        const expected = counted.includes(keyId) ? use({ keyId, count: i + 1 }) : undefined
        checkEqual(found, expected, `${JSON.stringify(keyId)} is not taken for another`)
      }
      checkEqual(await store.get('a'), use({ keyId: 'a', count: 100 }), 'no other key was used')
    },
  },
  {
    name: 'Parallel uses of many keys, in any order, are each counted for their own',
    run: async make => {
      const store = await make()
      const keyIds = Array.from({ length: 16 }, (_, i) => `key-${i}`)
      const order = [...keyIds, ...keyIds.toReversed(), ...keyIds]
      await inParallel(order.length, i => store.touch(use({ keyId: order[i] ?? '' })))
      for (const keyId of keyIds) checkEqual(await store.get(keyId), use({ keyId, count: 3 }), 'three uses each')
    },
  },
  {
    name: 'An address comes back as it was written',
    run: async make => {
      const store = await make()
      const addresses = ['2001:db8:1111:2222:3333:4444:5555:6666', '0:0:0:0:0:ffff:255.255.255.255', '2001:DB8::A']
      for (const [i, lastAddress] of addresses.entries()) {
        await store.touch(use({ lastUsedAt: 2000 + i, lastAddress }))
        checkEqual((await store.get('key'))?.lastAddress, lastAddress, 'it is equal, character by character')
      }
    },
  },
]
